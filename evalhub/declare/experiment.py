"""What a live experiment measures, and what must hold: declared once, for every door. Pure."""

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from evalhub.declare.declaration import Declaration, default_of, invalid, validate
from evalhub.declare.margins import Margin
from evalhub.declare.policy import Alpha, Demand, HarmAlpha, MinGain, PlannedGain, Tier
from evalhub.declare.traffic_fields import FEEDBACK_HOURS, FeedbackHours, Route, SlowMs
from evalhub.stats.levels import ALPHA, HARM_ALPHA

MOST_GUARDS = 20
SIGNAL = "signal:"
JUDGED = "judged"
"""The signal by which scores of a blind sample come back."""


class LiveMetric(StrEnum):
    """Metrics of requests themselves, each a ratio of a user's sums; less is better in all."""

    ERRORS = "errors"
    SLOW = "slow"
    COST = "cost"
    REFUSALS = "refusals"
    THUMBS_DOWN = "thumbs_down"
    RETRIES = "retries"


FEEDBACK = (LiveMetric.THUMBS_DOWN, LiveMetric.RETRIES)
"""Metrics that come after the answer, as all signals do: their window must have closed."""

_METRIC = rf"^({'|'.join(LiveMetric)}|{SIGNAL}[^\x00\x22]+)$"


def _metric(name: str) -> str:
    if not re.fullmatch(_METRIC, name):
        raise invalid(f"isn't a metric: {', '.join(LiveMetric)}, or {SIGNAL}NAME")
    return name


MetricName = Annotated[
    str,
    StringConstraints(max_length=100 + len(SIGNAL)),
    AfterValidator(_metric),
    Field(
        description=f"{', '.join(LiveMetric)}, or {SIGNAL}NAME: the values of a signal, whose name "
        "has no double quotes",
        json_schema_extra={"pattern": _METRIC},
    ),
]


class LiveMeasure(Declaration):
    """A metric of production, as a ratio: sums over users of what a user's requests have.

    Attributes:
        per: of a signal, what its values are divided by: requests (none is 0), or the requests
            that have it.
    """

    metric: MetricName
    per: Literal["request", "signal"] = "request"
    higher_is_better: bool = Field(False, description="of a signal; else less is better")

    @model_validator(mode="after")
    def _of_a_signal(self) -> Self:
        if not self.signal and (self.per != "request" or self.higher_is_better):
            field = "per" if self.per != "request" else "higher_is_better"
            raise invalid(f"is for signals, as {SIGNAL}resolved", field)
        if self.signal == JUDGED and self.per != "signal":
            raise invalid(
                "is signal: a sample is judged, of as many answers of either arm, and not each "
                "request",
                "per",
            )
        return self

    @property
    def signal(self) -> str:
        """The signal's name; "" where it is no signal."""
        return self.metric.removeprefix(SIGNAL) if self.metric.startswith(SIGNAL) else ""

    @property
    def counts_events(self) -> bool:
        """Whether it says of how many of the requests something is true."""
        return not self.signal and self.metric != LiveMetric.COST

    @property
    def is_feedback(self) -> bool:
        """Whether it comes after the answer, so that it counts once its window has closed."""
        return bool(self.signal) or self.metric in FEEDBACK

    @property
    def is_said_by_signals(self) -> bool:
        """Whether signals have a say in it, which count for `feedback_hours` alone."""
        return self.is_feedback or self.metric == LiveMetric.REFUSALS


class LivePrimary(LiveMeasure):
    """What the challenger must gain."""

    min_gain: MinGain = Field(0.0, description="below 0: so much may be lost")
    planned_gain: PlannedGain = Field(description="gain beyond min_gain that is to be detected")


class LiveGuard(LiveMeasure):
    """What the challenger must not lose."""

    margin: Margin
    tier: Tier = default_of(Demand, "tier")


PlannedUserCount = Annotated[
    int,
    Field(
        gt=1,
        le=100_000_000,
        description="users of both arms for which the lower bounds are narrowest",
    ),
]


type Definition = tuple[str, float | None, int | None]
"""The requests' route, from when on one is slow, and how long feedback counts."""


class PlanDraft(Declaration):
    """What a live experiment measures, and what must hold for each verdict. It may leave open how
    many users are planned: as many as the planned gain needs by the project's traffic."""

    primary: LivePrimary
    guards: tuple[LiveGuard, ...] = Field((), max_length=MOST_GUARDS)
    alpha: Alpha = ALPHA
    harm_alpha: HarmAlpha = Field(
        HARM_ALPHA, description="one-sided level of harm, over all guards of the experiment"
    )
    planned_users: PlannedUserCount | None = None
    slow_ms: SlowMs | None = None
    feedback_hours: FeedbackHours = FEEDBACK_HOURS
    route: Route = ""
    ramp: tuple[float, ...] = Field(
        (0.01, 0.05, 0.25, 0.5),
        min_length=1,
        max_length=20,
        description="the challenger's shares of all users, rising",
    )
    ramp_hours: int = Field(24, ge=1, le=24 * 90, description="a step lasts so long at least")
    automatic: bool = Field(
        True, description="whether the ramp goes on by itself; harm always rolls back by itself"
    )

    @property
    def measures(self) -> tuple[LivePrimary | LiveGuard, ...]:
        """All that is measured, the primary first."""
        return (self.primary, *self.guards)

    @property
    def question(self) -> tuple[LiveMeasure, Definition]:
        """What the primary's values are made of. Experiments of a pair with the same question
        continue each other; another one is another metric."""
        measure = LiveMeasure(**self.primary.model_dump(include=set(LiveMeasure.model_fields)))
        return measure, self.definition(measure)

    def definition(self, measure: LiveMeasure) -> Definition:
        """Of which requests this plan counts a measure, and the limits that it depends on."""
        return (
            self.route,
            self.slow_ms if measure.metric == LiveMetric.SLOW else None,
            self.feedback_hours if measure.is_said_by_signals else None,
        )

    def counts_as(self, plan: "PlanDraft", measure: LiveMeasure) -> bool:
        """Whether what an experiment by this plan has counted can be added to what one by `plan`
        counts of the measure."""
        is_counted = not measure.signal or measure.signal in {row.signal for row in self.measures}
        return is_counted and self.definition(measure) == plan.definition(measure)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if list(self.ramp) != sorted(set(self.ramp)):
            raise invalid("the shares rise", "ramp")
        if not 0 < self.ramp[0] <= self.ramp[-1] <= 0.5:
            message = "a share is above 0 and at most 0.5 (50%): the champion has as many"
            raise invalid(message, "ramp")
        names = [measure.metric for measure in self.guards]
        if self.primary.metric in names:
            raise invalid("the primary metric is guarded by min_gain", "guards")
        if len(names) != len(set(names)):
            raise invalid("a metric is guarded once", "guards")
        if self.slow_ms is None and LiveMetric.SLOW in [self.primary.metric, *names]:
            raise invalid("from how many milliseconds on a request is slow", "slow_ms")
        return self

    def with_users(self, planned_users: int) -> "ExperimentPlan":
        """The plan for so many users. Raises DeclarationError where they can't be planned."""
        return validate(ExperimentPlan, self.as_json() | {"planned_users": planned_users})


class ExperimentPlan(PlanDraft):
    """What a live experiment measures, and what must hold for each verdict."""

    planned_users: PlannedUserCount
