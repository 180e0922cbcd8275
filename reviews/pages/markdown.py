"""Markdown as HTML to read: nothing hidden, nothing fetched, nothing that acts."""

import re
from collections.abc import Sequence
from html import escape, unescape

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from reviews.pages.formulas import find_formulas
from reviews.pages.mathematics import ATTRIBUTES, MATHML

LONGEST = 100_000  # characters; a longer text is shown as it came
MOST_MARKS = 4_000  # characters that Markdown may read as marks, and lines, likewise
MOST_SEARCHED = (
    10_000_000  # characters read in search of the ends of links: each reads on from "]("
)

_MARKS = "[]!<>|*_~`&\\\n"
_TAGS = re.compile(r"<[^<>]*>")
_CLEANER = nh3.Cleaner(
    tags={
        *("p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li"),
        *("h3", "h4", "h5", "h6", "span", "table", "thead", "tbody", "tr", "th", "td"),
        *MATHML,
    },
    attributes={"ol": {"start"}, "pre": {"data-lang"}, **{tag: set(ATTRIBUTES) for tag in MATHML}},
    allowed_classes={
        "span": {"link", "address"},
        "th": {"center", "right"},
        "td": {"center", "right"},
    },
    link_rel=None,
)


def to_html(text: str) -> SafeString:
    """Markdown (CommonMark with tables and strikethrough) as HTML.

    A line break stays one, HTML stays text. A link is its text with its address behind it and
    can't be followed; an image is its description and address. Headings become h3 … h6, none
    skipped. Formulas are MathML (`reviews.pages.formulas`). Link definitions, which would vanish,
    and LaTeX's brackets stay as they are. A text
    that would leave nothing to read, or is too long to be laid out (`readable`), is kept as it
    came.
    """
    if readable(text):
        html = _CLEANER.clean(_MARKDOWN.render(text))
        if _TAGS.sub("", html).strip():
            return mark_safe(html)
    return plain(text)


def readable(text: str) -> bool:
    """Whether a text is laid out in less than a second: Markdown takes quadratic time for some."""
    return (
        len(text) <= LONGEST
        and sum(text.count(mark) for mark in _MARKS) <= MOST_MARKS
        and text.count("](") * len(text) <= MOST_SEARCHED
    )


def plain(text: str) -> SafeString:
    """The text as it came, in a block that keeps its layout."""
    return mark_safe(f"<pre>{escape(text)}</pre>")


class _Renderer(RendererHTML):
    """Rules for what CommonMark would hide, fetch, follow or style inline."""

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        described = self.renderInlineAsText(token.children, options, env)
        return (
            f'<span class="link">[image{f": {escape(described)}" if described else ""}]</span>'
            f"{_address(token.attrGet('src'), token.attrGet('title'))}"
        )

    def link_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return '<span class="link">'

    def link_close(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        before = (tokens[index] for index in range(idx - 1, -1, -1))
        opening = next(token for token in before if token.type == "link_open")
        if opening.info == "auto":
            return "</span>"
        return f"</span>{_address(opening.attrGet('href'), opening.attrGet('title'))}"

    def formula(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return tokens[idx].content

    def heading_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        level = min(int(tokens[idx].tag[1]) + 2, env.get("heading", 2) + 1, 6)
        env["heading"] = level
        return f"<h{level}>"

    def heading_close(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return f"</h{env['heading']}>\n"

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        language = escape(unescape(tokens[idx].info.strip()))
        attribute = f' data-lang="{language}"' if language else ""
        return f"<pre{attribute}><code>{escape(tokens[idx].content)}</code></pre>\n"

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _cell(tokens[idx])

    def td_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _cell(tokens[idx])


def _cell(token: Token) -> str:
    """The content policy forbids an inline style: alignment is a class."""
    align = str(token.attrGet("style") or "").removeprefix("text-align:")
    return f'<{token.tag} class="{align}">' if align in ("center", "right") else f"<{token.tag}>"


def _address(address: object, title: object) -> str:
    text = f"{address} “{title}”" if title else address
    return f' <span class="address">({escape(str(text))})</span>'


def _latex_bracket(state: StateInline, silent: bool) -> bool:
    r"""Keep \( \) \[ \] \{ \} as they are: in an answer they are LaTeX, not escapes."""
    pair = state.src[state.pos : state.pos + 2]
    if len(pair) < 2 or pair[0] != "\\" or pair[1] not in "()[]{}":
        return False
    if not silent:
        state.pending += pair
    state.pos += 2
    return True


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}, renderer_cls=_Renderer)
_MARKDOWN.enable(["table", "strikethrough"]).disable(["reference", "html_block", "html_inline"])
_MARKDOWN.inline.ruler.before("escape", "latex", _latex_bracket)
find_formulas(_MARKDOWN)
