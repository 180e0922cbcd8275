"""What a project's users did in the last days, one by one: what an experiment is planned by.

Many users are sampled by their hash, which is as good as random: the work is bounded, however large
the project's traffic is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import (
    Avg,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from numpy.typing import NDArray

from evalhub.accounts.models import Project
from evalhub.declare.experiment import ExperimentPlan, LiveMeasure, LiveMetric
from evalhub.features.traffic.models import Request, RollUp, Signal
from evalhub.features.traffic.outcomes import (
    ENDED_AS_REFUSED,
    ERROR,
    OCCURRED,
    REFUSAL,
    RETRY,
    SKEW,
    THUMB,
    THUMB_DOWN,
)
from evalhub.stats.user_ratios import UserSums

MOST_DAYS = 14
"""Days that are looked at: the whole ones before today."""
MOST_REQUESTS = 100_000
"""Requests that are read; of more, those of a sample of users."""
_HASHES = 16**8
_READ_AT_ONCE = 5_000
type Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RecentUsers:
    """A project's users of the last whole days.

    Attributes:
        first, last: the days, from the first one with a request on.
        sampled: the share of users that was read.
        by_day: of each day, users who were seen.
        new: of each day, users who weren't seen on a day before.
        sums: of each measure of the plan, what is counted and what it is divided by.
        without_user: the share of the last day's requests that name no user: they are in no
            experiment.
    """

    first: date
    last: date
    sampled: float
    by_day: Numbers
    new: Numbers
    sums: Sequence[UserSums]
    without_user: float

    @property
    def days(self) -> int:
        return len(self.by_day)

    @property
    def users(self) -> float:
        """Users of all days, each once."""
        return float(self.new.sum())

    @property
    def users_a_day(self) -> float:
        return float(self.by_day.mean())

    @property
    def new_users_a_day(self) -> float | None:
        """Users a day who are seen for the first time, once most of the regular ones were: of the
        later half of the days. None where one day is all there is: all of its users are new."""
        return float(self.new[self.days // 2 :].mean()) if self.days > 1 else None

    def arrivals(self, days: float) -> float:
        """Different users that are expected within so many days; beyond those that were looked
        at, the new ones go on coming as they did in the later half."""
        total = np.concatenate([[0.0], np.cumsum(self.new)])
        inside = float(np.interp(days, np.arange(len(total)), total))
        return inside + max(0.0, days - self.days) * (self.new_users_a_day or 0.0)


def recent_users(project: Project, plan: ExperimentPlan, *, now: datetime) -> RecentUsers | None:
    """The project's users of the last days; None where no request of the plan's route named one.

    Three queries. Mirrored copies don't count, as in an experiment.
    """
    first, last = _days(now)
    total = _requests(project, plan.route, first, last)
    share = min(1.0, MOST_REQUESTS / total) if total else 1.0
    rows = Request.objects.filter(mirror_of="").of_days(first, last)
    rows = rows.filter(route=plan.route) if plan.route else rows
    whole = rows.filter(project=project)
    if share < 1:
        named = rows.of_users_below(project.pk, f"{int(share * _HASHES):08x}")
    else:
        named = whole.exclude(user_hash="")
    users: dict[str, int] = {}
    seen: list[tuple[date, int]] = []
    amounts: list[Sequence[float]] = []
    for user, day, *sums in _sums(named, _Metrics(plan, now, first, last)).iterator(
        chunk_size=_READ_AT_ONCE
    ):
        seen.append((day, users.setdefault(user, len(users))))
        amounts.append(sums)
    if not users:
        return None
    table = np.zeros((len(users), len(amounts[0])))
    np.add.at(table, [user for _, user in seen], np.array(amounts, float))
    by_day, new = _arrivals(seen, last)
    return RecentUsers(
        first=last - timedelta(days=len(by_day) - 1),
        last=last,
        sampled=share,
        by_day=by_day / share,
        new=new / share,
        sums=[_user_sums(table[:, i : i + 3]) for i in range(0, table.shape[1], 3)],
        without_user=_without_user(whole.of_days(last, last)),
    )


def _user_sums(values: Numbers) -> UserSums:
    """Of a measure's columns by user, without users whom it isn't about."""
    counted, divisor, _ = values[values[:, 2] > 0].T
    return UserSums.of(counted, divisor)


def _arrivals(seen: Sequence[tuple[date, int]], last: date) -> tuple[Numbers, Numbers]:
    """By day, from the first with a user to the last: its users, and those not seen before."""
    first_seen: dict[int, date] = {}
    for day, user in sorted(seen):
        first_seen.setdefault(user, day)
    first = min(first_seen.values())
    length = (last - first).days + 1
    by_day = np.bincount([(day - first).days for day, _ in seen], minlength=length)
    new = np.bincount([(day - first).days for day in first_seen.values()], minlength=length)
    return by_day.astype(float), new.astype(float)


def requests_to_read(project: Project, route: str, *, now: datetime) -> int:
    """About how many requests `recent_users` reads. A query."""
    return min(_requests(project, route, *_days(now)), MOST_REQUESTS)


def _days(now: datetime) -> tuple[date, date]:
    """The first and the last of the whole days before today."""
    last = now.astimezone(UTC).date() - timedelta(days=1)
    return last - timedelta(days=MOST_DAYS - 1), last


def _requests(project: Project, route: str, first: date, last: date) -> int:
    """About how many requests the days had: mirrored copies count here."""
    days = RollUp.objects.whole_days(project, "route" if route else "all")
    days = days.filter(slice_value=route) if route else days
    midnight = datetime.combine(first, datetime.min.time(), UTC)
    days = days.between(midnight, midnight + (last - first) + timedelta(days=1))
    return int(days.aggregate(total=Sum("requests", default=0))["total"])


def _without_user(rows: QuerySet[Request]) -> float:
    counts = rows.aggregate(total=Count("key"), without=Count("key", filter=Q(user_hash="")))
    return counts["without"] / counts["total"] if counts["total"] else 0.0


def _sums(rows: QuerySet[Request], metrics: "_Metrics") -> QuerySet[Any, Any]:
    """By user and day: of each measure of the plan what is counted, what it is divided by, and the
    requests that it is about."""
    columns: dict[str, Any] = {}
    for number, measure in enumerate(metrics.plan.measures):
        alias = f"signal_{number}"
        if (signal := metrics.signal(measure)) is not None:
            rows = rows.alias(**{alias: signal})
        counted, divisor = metrics.sums(measure, alias)
        columns |= {
            f"counted_{number}": counted,
            f"divisor_{number}": divisor,
            f"requests_{number}": metrics.requests(measure),
        }
    by_user = rows.order_by().values("user_hash", "day").annotate(**columns)
    return by_user.values_list("user_hash", "day", *columns)


@dataclass(frozen=True, slots=True)
class _Metrics:
    """A plan's metrics as sums over requests, as they stand now."""

    plan: ExperimentPlan
    now: datetime
    first: date
    last: date

    @property
    def window(self) -> timedelta:
        return timedelta(hours=self.plan.feedback_hours)

    def sums(self, measure: LiveMeasure, alias: str) -> tuple[Any, Any]:
        """What is counted, and what it is divided by; `alias` has the request's signal."""
        closed, requests = self.closed, self.requests(measure)
        match measure.metric:
            case LiveMetric.ERRORS:
                return Count("key", filter=ERROR), requests
            case LiveMetric.SLOW:
                slow = Q(latency_ms__gt=self.plan.slow_ms)
                return Count("key", filter=slow), Count("latency_ms")
            case LiveMetric.COST:
                return Sum("cost_usd", default=0.0), Count("cost_usd")
            case LiveMetric.REFUSALS:
                refused = ENDED_AS_REFUSED | Q(**{alias: True})
                return Count("key", filter=refused), requests
            case LiveMetric.THUMBS_DOWN | LiveMetric.RETRIES:
                return Count("key", filter=closed & Q(**{alias: True})), requests
        divisor = Count(alias, filter=closed) if measure.per == "signal" else requests
        return Sum(alias, filter=closed, default=0.0), divisor

    def requests(self, measure: LiveMeasure) -> Count:
        """The requests that a measure is about: of feedback those whose window has closed."""
        return Count("key", filter=self.closed if measure.is_feedback else None)

    @property
    def closed(self) -> Q:
        return Q(time__lte=self.now - self.window)

    def signal(self, measure: LiveMeasure) -> Subquery | Exists | None:
        """Of a request, the mean value of its signals, or whether one says what the metric counts;
        None: the metric is of no signal. As `counting.feedback` has it."""
        if measure.signal:
            mean = self._signals(measure.signal).values("name").annotate(mean=Avg("value"))
            return Subquery(mean.values("mean"))
        match measure.metric:
            case LiveMetric.THUMBS_DOWN:
                return Exists(self._signals(THUMB).filter(THUMB_DOWN))
            case LiveMetric.RETRIES:
                return Exists(self._signals(RETRY).filter(OCCURRED))
            case LiveMetric.REFUSALS:
                return Exists(self._signals(REFUSAL).filter(OCCURRED))
        return None

    def _signals(self, name: str) -> QuerySet[Signal]:
        """A request's signals that came in time: by the index of requests' keys, never by that of a
        project's days."""
        rows = Signal.objects.alias(owner=F("project_id") + 0).filter(
            owner=OuterRef("project"),
            request_day=OuterRef("day"),
            request_key=OuterRef("key"),
            name=name,
            time__lte=OuterRef("time") + self.window,
        )
        return rows.of_days(self.first - SKEW, self.last + self.window + SKEW).order_by()
