"""The streams of a monitor of operations: which are measured, since when, and how often each may
raise a false alarm."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime

from django.db import transaction
from django.db.models import Min, Q, Sum

from evalhub.declare.monitor import IN_SHARES, OperationsMetric, OperationsPlan
from evalhub.features.monitoring.judging import StreamRule
from evalhub.features.monitoring.models import Monitor, Stream
from evalhub.features.monitoring.operations.metrics import COLUMNS_OF
from evalhub.features.traffic.days import DAY, first_kept_day, midnight
from evalhub.features.traffic.models import RollUp
from evalhub.features.traffic.served import ServedVersions
from evalhub.ledger.models import Promotion
from evalhub.stats.day_batches import REFERENCE_DAYS

MOST_SLICES = 10
SHARE_OF_SLICES = 0.5
"""Of a monitor's false alarms, where it has slices."""


def plan_of(monitor: Monitor) -> OperationsPlan:
    plan: OperationsPlan = monitor.plan
    return plan


@transaction.atomic
def running_streams(
    monitor: Monitor, promotion: Promotion, served: ServedVersions, now: datetime
) -> list[Stream]:
    """The streams of the champion. They begin on the day after it was promoted, and those of its
    predecessor end. Those of slices follow once it is seen which are the largest."""
    today = now.astimezone(UTC).date()
    Monitor.objects.select_for_update().get(pk=monitor.pk)
    running = monitor.streams.filter(ended=None)
    running.exclude(version=promotion.version_id).update(ended=today)
    if not running.exists():
        since = promotion.created.astimezone(UTC).date() + DAY
        since = max(since, first_kept_day(monitor.project, now))
        _begin(monitor, promotion.version_id, since, [""])
    if plan_of(monitor).slices and not running.exclude(slice_kind="").exists():
        since = min(running.values_list("since", flat=True))
        values = _largest_slices(
            monitor, served.condition(promotion.version_id, "hour"), since, now
        )
        _begin(monitor, promotion.version_id, since, values)
    return list(running.select_related("version__model").order_by("pk"))


def rule_of(stream: Stream, monitor: Monitor, streams: Sequence[Stream]) -> StreamRule:
    """When a change of the stream is an alarm; `streams` are all that run."""
    metric = OperationsMetric(stream.metric)
    columns = COLUMNS_OF[metric]
    margins = {measure.metric: measure.margin for measure in plan_of(monitor).measures}
    return StreamRule(
        worse=columns.worse,
        margin=margins[metric],
        false_alarms_a_year=_share_of(stream, monitor, streams),
        events=columns.events,
        in_shares=metric in IN_SHARES,
        is_number=metric is OperationsMetric.REQUESTS,
    )


def _share_of(stream: Stream, monitor: Monitor, streams: Sequence[Stream]) -> float:
    is_slice = bool(stream.slice_kind)
    part = 1.0
    if plan_of(monitor).slices:
        part = SHARE_OF_SLICES if is_slice else 1 - SHARE_OF_SLICES
    alike = sum(bool(other.slice_kind) == is_slice for other in streams)
    return monitor.false_alarms_a_year * part / alike


def _begin(monitor: Monitor, version: int, since: date, slices: Sequence[str]) -> None:
    """Begins the streams of all metrics, of these slices; "" is all requests. One that ended before
    it began, as its version was promoted twice on a day, goes on."""
    plan = plan_of(monitor)
    for value in slices:
        for measure in plan.measures:
            Stream.objects.update_or_create(
                monitor=monitor,
                version_id=version,
                metric=measure.metric,
                slice_kind=plan.slices if value else "",
                slice_value=value,
                since=since,
                defaults={"ended": None},
            )


def _largest_slices(monitor: Monitor, of_champion: Q, since: date, now: datetime) -> list[str]:
    """The slices that had most requests in the first days of the reference, once those are over.
    Two queries."""
    hours = RollUp.objects.overall(monitor.project).filter(of_champion, hour__gte=midnight(since))
    first = hours.aggregate(first=Min("hour"))["first"]
    if first is None or now < (end := midnight(first.date()) + DAY * REFERENCE_DAYS):
        return []
    rows = RollUp.objects.whole_days(monitor.project, plan_of(monitor).slices)
    rows = rows.between(midnight(first.date()), end).filter(of_champion).exclude(slice_value="")
    sums = rows.order_by().values_list("slice_value").annotate(n=Sum("requests"))
    return [value for value, _ in Counter(dict(sums)).most_common(MOST_SLICES)]
