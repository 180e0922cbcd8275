"""Judge a stream: has it changed for the worse since its reference, lastingly and enough?

It is made out anew from the stored days whenever somebody looks, so that nothing is lost with a
process that dies.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from evalhub.features.monitoring.models import Alarm, Resolution, Stream
from evalhub.stats.day_batches import (
    FEWEST_USERS,
    REFERENCE_BATCHES,
    REFERENCE_DAYS,
    SATURDAY,
    Batches,
    RatioDay,
    pooled_days,
)
from evalhub.stats.e_detector import (
    WANDER,
    Restart,
    StepChange,
    Worse,
    change_evidence,
    change_since,
    threshold,
)

DAYS_A_YEAR = 365.25
LARGEST_LOG = 690.0
"""Evidence beyond e to this is stored as that."""


@dataclass(frozen=True, slots=True)
class StreamRule:
    """When a change of a stream is an alarm.

    Attributes:
        margin: the change that isn't worth one, in the stream's unit, or as a share of the
            reference's value.
        false_alarms_a_year: the stream's own share.
        events: y counts some of x.
        is_number: y is a number of the day, which is compared by its logarithm, and whose level
            wanders: a product grows, and has seasons.
        steps_a_year: batches a year, at most.
    """

    worse: Worse
    margin: float
    false_alarms_a_year: float
    events: bool = True
    in_shares: bool = False
    is_number: bool = False
    steps_a_year: float = DAYS_A_YEAR

    @property
    def wander(self) -> float:
        """By how much the level may move, as `e_detector` has it."""
        return WANDER if self.is_number else 0.0

    @property
    def threshold(self) -> float:
        """A: the sum at which it is an alarm."""
        return threshold(
            false_alarms_a_year=self.false_alarms_a_year,
            steps_a_year=self.steps_a_year,
            streams=1,
        )


@dataclass(frozen=True, slots=True)
class StreamState:
    """A stream as it stands after its last batch.

    Attributes:
        batches: of its days.
        reference: its value in the reference; None: the reference isn't complete.
        evidence: ln M.
        since: the most likely day of a change; None: there is no batch after the reference.
        value, users: of the batches since then.
        change: of those from the reference, to the worse, in the unit of the batches' values.
        margin: in the same unit.
    """

    batches: Batches
    reference: float | None = None
    evidence: float = -math.inf
    since: date | None = None
    value: float | None = None
    users: int = 0
    change: StepChange | None = None
    margin: float = 0.0

    def is_alarm(self, rule: StreamRule) -> bool:
        """Whether a change is proven, and surely larger than the margin."""
        if self.change is None or self.evidence < math.log(rule.threshold):
            return False
        return self.change.lower > self.margin

    def numbers(self, rule: StreamRule) -> dict[str, object]:
        """What an alarm keeps as its evidence."""
        change = self.change
        return {
            "reference": self.reference,
            "reference_days": self.batches.reference_days,
            "value": self.value,
            "users": self.users,
            "since": None if self.since is None else self.since.isoformat(),
            "change": None if change is None else change.estimate,
            "lower": None if change is None else change.lower,
            "se": None if change is None else change.se,
            "degrees_of_freedom": None if change is None else change.df,
            "worse": rule.worse,
            "is_share": rule.events,
            "margin": self.margin,
            "evidence": math.exp(min(self.evidence, LARGEST_LOG)),
            "threshold": rule.threshold,
            "is_logarithm": rule.is_number,
        }


def stream_state(stream: Stream, rule: StreamRule, *, last: date) -> StreamState:
    """The stream by its days up to the last one that is complete. Two queries."""
    rows = stream.days.filter(day__range=(stream.since, last)).order_by("day")
    columns = "day", "users", "y", "x", "yy", "xy", "xx"
    days = [RatioDay(*row) for row in rows.values_list(*columns)]
    resolved = stream.alarms.filter(resolution__in=(Resolution.MENDED, Resolution.FALSE))
    return state_of_days(days, rule, list(resolved.order_by("resolved")))


def state_of_days(
    days: Sequence[RatioDay], rule: StreamRule, resolved: Sequence[Alarm] = ()
) -> StreamState:
    """The state by these days, after alarms that were resolved as mended or false, in the order of
    time."""
    if rule.is_number:
        batches = number_batches(days)
    else:
        batches = pooled_days(days, events=rule.events, margin=rule.margin)
    if batches.reference is None:
        return StreamState(batches)
    restarts = [_restart(batches, alarm) for alarm in resolved]
    return _state(batches, days, rule, restarts)


def number_batches(days: Sequence[RatioDay]) -> Batches:
    """Batches of numbers a day, as logarithms. A batch has as many days as it takes to have
    `FEWEST_USERS` at the reference's rate, whoever comes later. A day with nobody is left out:
    that is a notice, and no change."""
    days = [day for day in days if day.y > 0]
    length = _days_of_batch(days)
    groups = [days[i : i + length] for i in range(0, len(days) - length + 1, length)]
    reference = _reference_of(groups)
    sums = np.array([_number_sums(group) for group in groups]).reshape(len(groups), 4)
    y, number, yy, weekend = sums.T
    last = groups[(reference or len(groups)) - 1][-1].day if groups else None
    return Batches(
        tuple(group[0].day for group in groups),
        tuple(group[-1].day for group in groups),
        np.log(y / number),
        number,
        weekend / number,
        yy / y**2,
        reference,
        0 if last is None else (last - days[0].day).days + 1,
        len(days) - length * len(groups),
    )


def _days_of_batch(days: Sequence[RatioDay]) -> int:
    first = [day for day in days if (day.day - days[0].day).days < REFERENCE_DAYS]
    users = sum(day.users for day in first) / len(first) if first else 0.0
    return max(1, math.ceil(FEWEST_USERS / users)) if users else 1


def _reference_of(groups: Sequence[Sequence[RatioDay]]) -> int | None:
    for end in range(REFERENCE_BATCHES, len(groups) + 1):
        if (groups[end - 1][-1].day - groups[0][0].day).days + 1 >= REFERENCE_DAYS:
            return end
    return None


def _number_sums(days: Sequence[RatioDay]) -> tuple[float, float, float, float]:
    weekend = sum(day.day.weekday() >= SATURDAY for day in days)
    return sum(day.y for day in days), len(days), sum(day.yy for day in days), weekend


def _state(
    batches: Batches, days: Sequence[RatioDay], rule: StreamRule, restarts: Sequence[Restart]
) -> StreamState:
    assert batches.reference is not None
    reference_end = batches.last[batches.reference - 1]
    reference = _value([day for day in days if day.day <= reference_end])
    margin = _margin(rule, reference)
    evidence = change_evidence(
        batches.values,
        batches.weights,
        batches.weekends,
        reference=batches.reference,
        worse=rule.worse,
        variances=batches.variances,
        restarts=restarts,
        wander=rule.wander,
    )
    index = int(evidence.since[-1])
    begins_anew = bool(restarts) and restarts[-1].after == len(batches.values) - 1
    if index < 0 or begins_anew:
        return StreamState(batches, reference, margin=margin)
    change = change_since(
        batches.values,
        batches.weights,
        batches.weekends,
        reference=batches.reference,
        since=index,
        worse=rule.worse,
        variances=batches.variances,
        wander=rule.wander,
    )
    later = [day for day in days if batches.first[index] <= day.day <= batches.last[-1]]
    return StreamState(
        batches,
        reference,
        float(evidence.log_sums[-1]),
        batches.first[index],
        _value(later),
        sum(day.users for day in later),
        change,
        margin,
    )


def _value(days: Sequence[RatioDay]) -> float:
    return sum(day.y for day in days) / sum(day.x for day in days)


def _margin(rule: StreamRule, reference: float) -> float:
    """The margin in the unit of the batches' values."""
    if rule.is_number:
        return -math.log1p(-rule.margin) if rule.worse == "lower" else math.log1p(rule.margin)
    return rule.margin * abs(reference) if rule.in_shares else rule.margin


def _restart(batches: Batches, alarm: Alarm) -> Restart:
    """The sum begins anew after the batch of the day on which the alarm was resolved. What was
    mended is no part of what later batches are compared with."""
    assert alarm.resolved is not None
    assert batches.reference is not None
    day = alarm.resolved.date()
    after = max(sum(first <= day for first in batches.first), batches.reference) - 1
    if alarm.resolution != Resolution.MENDED or alarm.since is None:
        return Restart(after)
    return Restart(after, changed_since=sum(last < alarm.since for last in batches.last))
