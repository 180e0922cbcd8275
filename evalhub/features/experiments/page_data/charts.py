"""Charts of an experiment: how each criterion's difference and its bounds went over time. Pure.

A sequence holds at all times at once, so a chart shows all of it: the newest bounds are as valid as
those of any earlier look.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from evalhub.decision.criterion import Criterion
from evalhub.decision.wording import count_text, with_sign
from evalhub.declare.verdicts import Status
from evalhub.report.charts.parts import Axis, Block, Chart, Frame, Guide, Key, Table
from evalhub.report.charts.scale import Scale, Tick, around
from evalhub.report.decision_page import PlottedRow
from evalhub.report.forest import Plot

MOST_DATES, FEW_DATES = 5, 3
"""Dates along a chart, and along a small one."""
MARGINS = 2.5
"""So many margins to each side a guard's row shows."""
LABEL_ROOM = 0.09
"""Share of a chart's width that a mark's label takes; of two that are nearer the newer one has
one."""
WIDEST = 3.0
"""Bounds farther from the newest difference than this many times the newest width are cut off: the
first ones, of few users, would squeeze all others to a line."""
HOUR = timedelta(hours=1)
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class SequencePoint:
    """A criterion at a time: positive is better for the challenger; None is unbounded."""

    at: datetime
    users: int
    difference: float
    lower: float | None
    upper: float | None

    @property
    def interval(self) -> str:
        """The bounds in words."""
        low = "−∞" if self.lower is None else with_sign(self.lower)
        high = "∞" if self.upper is None else with_sign(self.upper)
        return f"{low} to {high}"


