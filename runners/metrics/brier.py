"""Brier score."""

from typing import Any, ClassVar, Literal

from runners.metrics.confidence import ConfidenceMetric
from runners.metrics.score import Answer, MetricScore


class Brier(ConfidenceMetric):
    """How far probabilities lie from what is right: 0 is right and sure, 1 wrong and sure.

    Of choices with the probabilities p and y_k 1 for the right one, half of Brier's (1950) sum,
    ½ Σ (p_k - y_k)²; of an answer with one confidence (p - y)², which is the same of two choices.
    """

    title: ClassVar = "Brier score"
    measures: ClassVar = "how far the model's confidence lies from what is right"
    also_needs: ClassVar = "or a stated or recorded confidence"
    normalisation: ClassVar = "as the metric that `right_by` names"
    higher_is_better: ClassVar = False
    reference_implementation: ClassVar = "scikit-learn 1.9"
    not_for: ClassVar = "calibration alone: it also falls where more answers are right"

    name: Literal["brier"] = "brier"

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        if self.confidence == "choices":
            chances = self.chances_of(answer, reference)
            squares = ((p - (k == chances.right)) ** 2 for k, p in enumerate(chances.of))
            return MetricScore(sum(squares) / 2)
        sure, right = self.confidence_and_right(answer, reference)
        return MetricScore((sure - right) ** 2)
