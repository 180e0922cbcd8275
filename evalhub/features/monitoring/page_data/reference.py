"""What a stream is tested against, as its chart shows it."""

from collections.abc import Callable, Mapping, Sequence

from evalhub.declare.monitor import MonitorKind
from evalhub.features.monitoring.judging import StreamRule, number_batches
from evalhub.features.monitoring.models import Stream, StreamDay
from evalhub.features.monitoring.operations.streams import rule_of
from evalhub.features.monitoring.page_data.charts import ReferenceBand
from evalhub.features.monitoring.quality.judging import quality_rule
from evalhub.stats.day_batches import RatioDay, pooled_days

type RuleOf = Callable[[Stream, Sequence[Stream]], StreamRule]
"""The rule of a stream, beside all running ones of its monitor."""

RULES: Mapping[str, RuleOf] = {
    MonitorKind.OPERATIONS: lambda stream, running: rule_of(stream, stream.monitor, running),
    MonitorKind.QUALITY: lambda stream, running: quality_rule(stream),
}


def band_of(
    stream: Stream, days: Sequence[StreamDay], running: Sequence[Stream]
) -> ReferenceBand | None:
    """None before anything was measured.

    Args:
        running: all running streams of its monitor.
    """
    if stream.monitor.kind not in RULES:
        return None
    beside = running if stream in running else [*running, stream]
    rule = RULES[stream.monitor.kind](stream, beside)
    counted = [
        RatioDay(day.day, day.users, day.y, day.x, day.yy, day.xy, day.xx)
        for day in days
        if day.x and day.day >= stream.since
    ]
    if not counted:
        return None
    if rule.is_number:
        batches = number_batches(counted)
    else:
        batches = pooled_days(counted, events=rule.events, margin=rule.margin)
    complete = batches.reference is not None
    last = batches.last[batches.reference - 1] if batches.reference else counted[-1].day
    own = [day for day in counted if day.day <= last]
    value = sum(day.y for day in own) / sum(day.x for day in own)
    size = rule.margin * abs(value) if rule.in_shares or rule.is_number else rule.margin
    low, high = (value - size, None) if rule.worse == "lower" else (None, value + size)
    return ReferenceBand(value, low, high, last, complete)