@dataclass(frozen=True, slots=True)
class TimeMark:
    """Something that happened to an experiment at a time, drawn across its charts."""

    at: datetime
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """The time that the charts of an experiment show."""

    first: datetime
    end: datetime

    def hours(self, at: datetime) -> float:
        """Hours from the first moment on."""
        return (at - self.first) / HOUR

    def ticks(self, scale: Scale, most: int) -> list[Tick]:
        """At most so many midnights, or hours where it is shorter than two days."""
        length = self.end - self.first
        step = DAY if length >= 2 * DAY else HOUR
        start = self.first.replace(minute=0, second=0, microsecond=0) + HOUR
        if step == DAY:
            start = self.first.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
        count = max(0, (self.end - start) // step + 1)
        every = -(-count // most) or 1
        times = [start + number * step for number in range(0, count, every)]
        text = "%-d %b" if step == DAY else "%H:%M"
        return [
            Tick(scale.at(self.hours(time)), time.strftime(text), self.hours(time))
            for time in times
        ]


def sequence_chart(
    title: str,
    points: Sequence[SequencePoint],
    *,
    bound: float,
    status: Status,
    span: TimeSpan,
    marks: Sequence[TimeMark],
    small: bool = False,
) -> Chart:
    """The difference over time within its bounds, and the bound that the lower end must pass.

    Args:
        points: two or more, oldest first.
        marks: drawn as uprights; a small chart leaves their labels out.
    """
    frame = Frame(Scale(0, max(span.hours(span.end), 1.0)), _height(points, bound))
    newest = points[-1]
    positions = [span.hours(point.at) for point in points]
    low, high = frame.y.low, frame.y.high
    uppers = [high if point.upper is None else point.upper for point in points]
    lowers = [low if point.lower is None else point.lower for point in points]
    differences = [point.difference for point in points]
    kind = {Status.PASS: "pass", Status.FAIL: "fail"}.get(status, "candidate")
    area = frame.area(
        list(zip(positions, uppers, strict=True)),
        list(zip(positions, lowers, strict=True)),
        kind=kind,
    )
    return Chart(
        title=title,
        desc=f"By {_time(newest.at)} (UTC): {with_sign(newest.difference)}, bounds "
        f"{newest.interval}, of {count_text(newest.users, 'user')}; the lower one must pass "
        f"{with_sign(bound)}",
        x=Axis(span.ticks(frame.x, FEW_DATES if small else MOST_DATES)),
        y=Axis(frame.y.ticks_up(4 if small else 6)),
        lines=[
            area,
            frame.line(zip(positions, differences, strict=True), kind=kind),
        ],
        bars=_steps(frame, points, positions),
        rules=[*_across(frame, bound), *_uprights(frame, span, marks, small=small)],
        keys=() if small else _keys(kind, bound),
        table=Table(
            ["Time (UTC)", "Users", "Difference", "Bounds"],
            [
                [
                    _time(point.at),
                    f"{point.users:,}",
                    with_sign(point.difference),
                    point.interval,
                ]
                for point in reversed(points)
            ],
        ),
        size="small" if small else "sequence",
    )


def margin_plot(row: PlottedRow[Criterion]) -> Plot | None:
    """A guard's difference with its bounds in margins, so that all guards have one scale: the bound
    that the lower end must pass stands at −1."""
    criterion, scale = row.values, Scale(-MARGINS, MARGINS)
    if row.plot is None or not criterion.margin:
        return None
    margin = criterion.margin
    return replace(
        row.plot,
        zero=scale.at(0),
        dot=scale.at(criterion.difference / margin),
        lower=scale.at(criterion.lower / margin),
        upper=scale.at(criterion.upper / margin),
        bound=scale.at(-1),
        own_scale="",
    )


def thin(count: int, most: int) -> list[int]:
    """At most `most` positions out of `count`, evenly, the last among them."""
    if count <= most:
        return list(range(count))
    return [round((number + 1) * count / most) - 1 for number in range(most)]


def _height(points: Sequence[SequencePoint], bound: float) -> Scale:
    newest = points[-1]
    ends = [abs(end - newest.difference) for end in (newest.lower, newest.upper) if end is not None]
    farthest = WIDEST * max(ends, default=abs(bound) or 1.0)
    bottom, top = newest.difference - farthest, newest.difference + farthest
    values = [
        min(max(value, bottom), top)
        for point in points
        for value in (point.lower, point.difference, point.upper)
        if value is not None
    ]
    return around([*values, bound])


def _across(frame: Frame, bound: float) -> list[Guide]:
    zero = frame.across(0, kind="zero")
    return [zero, frame.across(bound, kind="bound")] if bound else [zero]


def _uprights(
    frame: Frame, span: TimeSpan, marks: Sequence[TimeMark], *, small: bool
) -> list[Guide]:
    guides, free = list[Guide](), 1.0 + LABEL_ROOM
    for mark in reversed(marks):
        at = frame.x.share(span.hours(mark.at))
        shows = not small and free - at >= LABEL_ROOM
        free = at if shows else free
        label = mark.label if shows else ""
        guides.append(frame.upright(span.hours(mark.at), kind=mark.kind, label=label))
    return guides


def _steps(
    frame: Frame, points: Sequence[SequencePoint], positions: Sequence[float]
) -> list[Block]:
    """A stretch around each point, which shows nothing but what is said of it."""
    middles = [(a + b) / 2 for a, b in pairwise(positions)]
    edges = [positions[0], *middles, positions[-1]]
    return [
        frame.stretch(
            edges[index],
            edges[index + 1],
            kind="step",
            tooltip=f"{_time(point.at)}: {with_sign(point.difference)} ({point.interval}), "
            f"{count_text(point.users, 'user')}",
        )
        for index, point in enumerate(points)
    ]


def _keys(kind: str, bound: float) -> list[Key]:
    passing = f"must pass {with_sign(bound)}" if bound else "must pass 0"
    return [
        Key("line", kind, "difference"),
        Key("bar", f"{kind} bounds", "its bounds, good at any time"),
        Key("line", "bound" if bound else "zero", f"the lower one {passing}"),
    ]


def _time(at: datetime) -> str:
    return f"{at:%-d %b %Y, %H:%M}"
