"""Charts of a monitor's streams: values by day, the reference's band, and alarms. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from evalhub.features.monitoring.page_data.metric_words import ValueText
from evalhub.report.charts.parts import Axis, Block, Chart, Dot, Frame, Guide, Key, Line, Table
from evalhub.report.charts.scale import Scale, Tick, around

MOST_DATES, FEW_DATES = 5, 3
"""Dates along a chart, and along a small one."""
GAP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayValue:
    """A stream's value of a day, with its 95% interval by users; None where one user alone, or
    none, was there."""

    day: date
    users: int
    value: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class ReferenceBand:
    """What a stream is tested against.

    Attributes:
        value: of the reference's days together.
        low, high: as far as a change isn't worth an alarm; None where nothing is too low, or high.
        last: the last of its days.
        complete: whether it has all of its days.
    """

    value: float
    low: float | None
    high: float | None
    last: date
    complete: bool


@dataclass(frozen=True, slots=True)
class AlarmMark:
    """An alarm on a chart: the day it was raised, the day the change came, whether it is open."""

    raised: date
    since: date | None
    is_open: bool


@dataclass(frozen=True, slots=True)
class StreamDrawing:
    """All that a stream's chart shows; `estimate` is the promotion's own."""

    title: str
    values: Sequence[DayValue]
    band: ReferenceBand | None
    estimate: float | None
    alarms: Sequence[AlarmMark]
    text: ValueText


def stream_chart(drawing: StreamDrawing, *, small: bool = False) -> Chart | None:
    """Values by day; None for fewer than two days.

    Args:
        small: without intervals and table: a chart beside others, whose page has the rest.
    """
    values = drawing.values
    if len(values) < 2:
        return None
    first, last = values[0].day, values[-1].day
    frame = Frame(Scale(0, (last - first).days or 1), _height(drawing, small=small))
    band, text = drawing.band, drawing.text
    rows = [_row(value, text) for value in values]
    kind = "fail" if any(alarm.is_open for alarm in drawing.alarms) else "candidate"
    return Chart(
        title=drawing.title,
        desc=_description(drawing),
        x=Axis(_dates(frame, first, last, FEW_DATES if small else MOST_DATES)),
        y=Axis(frame.y.ticks_up(4 if small else 6, text)),
        lines=[
            *([_reference_area(frame, band, last - first)] if band else []),
            *([] if small else _interval_areas(frame, values, first, kind)),
            *_lines(frame, values, first, kind),
        ],
        bars=_days(frame, rows, values, first),
        rules=_guides(frame, drawing, first),
        dots=[_alarm_dot(frame, alarm, drawing, first) for alarm in drawing.alarms],
        table=None if small else Table(["Day (UTC)", "Users", "Value", "95% interval"], rows[::-1]),
        size="small",
    )


def stream_keys(*, estimates: bool) -> list[Key]:
    """The legend of charts; `estimates` says whether one of them has the promotion's."""
    keys = [
        Key("line", "candidate", "by day, with its 95% interval by users"),
        Key("bar", "reference", "not worth an alarm, by the reference, which ends at the dots"),
    ]
    if estimates:
        keys.append(Key("line", "estimate", "the promotion’s own estimate: not tested"))
    return keys


def _height(drawing: StreamDrawing, *, small: bool) -> Scale:
    band = drawing.band
    shown = [value.value for value in drawing.values]
    if not small:
        shown += [end for value in drawing.values for end in value.interval or ()]
    shown += [] if band is None else [each for each in (band.low, band.high) if each is not None]
    shown += [] if drawing.estimate is None else [drawing.estimate]
    scale = around(shown, zero=False)
    return Scale(max(0.0, scale.low), scale.high) if min(shown) >= 0 else scale


def _reference_area(frame: Frame, band: ReferenceBand, span: timedelta) -> Line:
    low = frame.y.low if band.low is None else band.low
    high = frame.y.high if band.high is None else band.high
    days = span.days
    return frame.area([(0, high), (days, high)], [(0, low), (days, low)], kind="reference")


