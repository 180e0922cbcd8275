"""Calibration error."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.confidence import ConfidenceMetric
from runners.metrics.corpus_score import AT_THE_END
from runners.metrics.score import Answer, JointScores, MetricScore


class CalibrationError(ConfidenceMetric):
    """The squared distance of confidences from how often they are right, without its bias.

    All answers have it together; an answer's own value is what it adds, written when the run has
    all its answers (`evalhub.stats.calibration`, which has the formula). It can be below 0.
    """

    title: ClassVar = "Calibration error"
    measures: ClassVar = "how far all confidences lie from how often they are right"
    also_needs: ClassVar = "or a stated or recorded confidence"
    normalisation: ClassVar = "as the metric that `right_by` names"
    scored_together: ClassVar = True
    higher_is_better: ClassVar = False
    unit: ClassVar = "linearised points of squared error"
    bounds: ClassVar = None
    reference_implementation: ClassVar = "scikit-learn 1.9 (the curve)"
    not_for: ClassVar = "fewer than 200 answers; how often answers are right"

    name: Literal["calibration_error"] = "calibration_error"
    bins: int = Field(
        10,
        ge=2,
        le=100,
        title="Bins",
        description="how many bins of equal width confidences are put into",
    )

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        sure, right = self.confidence_and_right(answer, reference)
        return MetricScore(None, AT_THE_END, parts=[sure, int(right)])

    def together(self, items: Sequence[str], parts: Sequence[Sequence[Any]]) -> JointScores:
        from evalhub.stats.calibration import calibration_score

        sure, right = zip(*parts, strict=True)
        result = calibration_score(sure, right, self.bins)
        return JointScores(result.value, result.scores.tolist())
