"""ROUGE-1."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Literal

from runners.metrics.rouge import RougeMetric


class Rouge1(RougeMetric):
    """F1, 0 to 1, of the words that both have, each as often as both have it."""

    title: ClassVar = "ROUGE-1"
    measures: ClassVar = "how many words output and reference share"

    name: Literal["rouge_1"] = "rouge_1"

    def shared(self, actual: Sequence[str], wanted: Sequence[str]) -> int:
        return (Counter(actual) & Counter(wanted)).total()
