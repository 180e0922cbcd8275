"""Length."""

from typing import Any, ClassVar, Literal

from runners.metrics.json_fence import JsonFence, without_json_fence
from runners.metrics.score import Answer, MetricScore, TextMetric


class Length(TextMetric):
    """Characters (Unicode code points) of the output, without white space at its ends."""

    title: ClassVar = "Length"
    measures: ClassVar = "how long the output is"
    reference_implementation: ClassVar = "Python's len"
    not_for: ClassVar = "as a goal of its own: shorter is not better where something is left out"
    normalisation: ClassVar = "white space at the ends"
    needs_reference: ClassVar = False
    higher_is_better: ClassVar = False
    unit: ClassVar = "characters"
    bounds: ClassVar = None

    name: Literal["length"] = "length"
    json_fence: JsonFence = None

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        text = without_json_fence(answer.text) if self.json_fence else answer.text
        return MetricScore(float(len(text.strip())))
