"""Each user's sums in the epoch and arm of their first request, read from users' days."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from django.db.models import F, FloatField, Min, Q, Sum
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast, Coalesce
from numpy.typing import NDArray

from evalhub.declare.experiment import ExperimentPlan, LiveMeasure, LiveMetric
from evalhub.declare.live_sums import ArmSums, EpochSums, MetricSums
from evalhub.features.experiments.models import Experiment, Step, UserDay
from evalhub.features.experiments.rule import Variant
from evalhub.stats.user_ratios import UserSums

COLUMNS = {
    LiveMetric.ERRORS: ("errors", "requests"),
    LiveMetric.SLOW: ("slow", "timed"),
    LiveMetric.COST: ("cost", "priced"),
    LiveMetric.REFUSALS: ("refusals", "requests"),
    LiveMetric.THUMBS_DOWN: ("thumbs_down", "closed"),
    LiveMetric.RETRIES: ("retries", "closed"),
}
"""Of which column a metric is the ratio, and to which."""
COUNTS = ("requests", "as_assigned", "by_default", "crossed")
CHUNK = 20_000

Array = NDArray[np.float64]
type Column = tuple[str, tuple[int, ...]]
"""A column of users' days, and of which experiments the days are added up."""


class UserValues(NamedTuple):
    """Of a metric each user's numerator and denominator, and the requests that it is about: of
    feedback those whose window has closed."""

    y: Array
    x: Array
    requests: Array


@dataclass(frozen=True, slots=True)
class EpochUsers:
    """The users whose first request came in an epoch, a value each.

    Attributes:
        weight: the challenger's share of those in the experiment.
        challenger: whether they are assigned to the challenger.
        days: ordinals of the days of their first requests.
        counts: of their requests of the epoch, by COUNTS.
        metrics: by metric of the newest plan.
    """

    epoch: int
    weight: float
    challenger: NDArray[np.bool_]
    days: NDArray[np.int64]
    counts: Mapping[str, Array]
    metrics: Mapping[str, UserValues]

    def arm(self, variant: Variant) -> NDArray[np.bool_]:
        return self.challenger if variant is Variant.CHALLENGER else ~self.challenger

    def arrivals(self) -> list[tuple[date, int, int]]:
        """By day, how many users of the champion and of the challenger came first."""
        by_arm = [Counter(self.days[self.arm(variant)].tolist()) for variant in Variant]
        days = sorted(by_arm[0].keys() | by_arm[1].keys())
        return [(date.fromordinal(day), by_arm[0][day], by_arm[1][day]) for day in days]


def read_users(experiments: Sequence[Experiment]) -> list[EpochUsers]:
    """The users of all epochs of experiments that continue each other, in the order of time, by
    what the last one measures.

    A user belongs to the first epoch in which they came, and its requests alone count: also where
    a request of an earlier epoch was counted later. Of a metric that an earlier experiment defined
    otherwise, or didn't count, that one's requests have no part.
    """
    steps = Step.objects.filter(experiment__in=experiments)
    weights = dict(steps.values_list("epoch", "weight"))
    seen: set[str] = set()
    epochs = []
    for epoch, weight in sorted(weights.items()):
        users, units = _read_epoch(experiments, epoch, weight, seen)
        if epoch != max(weights):
            seen.update(units)
        epochs.append(users)
    return epochs


def metric_sums(measure: LiveMeasure, epochs: Sequence[EpochUsers]) -> MetricSums:
    """A metric's sums over the users whom it is about, epoch by epoch."""
    return MetricSums(
        metric=measure.metric,
        epochs=tuple(
            EpochSums(
                epoch=users.epoch,
                champion=_arm_sums(measure, users, Variant.CHAMPION),
                challenger=_arm_sums(measure, users, Variant.CHALLENGER),
            )
            for users in epochs
        ),
    )


def _arm_sums(measure: LiveMeasure, users: EpochUsers, variant: Variant) -> ArmSums:
    values = users.metrics[measure.metric]
    chosen = users.arm(variant) & (values.requests > 0)
    sums = UserSums.of(values.y[chosen], values.x[chosen])
    return ArmSums(**{name: getattr(sums, name) for name in ArmSums.model_fields})


def _columns_of(
    measure: LiveMeasure, plan: ExperimentPlan, experiments: Sequence[Experiment]
) -> tuple[Column, ...]:
    """The columns of a metric's values, as `UserValues` has them."""
    alike = tuple(row.pk for row in experiments if row.plan.counts_as(plan, measure))
    requests = "closed" if measure.is_feedback else "requests"
    if measure.signal:
        divisor = requests if measure.per == "request" else f"{measure.metric} 0"
        pair = f"{measure.metric} 1", divisor
    else:
        pair = COLUMNS[LiveMetric(measure.metric)]
    return tuple((name, alike) for name in (*pair, requests))


def _read_epoch(
    experiments: Sequence[Experiment], epoch: int, weight: float, seen: Set[str]
) -> tuple[EpochUsers, list[str]]:
    """The users of this epoch whom nobody has seen, and their units."""
    plan, everything = experiments[-1].plan, tuple(row.pk for row in experiments)
    counts = {name: (name, everything) for name in COUNTS}
    metrics = {row.metric: _columns_of(row, plan, experiments) for row in plan.measures}
    columns = list(dict.fromkeys([*counts.values(), *chain.from_iterable(metrics.values())]))
    rows = [row for row in _rows(experiments, epoch, columns) if row[0] not in seen]
    values = {
        column: np.fromiter((row[i] for row in rows), float, len(rows))
        for i, column in enumerate(columns, 3)
    }
    users = EpochUsers(
        epoch,
        weight,
        challenger=np.fromiter((row[1] == Variant.CHALLENGER for row in rows), bool, len(rows)),
        days=np.fromiter((row[2].toordinal() for row in rows), np.int64, len(rows)),
        counts={name: values[column] for name, column in counts.items()},
        metrics={
            metric: UserValues(*(values[column] for column in of_metric))
            for metric, of_metric in metrics.items()
        },
    )
    return users, [row[0] for row in rows]


def _rows(
    experiments: Sequence[Experiment], epoch: int, columns: Sequence[Column]
) -> Iterator[tuple[Any, ...]]:
    """A row for each user of this epoch: unit, arm, first day, and the sums of these columns."""
    totals = {f"total_{i}": _total(*column) for i, column in enumerate(columns)}
    rows = UserDay.objects.filter(experiment__in=experiments, epoch=epoch).order_by()
    grouped = rows.values("unit", "variant").annotate(first_day=Min("day"), **totals)
    return grouped.values_list("unit", "variant", "first_day", *totals).iterator(chunk_size=CHUNK)


def _total(name: str, experiments: Sequence[int]) -> Sum:
    """Of a column, or of a signal one of the two numbers that its JSON holds."""
    metric, _, index = name.rpartition(" ")
    value: Any = F(name)
    if metric:
        numbers = KeyTransform(metric, "signals")
        value = Coalesce(Cast(KeyTransform(index, numbers), FloatField()), 0.0)
    return Sum(value, filter=Q(experiment__in=experiments), default=0)
