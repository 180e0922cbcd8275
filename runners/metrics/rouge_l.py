"""ROUGE-L."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from runners.metrics.rouge import RougeMetric


class RougeL(RougeMetric):
    """F1, 0 to 1, of the longest common subsequence of words."""

    title: ClassVar = "ROUGE-L"
    measures: ClassVar = "how long a sequence of words output and reference share"

    name: Literal["rouge_l"] = "rouge_l"

    def shared(self, actual: Sequence[str], wanted: Sequence[str]) -> int:
        return common(actual, wanted)


def common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence, by bits of one integer.

    Hyyrö 2004, "Bit-parallel LCS-length computation revisited": a long answer costs one addition
    a word instead of a row of a table. The bits are the shorter one's, since each of its distinct
    words keeps as many.
    """
    one, other = sorted((one, other), key=len)
    positions_by_word: dict[str, int] = {}
    for index, word in enumerate(one):
        positions_by_word[word] = positions_by_word.get(word, 0) | 1 << index
    full = (1 << len(one)) - 1
    row = full
    for word in other:
        matches = row & positions_by_word.get(word, 0)
        row = (row + matches | row - matches) & full
    return len(one) - row.bit_count()