def _interval_areas(frame: Frame, values: Sequence[DayValue], first: date, kind: str) -> list[Line]:
    areas = []
    for run in _runs(values):
        bounds = [((each.day - first).days, each.interval) for each in run if each.interval]
        upper = [(day, interval[1]) for day, interval in bounds]
        lower = [(day, interval[0]) for day, interval in bounds]
        if len(bounds) > 1:
            areas.append(frame.area(upper, lower, kind=kind))
    return areas


def _lines(frame: Frame, values: Sequence[DayValue], first: date, kind: str) -> list[Line]:
    return [
        frame.line([((each.day - first).days, each.value) for each in run], kind=kind)
        for run in _runs(values)
        if len(run) > 1
    ]


def _runs(values: Sequence[DayValue]) -> list[list[DayValue]]:
    """Neighbouring days: a line over a day without a value would invent one."""
    runs: list[list[DayValue]] = []
    for value in values:
        if runs and value.day - runs[-1][-1].day == GAP:
            runs[-1].append(value)
        else:
            runs.append([value])
    return runs


def _guides(frame: Frame, drawing: StreamDrawing, first: date) -> list[Guide]:
    guides, band = [], drawing.band
    if drawing.estimate is not None:
        guides.append(frame.across(drawing.estimate, kind="estimate"))
    if band is not None:
        at = (band.last - first).days
        if at >= 0:
            guides.append(frame.upright(at, kind="reference-end"))
    return guides


def _alarm_dot(frame: Frame, alarm: AlarmMark, drawing: StreamDrawing, first: date) -> Dot:
    """On the line, on the last day before the alarm was raised that has a value."""
    earlier = [value for value in drawing.values if value.day <= alarm.raised]
    value = (earlier or list(drawing.values[:1]))[-1]
    since = f", since about {_day(alarm.since)}" if alarm.since else ""
    return frame.dot(
        (value.day - first).days,
        value.value,
        kind="fail" if alarm.is_open else "none",
        tooltip=f"Alarm raised {_day(alarm.raised)}{since}{'' if alarm.is_open else ', resolved'}",
        mark="!",
    )


def _days(
    frame: Frame, rows: Sequence[Sequence[str]], values: Sequence[DayValue], first: date
) -> list[Block]:
    """A stretch around each day, which shows nothing but what is said of it."""
    blocks = []
    for row, value in zip(rows, values, strict=True):
        day = (value.day - first).days
        tooltip = f"{row[0]}: {row[2]} ({row[3]}), {row[1]} users"
        blocks.append(frame.stretch(day - 0.5, day + 0.5, kind="step", tooltip=tooltip))
    return blocks


def _dates(frame: Frame, first: date, last: date, most: int) -> list[Tick]:
    count = (last - first).days + 1
    every = -(-count // most)
    return [
        Tick(frame.x.at(day), f"{first + timedelta(days=day):%-d %b}", day)
        for day in range((count - 1) % every // 2, count, every)
    ]


def _row(value: DayValue, text: ValueText) -> list[str]:
    interval = "–"
    if value.interval is not None:
        interval = f"{text(max(value.interval[0], 0.0))} to {text(value.interval[1])}"
    return [f"{value.day:%-d %b %Y}", f"{value.users:,}", text(value.value), interval]


def _description(drawing: StreamDrawing) -> str:
    newest, text = drawing.values[-1], drawing.text
    parts = [f"{len(drawing.values)} days; {_day(newest.day)}: {text(newest.value)}"]
    if drawing.band is not None:
        parts.append(f"reference {text(drawing.band.value)}")
    if drawing.estimate is not None:
        parts.append(f"the promotion’s own estimate {text(drawing.estimate)}, not tested")
    parts += [f"alarm {_day(alarm.raised)}" for alarm in drawing.alarms]
    return ", ".join(parts)


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"
