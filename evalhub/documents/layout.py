"""A document as HTML: headings with link anchors, tables in scrolling boxes.

Documents are ours, so what HTML they hold is kept. Links between them need no change, since the
site's addresses are their files'.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from posixpath import dirname, normpath, relpath

from markdown_it import MarkdownIt
from markdown_it.token import Token

from evalhub.documents import SiteDocument, files

_SOURCE = "https://github.com/evalhub/evalhub/blob/main/"
_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@dataclass(frozen=True, slots=True)
class DocumentHeading:
    """`level` is 1 for the document's title."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class DocumentSection:
    """A heading and the words under it, up to the next one, without marks."""

    heading: DocumentHeading
    words: str


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """What a page shows of a document."""

    html: str
    sections: tuple[DocumentSection, ...]

    @property
    def contents(self) -> list[DocumentHeading]:
        """The headings below the title, for a table of contents."""
        return [each.heading for each in self.sections if each.heading.level == 2]


@cache
def laid_out(document: SiteDocument) -> DocumentPage:
    """The document as HTML, made once in a process."""
    tokens = _MARKDOWN.parse(document.text)
    sections = tuple(_sections(tokens))
    for token in tokens:
        _link(token, document.name)
        for inner in token.children or []:
            _link(inner, document.name)
    return DocumentPage(
        _MARKDOWN.renderer.render(list(_box_tables(tokens)), _MARKDOWN.options, {}), sections
    )


def anchor(heading: str) -> str:
    """A heading's address, as GitHub makes it: "The noise floor" is at #the-noise-floor."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _sections(tokens: Sequence[Token]) -> Iterator[DocumentSection]:
    """The sections in order; sets each heading's anchor."""
    heading, texts = DocumentHeading(1, "", ""), list[str]()
    for before, token in zip([None, *tokens], tokens, strict=False):
        if before is not None and before.type == "heading_open":
            if heading.text:
                yield DocumentSection(heading, " ".join(texts))
            text = _plain(token)
            heading, texts = DocumentHeading(int(before.tag[1]), text, anchor(text)), []
            before.attrSet("id", heading.anchor)
        elif token.type in ("inline", "fence"):
            texts.append(_plain(token))
    yield DocumentSection(heading, " ".join(texts))


def _plain(token: Token) -> str:
    if token.children is None:
        return token.content
    return "".join(
        " " if child.type in ("softbreak", "hardbreak") else child.content
        for child in token.children
    )


def _link(token: Token, name: str) -> None:
    """Rewrites links that lead out of the documents to this version's source."""
    address = str(token.attrGet("href") or "")
    if not address or re.match(r"\w+:|#", address):
        return
    path, mark, heading = address.partition("#")
    target = normpath(f"docs/{dirname(name)}/{path}" if "/" in name else f"docs/{path}")
    below = target.removeprefix("docs/")
    if below in files():
        token.attrSet("href", relpath(below, dirname(name) or ".") + mark + heading)
    else:
        token.attrSet("href", _SOURCE + target)


def _box_tables(tokens: Sequence[Token]) -> Iterator[Token]:
    """Puts tables into boxes that scroll; alignment becomes a class, since inline styles are
    blocked."""
    tables = 0
    for token in tokens:
        if style := token.attrs.pop("style", None):
            token.attrJoin("class", str(style).removeprefix("text-align:"))
        if token.type == "table_open":
            tables += 1
            yield _html(
                f'<div class="scroll" tabindex="0" role="region" aria-label="Table {tables}">'
            )
        yield token
        if token.type == "table_close":
            yield _html("</div>")


def _html(content: str) -> Token:
    return Token("html_block", "", 0, content=content)
