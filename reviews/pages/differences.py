"""What differs between two answers, marked in both: neither is the base of the other. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from html import escape
from itertools import groupby

from django.utils.safestring import SafeString, mark_safe

_WORDS = re.compile(r"(?:\w+|[^\w\s])\s*|\s+")  # with the white space behind it
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_LINE_BREAKS = re.compile(r"(^\s+|\s*\n\s*|\s+$)")
_WORKABLE = 1_000_000  # words of one text × words of the other: 50 ms where nothing agrees

type _Pieces = list[tuple[str, bool]]  # a piece of text, and whether the other text lacks it


@dataclass(frozen=True, slots=True)
class Differences:
    """Both texts as HTML with <mark> around what the other lacks, and how many words that is."""

    left: SafeString
    right: SafeString
    only_left: int
    only_right: int


def differences(left: str, right: str) -> Differences:
    """Word by word; of texts so long that this would take a while, line by line first.

    White space makes no difference.
    """
    words = _WORDS.findall(left), _WORDS.findall(right)
    compare = _by_word if len(words[0]) * len(words[1]) <= _WORKABLE else _by_line
    ours, theirs = compare(left, right)
    return Differences(_html(ours), _html(theirs), _marked(ours), _marked(theirs))


def _by_word(left: str, right: str) -> tuple[_Pieces, _Pieces]:
    ours: _Pieces = []
    theirs: _Pieces = []
    for same, a, b in _aligned(_WORDS.findall(left), _WORDS.findall(right)):
        ours += ((word, not same) for word in a)
        theirs += ((word, not same) for word in b)
    return ours, theirs


def _by_line(left: str, right: str) -> tuple[_Pieces, _Pieces]:
    """Changed lines word by word, unless they too are many: those are marked as a whole."""
    ours: _Pieces = []
    theirs: _Pieces = []
    for same, a, b in _aligned(_LINES.findall(left), _LINES.findall(right)):
        words_a, words_b = _WORDS.findall("".join(a)), _WORDS.findall("".join(b))
        if same or len(words_a) * len(words_b) > _WORKABLE:
            more_a, more_b = [(w, not same) for w in words_a], [(w, not same) for w in words_b]
        else:
            more_a, more_b = _by_word("".join(a), "".join(b))
        ours += more_a
        theirs += more_b
    return ours, theirs


def _aligned(a: list[str], b: list[str]) -> Iterator[tuple[bool, list[str], list[str]]]:
    """Stretches of both in order, each with whether they agree."""
    stripped = [part.strip() for part in a], [part.strip() for part in b]
    for what, a0, a1, b0, b1 in SequenceMatcher(None, *stripped, autojunk=False).get_opcodes():
        yield what == "equal", a[a0:a1], b[b0:b1]


def _html(pieces: _Pieces) -> SafeString:
    """No mark begins or ends in white space, or runs over the end of a line."""
    html = []
    for marked, group in groupby(pieces, key=lambda piece: piece[1]):
        text = "".join(word for word, _ in group)
        if not marked:
            html.append(escape(text))
            continue
        for part in _LINE_BREAKS.split(text):
            blank = part.isspace() or not part
            html.append(part if blank else f"<mark>{escape(part)}</mark>")
    return mark_safe("".join(html))


def _marked(pieces: _Pieces) -> int:
    return sum(marked and word[0].isalnum() for word, marked in pieces)
