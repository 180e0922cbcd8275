"""What a monitor watches: declared once, for every door. Pure."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from evalhub.declare.declaration import Declaration, default_of, invalid
from evalhub.declare.judges import Rubric
from evalhub.declare.margins import Margin
from evalhub.declare.prices import SpendingBudget
from evalhub.declare.review import Asked, ReviewBasics, Seed
from evalhub.declare.slice_shares import SharedKind
from evalhub.declare.traffic_fields import FEEDBACK_HOURS, FeedbackHours, Route, SlowMs
from evalhub.stats.levels import FEWEST_HUMAN_LABELS

FALSE_ALARMS_OF_MONITOR = 1.0
"""A year, of a monitor of which nobody says otherwise."""
FEWEST_FALSE_ALARMS, MOST_FALSE_ALARMS = 0.01, 1000.0
"""A year, of one monitor."""


class MonitorKind(StrEnum):
    """What a monitor is about."""

    OPERATIONS = "operations"
    ANSWERS = "answers"
    QUALITY = "quality"
    INPUTS = "inputs"


class OperationsMetric(StrEnum):
    """Metrics of requests, by day. More is worse in all but `requests`, where less is."""

    ERRORS = "errors"
    SLOW = "slow"
    REQUESTS = "requests"
    TOKENS = "tokens"
    COST = "cost"
    REFUSALS = "refusals"
    THUMBS_DOWN = "thumbs_down"
    RETRIES = "retries"


IN_SHARES = (OperationsMetric.REQUESTS, OperationsMetric.TOKENS, OperationsMetric.COST)
"""Metrics whose margin is a share of the reference's value."""


class OperationsMeasure(Declaration):
    """A metric, and the change that is worth an alarm."""

    metric: OperationsMetric
    margin: Margin = Field(
        description="requests, tokens and cost: a share of the reference's value, as 0.1; "
        "of the others: a difference of shares, as 0.01"
    )


class OperationsPlan(Declaration):
    """Errors, slow requests, throughput, tokens, cost, thumbs-down and retries of the champion."""

    of: Literal[MonitorKind.OPERATIONS] = MonitorKind.OPERATIONS
    measures: tuple[OperationsMeasure, ...] = Field(
        (
            OperationsMeasure(metric=OperationsMetric.ERRORS, margin=0.01),
            OperationsMeasure(metric=OperationsMetric.REQUESTS, margin=0.2),
            OperationsMeasure(metric=OperationsMetric.TOKENS, margin=0.1),
            OperationsMeasure(metric=OperationsMetric.COST, margin=0.1),
            OperationsMeasure(metric=OperationsMetric.THUMBS_DOWN, margin=0.01),
            OperationsMeasure(metric=OperationsMetric.RETRIES, margin=0.01),
        ),
        min_length=1,
        max_length=len(OperationsMetric),
    )
    slow_ms: SlowMs | None = None
    feedback_hours: FeedbackHours = FEEDBACK_HOURS
    route: Route = ""
    slices: Literal["", "language", "route", "tag"] = Field(
        "",
        description="also by the largest slices of this kind; half of the false alarms are theirs",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        metrics = [measure.metric for measure in self.measures]
        if len(metrics) != len(set(metrics)):
            raise invalid("a metric is watched once", "measures")
        for i, measure in enumerate(self.measures):
            if measure.metric is OperationsMetric.REQUESTS and measure.margin >= 1:
                raise invalid("is a share below 1, as 0.2", "measures", i, "margin")
        if OperationsMetric.SLOW in metrics and self.slow_ms is None:
            raise invalid("says from when on a request is slow", "slow_ms")
        return self


class AnswersPlan(Declaration):
    """The champion is asked again on a test set: is it still the model that was promoted?"""

    of: Literal[MonitorKind.ANSWERS] = MonitorKind.ANSWERS
    test_set: str = Field(min_length=1, max_length=100)
    every_hours: int = Field(24, ge=1, le=8766)
    budget: SpendingBudget | None = None


class QualityMeasure(Declaration):
    """A metric that needs no reference answer, and the loss that is worth an alarm."""

    metric: dict[str, Any] = Field(description="as a study's, as {name: json_valid, root: object}")
    margin: Margin


class QualityPairs(Declaration):
    """Today's answers against those of a former version to the same requests: a judge compares all
    pairs, people a random part of them, by one question."""

    judge: str = Field(min_length=1, max_length=200, description="MODEL@NUMBER")
    rubric: Rubric
    question: Asked = Field(
        default_of(ReviewBasics, "question"),
        description="what reviewers are asked: the same as the rubric asks of the judge",
    )
    beside: str = Field(
        "", max_length=200, description="MODEL@NUMBER; empty: the champion before this one"
    )
    margin: Margin = Field(description="the loss of win score that is worth an alarm")
    items: int = Field(300, ge=10, le=5_000, description="requests a week")
    review_items: int = Field(50, ge=5, le=1_000, description="of these, people compare so many")
    labels: int = Field(
        FEWEST_HUMAN_LABELS,
        ge=FEWEST_HUMAN_LABELS,
        le=10_000,
        description="pairs that people have compared before anything is said",
    )
    budget: SpendingBudget | None = Field(None, description="of a week: both models' answers")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.review_items >= self.items:
            raise invalid("is fewer than items: the judge's other pairs add to it", "review_items")
        return self


class QualityPlan(Declaration):
    """A random sample of the champion's answers: scored day by day, and compared week by week."""

    of: Literal[MonitorKind.QUALITY] = MonitorKind.QUALITY
    measures: tuple[QualityMeasure, ...] = Field((), max_length=20)
    sample: int = Field(200, ge=10, le=10_000, description="answers a day, of as many users")
    seed: Seed = Field(1, description="of the draws")
    pairs: QualityPairs | None = None

    @model_validator(mode="after")
    def _measures_something(self) -> Self:
        if not self.measures and self.pairs is None:
            raise invalid("says at least one metric, or `pairs`", "measures")
        return self


class InputsPlan(Declaration):
    """What users ask: shares by slice, and the words of their texts, against a reference."""

    of: Literal[MonitorKind.INPUTS] = MonitorKind.INPUTS
    by: tuple[SharedKind, ...] = (SharedKind.LANGUAGE, SharedKind.ROUTE, SharedKind.LENGTH)
    texts: bool = Field(True, description="whether a classifier compares the texts, too")
    size: float = Field(0.1, gt=0, le=10, description="the PSI that is worth an alarm")
    auc: float = Field(0.6, gt=0.5, lt=1, description="of the texts' classifier, likewise")

    @property
    def tests(self) -> int:
        """How many are made a week."""
        return len(self.by) + self.texts

    @model_validator(mode="after")
    def _compares_something(self) -> Self:
        if len(self.by) != len(set(self.by)):
            raise invalid("a kind of slice is compared once", "by")
        if not self.tests:
            raise invalid("compares one kind of slice or more, or the texts", "by")
        return self


MonitorPlan = Annotated[
    OperationsPlan | AnswersPlan | QualityPlan | InputsPlan, Field(discriminator="of")
]

FalseAlarms = Annotated[
    float,
    Field(
        ge=FEWEST_FALSE_ALARMS,
        le=MOST_FALSE_ALARMS,
        description="expected number a year at most, while nothing changes",
    ),
]
