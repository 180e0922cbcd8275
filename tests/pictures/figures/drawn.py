"""The three kinds of figure: intervals in rows, curves, columns. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalhub.decision.wording import with_sign
from evalhub.report.charts.parts import Axis, Chart, Frame, Key, Table
from evalhub.report.charts.scale import Scale, Tick, around

type Points = Sequence[tuple[float, float]]

OURS = "candidate"
"""The kind of what a figure is about."""


@dataclass(frozen=True, slots=True)
class Range:
    """A value with its interval; an end that is None is unbounded."""

    label: str
    at: float
    lower: float | None
    upper: float | None
    kind: str = OURS


@dataclass(frozen=True, slots=True)
class Curve:
    label: str
    points: Points
    kind: str = OURS


def intervals(
    title: str,
    desc: str,
    rows: Sequence[Range],
    *,
    along: str,
    bound: float | None = None,
    bound_label: str = "",
    middle: float = 0.0,
    written: Callable[[float], str] = with_sign,
) -> Chart:
    """Values with their intervals, one a row.

    Args:
        along: what the axis is of.
        bound: a line that intervals are held against, and what it is.
        middle: the line of no difference.
    """
    ends = [value for each in rows for value in (each.at, each.lower, each.upper)]
    numbers = [value for value in (*ends, bound, middle) if value is not None]
    frame = Frame(around(numbers, zero=False), Scale(0, len(rows)))
    heights = [len(rows) - i - 0.5 for i in range(len(rows))]
    guides = [frame.upright(middle, kind="zero")]
    if bound is not None:
        guides.append(frame.upright(bound, kind="now", label=bound_label))
    texts = [f"{each.label}: {written(each.at)}, {_ends(each, written)}" for each in rows]
    return Chart(
        title=title,
        desc=desc,
        x=Axis(frame.x.ticks(6, None if written is with_sign else written), along),
        y=Axis(
            [Tick(frame.y.up(at), each.label, at) for each, at in zip(rows, heights, strict=True)]
        ),
        rules=guides,
        dots=[
            frame.dot(row.at, at, kind=row.kind, tooltip=text, across=(row.lower, row.upper))
            for row, at, text in zip(rows, heights, texts, strict=True)
        ],
        table=Table(
            ("", "Value", "Interval"),
            [(each.label, written(each.at), _ends(each, written)) for each in rows],
        ),
        size="named small" if len(rows) < 4 else "named",
    )


def curves(
    title: str,
    desc: str,
    lines: Sequence[Curve],
    *,
    along: str,
    up: str,
    written: Callable[[float], str] = "{:.3g}".format,
    risen: Callable[[float], str] = "{:.3g}".format,
    level: float | None = None,
    level_label: str = "",
) -> Chart:
    """Curves over one axis; `level` is a horizontal line to compare them with."""
    xs = [x for each in lines for x, _ in each.points]
    ys = [y for each in lines for _, y in each.points]
    heights = around([*ys, *([] if level is None else [level])])
    frame = Frame(Scale(min(xs), max(xs)), Scale(min(0.0, min(ys)), heights.high))
    marked = [_every(each.points) for each in lines]
    return Chart(
        title=title,
        desc=desc,
        x=Axis(frame.x.ticks(6, written), along),
        y=Axis(frame.y.ticks_up(5, risen), up),
        lines=[frame.line(each.points, kind=each.kind) for each in lines],
        rules=[] if level is None else [frame.across(level, kind="now", label=level_label)],
        dots=[
            frame.dot(
                x,
                y,
                kind=curve.kind,
                tooltip=f"{curve.label}: {risen(y)} at {written(x)}",
                shape="ring",
            )
            for curve, points in zip(lines, marked, strict=True)
            for x, y in points
        ],
        keys=[Key("line", each.kind, each.label) for each in lines] if len(lines) > 1 else (),
        table=Table(
            ("", along, up),
            [
                (curve.label, written(x), risen(y))
                for curve, points in zip(lines, marked, strict=True)
                for x, y in points
            ],
        ),
        size="small",
    )


def columns(
    title: str,
    desc: str,
    names: Sequence[str],
    series: Sequence[tuple[str, str, Sequence[float]]],
    *,
    along: str,
    up: str,
    written: Callable[[float], str] = "{:.2g}".format,
    level: float | None = None,
    level_label: str = "",
) -> Chart:
    """Columns side by side; each series has a label, a kind, and a value for each name."""
    values = [value for *_, of in series for value in of]
    most = max([*values, *([] if level is None else [level])])
    frame = Frame(Scale(0, len(names)), Scale(0, 1.08 * most))
    width = 0.8 / len(series)
    return Chart(
        title=title,
        desc=desc,
        x=Axis([Tick(frame.x.at(i + 0.5), name, i + 0.5) for i, name in enumerate(names)], along),
        y=Axis(frame.y.ticks_up(4, written), up),
        bars=[
            frame.bar(
                i + 0.1 + n * width,
                i + 0.1 + (n + 1) * width,
                of[i],
                kind=kind,
                tooltip=f"{name}: {label} {written(of[i])}",
            )
            for i, name in enumerate(names)
            for n, (label, kind, of) in enumerate(series)
        ],
        rules=[] if level is None else [frame.across(level, kind="now", label=level_label)],
        keys=[Key("bar", kind, label) for label, kind, _ in series] if len(series) > 1 else (),
        table=Table(
            (along, *(label for label, *_ in series)),
            [(name, *(written(of[i]) for *_, of in series)) for i, name in enumerate(names)],
        ),
        size="small",
    )


def percents(value: float) -> str:
    """A share as per cent."""
    return f"{100 * value:.3g}%"


def _ends(row: Range, written: Callable[[float], str]) -> str:
    lower = "unbounded" if row.lower is None else written(row.lower)
    return f"{lower} to {'unbounded' if row.upper is None else written(row.upper)}"


def _every(points: Points, most: int = 8) -> Points:
    """Every so-many-th point of a curve, and the last one."""
    step = max(1, -(-len(points) // most))
    return points[::-1][::step][::-1]
