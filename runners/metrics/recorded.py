"""Recorded score."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from evalhub.declare.measured_on import Bounds
from runners.metrics.score import Answer, MetricDeclaration, MetricScore


class RecordedScore(MetricDeclaration):
    """A score that was made elsewhere and came with the answer; unscored where none came."""

    title: ClassVar = "Recorded score"
    measures: ClassVar = "what another tool found"
    reference_implementation: ClassVar = "as recorded"
    not_for: ClassVar = "a score whose rule you don't know, or that differs between the arms"
    also_needs: ClassVar = "a score, recorded"
    normalisation: ClassVar = "none"
    needs_reference: ClassVar = False
    recorded_alone: ClassVar = True
    unit: ClassVar = "as recorded"
    bounds: ClassVar = None

    name: Literal["recorded"] = "recorded"
    of: str = Field(
        "score",
        alias="score",
        min_length=1,
        title="Score to take",
        description="which of an answer's `scores` it takes",
    )
    upward: bool = Field(
        True,
        alias="higher_is_better",
        title="More is better",
        description="whether more of it is better",
    )
    between: Bounds | None = Field(
        None,
        alias="bounds",
        title="Least and most possible",
        description="the least and the most that one score can be, such as [0, 1]",
    )

    @property
    def rises(self) -> bool:
        return self.upward

    @property
    def reach(self) -> tuple[float, float] | None:
        return self.between

    @property
    def unit_of_value(self) -> str:
        return f"points of {self.of}"

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        scores = answer.scores or {}
        value = scores.get(self.of)
        if value is None:
            others = f", but {', '.join(scores)}" if scores else ""
            return MetricScore(None, f"no score {self.of!r} was recorded{others}"[:300])
        if self.between and not self.between[0] <= value <= self.between[1]:
            return MetricScore(None, f"the recorded {value:g} lies beyond the metric's bounds")
        return MetricScore(value)
