"""Empty."""

from typing import Any, ClassVar, Literal

from evalhub.io.items import UNSEEN
from runners.metrics.score import Answer, MetricScore, TextMetric


class Empty(TextMetric):
    """1 where nothing of the output can be seen, else 0."""

    title: ClassVar = "Empty"
    measures: ClassVar = "whether the output is empty"
    reference_implementation: ClassVar = "own rule"
    not_for: ClassVar = "to tell whether an answer says anything: a dash isn't empty"
    normalisation: ClassVar = "white space, invisible characters"
    needs_reference: ClassVar = False
    higher_is_better: ClassVar = False
    binary: ClassVar = True

    name: Literal["empty"] = "empty"

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        return MetricScore(float(not answer.text or bool(UNSEEN.fullmatch(answer.text))))
