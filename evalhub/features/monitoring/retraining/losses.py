"""Which alarms prove a loss that training may mend, and how large it is, in all and by slice."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

import numpy as np
from django.db.models import Sum

from evalhub.declare.cost_sheet import Ends
from evalhub.declare.monitor import MonitorKind, OperationsMetric
from evalhub.declare.retraining import MonthlyLoss, SliceLoss
from evalhub.features.monitoring.models import Alarm, Stream
from evalhub.features.traffic.models import RollUp
from evalhub.features.traffic.served import ServedVersions
from evalhub.stats.day_batches import Batches, RatioDay, pooled_days
from evalhub.stats.distributions import t_quantile
from evalhub.stats.e_detector import change_since
from evalhub.stats.errors import StatisticsError
from evalhub.stats.levels import ALPHA

SIGNALS = (OperationsMetric.THUMBS_DOWN, OperationsMetric.RETRIES, OperationsMetric.REFUSALS)
"""What users and the model itself say of answers. Errors, latency, cost and volume say nothing of
what an answer is worth: they are to be repaired."""
FEWEST_BATCHES = 7
"""Of what is compared with: fewer say too little of how days differ."""
SHOWN = 5
"""Slices that lost most, which a proposal lists."""
RECENT_DAYS = 28
MONTH_DAYS = 365 / 12


def proves_loss(alarm: Alarm) -> bool:
    """Whether the alarm is of judged quality or of signals, by a stream's days."""
    if alarm.stream is None or alarm.evidence.get("change") is None:
        return False
    if alarm.monitor.kind == MonitorKind.QUALITY:
        return True
    return alarm.monitor.kind == MonitorKind.OPERATIONS and alarm.stream.metric in SIGNALS


def loss_of_alarm(alarm: Alarm) -> Ends:
    """How much worse the alarm's stream is since its change than its reference was, > 0 is worse,
    with the 95% interval of both sides."""
    numbers = alarm.evidence
    return _with_interval(numbers["change"], numbers["se"], numbers["degrees_of_freedom"])


def slice_losses(alarm: Alarm) -> tuple[SliceLoss, ...]:
    """The slices of the same metric that lost most, those with too few days left out. A query, and
    one for each slice that is watched."""
    assert alarm.stream is not None
    same = Stream.objects.filter(
        monitor=alarm.monitor, version=alarm.version, metric=alarm.stream.metric, ended=None
    )
    streams = list(same.exclude(slice_kind="").exclude(pk=alarm.stream.pk))
    rows = sorted(_losses(alarm, streams), key=lambda row: -row.loss.value)
    return tuple(rows[:SHOWN])


def monthly_loss(alarm: Alarm, loss: Ends, now: datetime) -> MonthlyLoss | None:
    """What the loss means a month by the requests of the last four weeks, of the alarm's route or
    slice where it is of one; None without any, of a slice of a route, which roll-ups don't count,
    and of what is no share of answers. Two queries."""
    stream = alarm.stream
    assert stream is not None
    parts = parts_of(alarm)
    if not alarm.evidence["is_share"] or len(parts) > 1:
        return None
    kind, value = next(iter(parts.items()), ("all", ""))
    project = alarm.monitor.project
    end = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    first = end - timedelta(days=RECENT_DAYS)
    rows = RollUp.objects.whole_days(project, kind).between(first, end).filter(slice_value=value)
    rows = rows.filter(ServedVersions.of(project).condition(stream.version_id, "hour"))
    count = rows.aggregate(requests=Sum("requests", default=0))["requests"]
    if not count:
        return None
    requests = count / RECENT_DAYS * MONTH_DAYS
    answers = Ends(low=loss.low * requests, value=loss.value * requests, high=loss.high * requests)
    return MonthlyLoss(requests=requests, answers=answers)


def parts_of(alarm: Alarm) -> Mapping[str, str]:
    """Of which requests the alarm is: its monitor's route and its own slice, by kind."""
    stream, monitor = alarm.stream, alarm.monitor
    route = monitor.plan.route if monitor.kind == MonitorKind.OPERATIONS else ""
    parts = {"route": route} if route else {}
    if stream is not None and stream.slice_kind:
        parts[stream.slice_kind] = stream.slice_value
    return parts


def worse_by(alarm: Alarm, new: Stream) -> Ends:
    """How much worse a new version's stream is in its reference than the alarm's was since its
    change; below 0 is better. Two queries. Raises StatisticsError where there are too few days."""
    assert alarm.stream is not None
    first, _ = _reference_and_later(_days(new), None)
    _, lost = _reference_and_later(_days(alarm.stream), alarm)
    return _worse(alarm, lost, first)


def _losses(alarm: Alarm, streams: Sequence[Stream]) -> Iterator[SliceLoss]:
    for stream in streams:
        try:
            loss = _worse(alarm, *_reference_and_later(_days(stream), alarm))
        except StatisticsError:
            continue
        yield SliceLoss(kind=stream.slice_kind, value=stream.slice_value, loss=loss)


def _days(stream: Stream) -> list[RatioDay]:
    """Its days on which something was measured. One query."""
    rows = stream.days.filter(x__gt=0, day__gte=stream.since).order_by("day")
    columns = "day", "users", "y", "x", "yy", "xy", "xx"
    return [RatioDay(*row) for row in rows.values_list(*columns)]


def _reference_and_later(
    days: Sequence[RatioDay], alarm: Alarm | None
) -> tuple[Sequence[RatioDay], Sequence[RatioDay]]:
    """The days of the reference, and those since the alarm's change."""
    batches = _batches(days)
    if batches.reference is None:
        raise StatisticsError("the reference isn't complete")
    end = batches.last[batches.reference - 1]
    since = end if alarm is None else alarm.since or alarm.raised.date()
    return [day for day in days if day.day <= end], [day for day in days if day.day >= since]


def _batches(days: Sequence[RatioDay]) -> Batches:
    """Days pooled by their users alone."""
    return pooled_days(days, events=False, margin=0.0)


def _worse(alarm: Alarm, before: Sequence[RatioDay], after: Sequence[RatioDay]) -> Ends:
    """By how much the later days are worse, with the 95% interval of the difference of two times
    (`e_detector.change_since`): weekends apart, batches weighted by their effective users."""
    parts = _batches(before), _batches(after)
    first, later = (len(part.values) for part in parts)
    if first < FEWEST_BATCHES or not later:
        raise StatisticsError(
            f"{FEWEST_BATCHES} days of enough users are needed, and one since: there are {first} "
            f"and {later}"
        )
    change = change_since(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.weights for part in parts]),
        np.concatenate([part.weekends for part in parts]),
        reference=first,
        since=first,
        worse=alarm.evidence["worse"],
        variances=np.concatenate([part.variances for part in parts]),
    )
    return _with_interval(change.estimate, change.se, change.df)


def _with_interval(estimate: float, se: float, df: float) -> Ends:
    reach = t_quantile(1 - ALPHA, df) * se
    return Ends(low=estimate - reach, value=estimate, high=estimate + reach)
