"""Texts of items and answers as HTML: laid out as reviewers see them, as they came, or compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from evalhub.io.word_diff import Piece
from reviews.pages.markdown import plain, to_html
from reviews.texts import display_text

LONGEST = 700
"""Characters of a text that a row of a list shows."""
UNFOLDED = 6_000
"""Characters of a message from which on it is folded at first."""
_FENCE = "```"


def text_html(text: str, view: str) -> SafeString:
    """A text for an element of the class `laid-out`: its Markdown, tables and formulas laid out as
    for reviewers (`reviews.pages`); with any `view` as it came. JSON is indented, not laid out."""
    if view:
        return plain(text)
    shown = display_text(text)
    return plain(shown) if shown.startswith(("{", "[")) else to_html(shown)


@dataclass(frozen=True, slots=True)
class LongText:
    """A text to read, of `length` characters. `folded`: closed at first, for its length or as a
    system prompt is."""

    html: SafeString
    length: int
    folded: bool = False


def long_text(text: str, view: str, *, folded: bool = False) -> LongText:
    """A text as `text_html` has it, folded where it is long, or where it is to be."""
    return LongText(text_html(text, view), len(text), folded or len(text) > UNFOLDED)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A text's beginning to read; `more` where the item's page has the rest."""

    html: SafeString
    more: bool = False


def excerpt(text: str, view: str = "") -> Excerpt:
    """The beginning of a text, as `text_html` has it; empty for one without words."""
    if not text.strip():
        return Excerpt(SafeString(""))
    short, more = shortened(text)
    return Excerpt(text_html(short, view), more)


def pieces_html(pieces: Sequence[Piece]) -> SafeString:
    """A text as it came, with the words marked that the other text lacks."""
    marked = format_html_join("", "{}", ((_mark(piece),) for piece in pieces if piece.text))
    return format_html("<pre>{}</pre>", marked) if marked else marked


def shortened(text: str) -> tuple[str, bool]:
    """The text's beginning, up to the end of a line or a word within LONGEST characters, and
    whether there is more. A block of code that is cut is closed."""
    if len(text) <= LONGEST:
        return text, False
    head = text[:LONGEST]
    line = head.rfind("\n")
    head = head[:line] if line > LONGEST // 2 else head.rsplit(None, 1)[0]
    return (f"{head}\n{_FENCE}" if head.count(_FENCE) % 2 else f"{head} …"), True


def shortened_pieces(pieces: Sequence[Piece]) -> tuple[list[Piece], bool]:
    """As `shortened`, of a text in pieces."""
    left, short = LONGEST, list[Piece]()
    for piece in pieces:
        if len(piece.text) > left:
            return [*short, Piece(f"{piece.text[:left]} …", piece.changed)], True
        short.append(piece)
        left -= len(piece.text)
    return short, False


def _mark(piece: Piece) -> SafeString:
    return format_html("<mark>{}</mark>" if piece.changed else "{}", piece.text)
