"""Contains."""

from typing import Any, ClassVar, Literal

from runners.metrics.normalise import Lower, normalise, reference_text
from runners.metrics.score import Answer, MetricScore, TextMetric


class Contains(TextMetric):
    """1 where the reference, without white space at its ends, stands in the output, else 0."""

    title: ClassVar = "Contains"
    measures: ClassVar = "whether the reference stands in the output"
    reference_implementation: ClassVar = "Python's in"
    not_for: ClassVar = (
        "short references such as a letter or a digit, which stand in many words; a long "
        "output that names everything"
    )
    normalisation: ClassVar = "white space at the ends"
    binary: ClassVar = True

    name: Literal["contains"] = "contains"
    lower: Lower = False

    def part_compared(self, answer: Answer) -> str:
        return normalise(answer.text, lower=self.lower)

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        wanted = normalise(reference_text(reference), lower=self.lower)
        if not wanted:
            return MetricScore(None, "the reference is empty: every output contains it")
        return MetricScore(float(wanted in self.part_compared(answer)))
