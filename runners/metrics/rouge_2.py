"""ROUGE-2."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, Literal

from runners.metrics.rouge import RougeMetric


class Rouge2(RougeMetric):
    """F1, 0 to 1, of the pairs of neighbouring words that both have, each as often as both have it.
    A reference of one word has none, and is no reference."""

    title: ClassVar = "ROUGE-2"
    measures: ClassVar = "how many pairs of words output and reference share"
    compared: ClassVar = "pairs of words"

    name: Literal["rouge_2"] = "rouge_2"

    def size(self, words: Sequence[str]) -> int:
        return max(0, len(words) - 1)

    def shared(self, actual: Sequence[str], wanted: Sequence[str]) -> int:
        return (Counter(pairwise(actual)) & Counter(pairwise(wanted))).total()
