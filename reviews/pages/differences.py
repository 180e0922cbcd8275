"""Two answers as HTML, with what the other lacks marked in each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from evalhub.io.word_diff import Piece, word_diff

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class MarkedAnswer:
    """An answer with <mark> around what the other lacks, and how many words that is.

    `words` is None where the two are too long or too different to be compared to their ends.
    """

    html: SafeString
    words: int | None


def mark_differences(left: str, right: str) -> tuple[MarkedAnswer, MarkedAnswer]:
    """Both answers with their differences (`word_diff`) marked."""
    ours, theirs, aligned = word_diff(left, right)
    return _mark(ours, aligned), _mark(theirs, aligned)


def _mark(pieces: Sequence[Piece], aligned: bool) -> MarkedAnswer:
    html = [
        f"<mark>{escape(piece.text)}</mark>" if piece.changed else escape(piece.text)
        for piece in pieces
    ]
    changed_words = sum(len(_WORD.findall(piece.text)) for piece in pieces if piece.changed)
    return MarkedAnswer(mark_safe("".join(html)), changed_words if aligned else None)
