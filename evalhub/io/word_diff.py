"""What differs between two texts, word by word; neither is the base of the other. Pure."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from itertools import accumulate, groupby
from typing import NamedTuple

LONGEST = 200_000
"""Characters of both texts together that are compared at all."""
MOST = 1_000_000
"""Words of one text × words of the other that are compared: 50 ms where nothing agrees."""
WORK = 2
"""Steps of comparing, in units of `MOST`, after which texts that repeat themselves are left."""
_LEAST_ALIKE = 0.3  # below this similarity single words in common say nothing
_WORDS = re.compile(r"(?:\w+|[^\w\s])\s*|\s+")  # with the white space behind it
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_SPACE = re.compile(r"(\s+)")

type _Stretch = tuple[bool, str, str]  # whether both texts agree, and each text's part


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, and whether the other text lacks it."""

    text: str
    changed: bool


class WordDiff(NamedTuple):
    """Both texts in pieces. Where they are not `aligned`, a mark says nothing of what it marks."""

    one: list[Piece]
    other: list[Piece]
    aligned: bool


class _WorkSpentError(Exception):
    """The comparison has taken the steps that it may take."""


def word_diff(one: str, other: str, *, most: int = MOST) -> WordDiff:
    """Both texts in pieces, marked where they differ; white space makes no difference.

    What they have in common at their ends is set aside first. What remains is compared word by
    word where that takes at most `most` comparisons, else line by line first; lines that are too
    long for it even so, and texts that share next to nothing, are marked whole. No marked piece
    begins or ends in white space, or runs over the end of a line.

    The work is bounded whatever the texts: texts of more than `LONGEST` characters come back in
    one piece, and where two that repeat themselves would take more than `WORK` × `most` steps, what
    is left to compare is marked whole. Neither is `aligned`.
    """
    if one == other or len(one) + len(other) > LONGEST:
        return WordDiff(_plain_piece(one), _plain_piece(other), aligned=one == other)
    alignment = _Alignment(most)
    stretches = list(alignment.aligned(one, other))
    return WordDiff(
        _pieces([(text, not same) for same, text, _ in stretches]),
        _pieces([(text, not same) for same, _, text in stretches]),
        aligned=not alignment.gave_up,
    )


class _Alignment:
    """The alignment of two texts within `most` comparisons and `WORK` × `most` steps."""

    def __init__(self, most: int) -> None:
        self.most, self.gave_up = most, False
        self._left = WORK * most

    def charge(self, steps: int) -> None:
        """Raises _WorkSpentError where so many steps aren't left."""
        if steps > self._left:
            raise _WorkSpentError
        self._left -= steps

    def aligned(self, one: str, other: str) -> Iterator[_Stretch]:
        a, b = _WORDS.findall(one), _WORDS.findall(other)
        bare_a, bare_b = [word.strip() for word in a], [word.strip() for word in b]
        head = _common(bare_a, bare_b)
        tail = _common(bare_a[head:][::-1], bare_b[head:][::-1])
        yield True, "".join(a[:head]), "".join(b[:head])
        ends = "".join(a[len(a) - tail :]), "".join(b[len(b) - tail :])
        a, b = a[head : len(a) - tail], b[head : len(b) - tail]
        if len(a) * len(b) <= self.most:
            yield from self._match(a, b, least=0.0 if head else _LEAST_ALIKE)
        else:
            lines = _LINES.findall("".join(a)), _LINES.findall("".join(b))
            for same, ours, theirs in self._match(*lines):
                words = _WORDS.findall(ours), _WORDS.findall(theirs)
                if same or len(words[0]) * len(words[1]) > self.most:
                    yield same, ours, theirs
                else:
                    yield from self._match(*words)
        yield True, *ends

    def _match(self, a: list[str], b: list[str], *, least: float = 0.0) -> list[_Stretch]:
        """Align two lists: equal and different stretches; all differ below `least` similarity."""
        whole = [(False, "".join(a), "".join(b))]
        try:
            matcher = _Matcher([part.strip() for part in a], [part.strip() for part in b], self)
            if least and matcher.ratio() < least:
                return whole
            opcodes = matcher.get_opcodes()
        except _WorkSpentError:
            self.gave_up = True
            return whole
        return [
            (what == "equal", "".join(a[a0:a1]), "".join(b[b0:b1]))
            for what, a0, a1, b0, b1 in opcodes
        ]


class _Matcher(SequenceMatcher[str]):
    """difflib's matcher, which pays for its steps: it takes cubic time where words repeat."""

    def __init__(self, a: list[str], b: list[str], budget: _Alignment) -> None:
        budget.charge(len(a) + len(b))
        super().__init__(None, a, b, autojunk=False)
        self._budget, self._words = budget, len(a)
        times = Counter(b)
        self._steps = [0, *accumulate(1 + times[word] for word in a)]

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        upto = self._words if ahi is None else ahi
        self._budget.charge(self._steps[upto] - self._steps[alo])
        return super().find_longest_match(alo, ahi, blo, bhi)


def _common(a: list[str], b: list[str]) -> int:
    """The length of the common prefix of two lists."""
    different = (i for i, (ours, theirs) in enumerate(zip(a, b, strict=False)) if ours != theirs)
    return next(different, min(len(a), len(b)))


def _pieces(stretches: list[tuple[str, bool]]) -> list[Piece]:
    parts: list[tuple[str, bool]] = []
    for changed, group in groupby(stretches, key=lambda stretch: stretch[1]):
        text = "".join(part for part, _ in group)
        split = _by_line(text) if changed else [text]
        parts += [(part, changed and not part.isspace()) for part in split if part]
    return [
        Piece("".join(part for part, _ in group), changed)
        for changed, group in groupby(parts, key=lambda part: part[1])
    ]


def _plain_piece(text: str) -> list[Piece]:
    return [Piece(text, False)] if text else []


def _by_line(text: str) -> list[str]:
    """The text in parts: white space at either end and around the ends of lines by itself.

    White space is read once: a pattern that looks for it before a line's end reads a long run of
    it again from each of its places.
    """
    split = _SPACE.split(text)  # words and, at the odd places, the white space between them
    last = len(split) - 1
    parts = [""]
    for index, part in enumerate(split):
        at_end = (index == 1 and not split[0]) or (index == last - 1 and not split[last])
        if index % 2 and (at_end or "\n" in part):
            parts += [part, ""]
        else:
            parts[-1] += part
    return parts
