"""What differs between two texts, word by word; neither is the base of the other. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

MOST = 1_000_000
"""Words of one text × words of the other that are compared: 50 ms where nothing agrees."""
_LEAST_ALIKE = 0.3  # below this similarity single words in common say nothing
_WORDS = re.compile(r"(?:\w+|[^\w\s])\s*|\s+")  # with the white space behind it
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_LINE_BREAKS = re.compile(r"(^\s+|\s*\n\s*|\s+$)")

type _Stretch = tuple[bool, str, str]  # whether both texts agree, and each text's part


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, and whether the other text lacks it."""

    text: str
    changed: bool


def word_diff(one: str, other: str, *, most: int = MOST) -> tuple[list[Piece], list[Piece]]:
    """Both texts in pieces, marked where they differ; white space makes no difference.

    What they have in common at their ends is set aside first. What remains is compared word by
    word where that takes at most `most` comparisons, else line by line first; lines that are too
    long for it even so, and texts that share next to nothing, are marked whole. No marked piece
    begins or ends in white space, or runs over the end of a line.
    """
    stretches = list(_aligned(one, other, most))
    return (
        _pieces([(text, not same) for same, text, _ in stretches]),
        _pieces([(text, not same) for same, _, text in stretches]),
    )


def _aligned(one: str, other: str, most: int) -> Iterator[_Stretch]:
    a, b = _WORDS.findall(one), _WORDS.findall(other)
    bare_a, bare_b = [word.strip() for word in a], [word.strip() for word in b]
    head = _common(bare_a, bare_b)
    tail = _common(bare_a[head:][::-1], bare_b[head:][::-1])
    yield True, "".join(a[:head]), "".join(b[:head])
    ends = "".join(a[len(a) - tail :]), "".join(b[len(b) - tail :])
    a, b = a[head : len(a) - tail], b[head : len(b) - tail]
    if len(a) * len(b) <= most:
        yield from _matched(a, b, least=0.0 if head else _LEAST_ALIKE)
    else:
        lines = _LINES.findall("".join(a)), _LINES.findall("".join(b))
        for same, ours, theirs in _matched(*lines):
            words = _WORDS.findall(ours), _WORDS.findall(theirs)
            if same or len(words[0]) * len(words[1]) > most:
                yield same, ours, theirs
            else:
                yield from _matched(*words)
    yield True, *ends


def _common(a: list[str], b: list[str]) -> int:
    """With how many equal entries both lists begin."""
    different = (i for i, (ours, theirs) in enumerate(zip(a, b, strict=False)) if ours != theirs)
    return next(different, min(len(a), len(b)))


def _matched(a: list[str], b: list[str], *, least: float = 0.0) -> Iterator[_Stretch]:
    """Where two lists agree and where not; below a similarity of `least` they agree nowhere."""
    bare = [part.strip() for part in a], [part.strip() for part in b]
    matcher = SequenceMatcher(None, *bare, autojunk=False)
    if least and matcher.ratio() < least:
        yield False, "".join(a), "".join(b)
        return
    for what, a0, a1, b0, b1 in matcher.get_opcodes():
        yield what == "equal", "".join(a[a0:a1]), "".join(b[b0:b1])


def _pieces(stretches: list[tuple[str, bool]]) -> list[Piece]:
    parts: list[tuple[str, bool]] = []
    for changed, group in groupby(stretches, key=lambda stretch: stretch[1]):
        text = "".join(part for part, _ in group)
        split = _LINE_BREAKS.split(text) if changed else [text]
        parts += [(part, changed and not part.isspace()) for part in split if part]
    return [
        Piece("".join(part for part, _ in group), changed)
        for changed, group in groupby(parts, key=lambda part: part[1])
    ]
