"""What signals say of a day's requests: refused, thumbed down, asked again, and a plan's own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import batched

from evalhub.declare.experiment import ExperimentPlan
from evalhub.features.experiments.models import Experiment
from evalhub.features.traffic.models import Request
from evalhub.features.traffic.outcomes import (
    REFUSAL,
    REFUSED,
    RETRY,
    THUMB,
    CountedSignal,
    has_thumb_down,
    occurred,
    signals_by_request,
)

REQUESTS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Feedback:
    """What signals say of one request.

    Attributes:
        refused: by a signal alone.
        closed: whether its time for feedback is over; what follows counts only then.
        values: by signal of the plan, the mean of its values.
    """

    unit: str
    time: datetime
    refused: bool
    closed: bool
    thumb_down: bool
    retried: bool
    values: Mapping[str, float] = field(default_factory=dict)


def feedback_of(experiment: Experiment, day: date, closed_by: datetime) -> Iterator[Feedback]:
    """The feedback on each request of the day with a signal that counts. A signal counts that came
    no later than the plan's `feedback_hours` after its request.

    Two queries, and one for each 1,000 requests that have signals.
    """
    plan = experiment.plan
    names = {THUMB, RETRY, REFUSAL, *signals_of(plan)}
    signals = signals_by_request(experiment.project_id, day, names, _window(plan))
    for keys in batched(signals, REQUESTS_AT_ONCE):
        rows = Request.objects.at(experiment.project_id, day, keys).filter(mirror_of="")
        rows = rows.filter(route=plan.route) if plan.route else rows
        columns = rows.order_by().values_list("key", "user_hash", "time", "finish_reason")
        for key, unit, time, finish_reason in columns:
            within = [row for row in signals[key] if row.time <= time + _window(plan)]
            if unit and within:
                yield _feedback(plan, unit, time, finish_reason, within, closed_by)


def signals_of(plan: ExperimentPlan) -> list[str]:
    """Names of the plan's own signals."""
    return sorted({row.signal for row in (plan.primary, *plan.guards) if row.signal})


def _window(plan: ExperimentPlan) -> timedelta:
    return timedelta(hours=plan.feedback_hours)


def _feedback(
    plan: ExperimentPlan,
    unit: str,
    time: datetime,
    finish_reason: str,
    signals: Sequence[CountedSignal],
    closed_by: datetime,
) -> Feedback:
    values = {
        name: _mean(row.value for row in signals if row.name == name) for name in signals_of(plan)
    }
    return Feedback(
        unit=unit,
        time=time,
        refused=finish_reason not in REFUSED and occurred(signals, REFUSAL),
        closed=time <= closed_by,
        thumb_down=has_thumb_down(signals),
        retried=occurred(signals, RETRY),
        values={name: value for name, value in values.items() if value is not None},
    )


def _mean(values: Iterable[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return sum(numbers) / len(numbers) if numbers else None
