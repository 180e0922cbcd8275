"""Streams as pages show them: the values of their days, how they stand now, and their charts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

from evalhub.features.monitoring.models import Alarm, Notice, Stream, StreamDay
from evalhub.features.monitoring.page_data.charts import (
    AlarmMark,
    DayValue,
    ReferenceBand,
    StreamDrawing,
    stream_chart,
)
from evalhub.features.monitoring.page_data.estimates import Estimates
from evalhub.features.monitoring.page_data.metric_words import (
    metric_label,
    slice_text,
    value_text,
)
from evalhub.features.monitoring.page_data.monitor_rows import STALE
from evalhub.features.monitoring.page_data.reference import band_of
from evalhub.report.charts.parts import Chart

RECENT = timedelta(days=35)
"""The days that a small chart shows."""
LONGEST = timedelta(days=366)
"""The days that a stream's own chart shows."""
Z_95 = 1.959964


@dataclass(frozen=True, slots=True)
class StreamView:
    """A stream as it stands now.

    Attributes:
        mark: "fail" with an open alarm, "pass" where its newest days are tested and show none,
            "open" where nothing can be said: it lacks its reference, or its newest days.
        gist: the same in words.
        alarm: the open one.
    """

    stream: Stream
    label: str
    slice: str
    value: str
    users: int
    reference: str
    mark: str
    gist: str
    alarm: Alarm | None
    chart: Chart | None
    estimate: str


@dataclass(frozen=True, slots=True)
class StreamData:
    """What was read of a stream; `lacks` says whether its monitor has an open notice."""

    stream: Stream
    days: Sequence[StreamDay]
    alarms: Sequence[Alarm]
    band: ReferenceBand | None
    estimate: float | None
    lacks: bool = False


def day_value(day: StreamDay) -> DayValue | None:
    """Σy/Σx with its 95% interval by users (`stats.user_ratios` has the formula); None where x is
    0."""
    if not day.x:
        return None
    ratio = day.y / day.x
    if day.users < 2:
        return DayValue(day.day, day.users, ratio, None)
    squares = max(day.yy - 2 * ratio * day.xy + ratio * ratio * day.xx, 0.0)
    half = Z_95 * sqrt(squares * day.users / (day.users - 1)) / day.x
    return DayValue(day.day, day.users, ratio, (ratio - half, ratio + half))


def stream_view(data: StreamData, today: date, *, small: bool) -> StreamView:
    """How a stream stands, with its chart.

    Args:
        small: its chart is one beside others, of the last days.
    """
    stream, kind = data.stream, data.stream.monitor.kind
    first = today - (RECENT if small else LONGEST)
    values = [value for day in data.days if day.day >= first and (value := day_value(day))]
    text = value_text(kind, stream.metric)
    alarm = next((each for each in data.alarms if each.resolved is None), None)
    mark, gist = _standing(data, values, alarm, today)
    label, slice_ = metric_label(stream.metric), slice_text(stream.slice_kind, stream.slice_value)
    drawing = StreamDrawing(
        title=", ".join(filter(None, (label, slice_))),
        values=values,
        band=data.band,
        estimate=data.estimate,
        alarms=[_mark(each) for each in data.alarms if values and each.raised.date() >= first],
        text=text,
    )
    return StreamView(
        stream=stream,
        label=label,
        slice=slice_,
        value=text(values[-1].value) if values else "–",
        users=values[-1].users if values else 0,
        reference=text(data.band.value) if data.band else "–",
        mark=mark,
        gist=gist,
        alarm=alarm,
        chart=stream_chart(drawing, small=small),
        estimate="" if data.estimate is None else text(data.estimate),
    )


def _standing(
    data: StreamData, values: Sequence[DayValue], alarm: Alarm | None, today: date
) -> tuple[str, str]:
    if alarm is not None:
        return "fail", alarm.sentence
    if not values:
        return "open", "nothing was measured yet"
    if data.stream.monitor.looked is None:
        return "open", "its monitor hasn’t looked yet"
    if data.lacks:
        return "open", "its monitor lacks something: it can’t say anything now"
    if today - values[-1].day > STALE:
        return "open", f"nothing was measured since {values[-1].day:%-d %b %Y}"
    if data.band is None or not data.band.complete:
        return "open", "its reference is still being measured: nothing is tested yet"
    return "pass", "no change worth an alarm is proven"


def _mark(alarm: Alarm) -> AlarmMark:
    return AlarmMark(alarm.raised.date(), alarm.since, alarm.resolved is None)


def read_streams(
    streams: Iterable[Stream], estimates: Estimates, running: Sequence[Stream]
) -> list[StreamData]:
    """What pages show of some streams, whose monitors are selected with them. Three queries.

    Args:
        running: all running streams of their monitors.
    """
    rows, of_monitor = list(streams), dict[int, list[Stream]]()
    for stream in running:
        of_monitor.setdefault(stream.monitor_id, []).append(stream)
    days: dict[int, list[StreamDay]] = {row.pk: [] for row in rows}
    for day in StreamDay.objects.filter(stream__in=rows).order_by("day"):
        days[day.stream_id].append(day)
    alarms: dict[int, list[Alarm]] = {row.pk: [] for row in rows}
    for alarm in Alarm.objects.filter(stream__in=rows).order_by("raised", "pk"):
        if alarm.stream_id is not None:
            alarms[alarm.stream_id].append(alarm)
    lacking = set(
        Notice.objects.filter(monitor__in=of_monitor, ended=None).values_list("monitor", flat=True)
    )
    return [
        StreamData(
            stream=row,
            days=days[row.pk],
            alarms=alarms[row.pk],
            band=band_of(row, days[row.pk], of_monitor.get(row.monitor_id, [row])),
            estimate=estimates.get((row.version_id, row.metric)),
            lacks=row.monitor_id in lacking,
        )
        for row in rows
    ]
