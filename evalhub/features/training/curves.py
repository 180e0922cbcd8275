"""A training's losses by its steps. Pure."""

from collections.abc import Sequence
from itertools import groupby
from typing import TypeGuard

from evalhub.report.charts.parts import Axis, Chart, Dot, Frame, Key, Line, Shape, Table
from evalhub.report.charts.scale import Scale, around

type Points = Sequence[tuple[float, float | None]]
"""(step, loss), in the order of steps; None where the loss was no number."""

MOST_POINTS = 60
"""Of a curve: more would lie on one another."""
LARGEST = 1e9
"""What lies beyond it, as of a training that came apart, isn't drawn; the table has it."""
NARROWEST = 1e-6
"""Of the scale of losses: what differs by less is a level line."""
TRAINING, VALIDATION = ("baseline", "training loss"), ("candidate", "validation loss")


def training_curves(losses: Points, eval_losses: Points, *, of: str) -> Chart | None:
    """Both loss curves of a version in one chart; None where no loss is a finite number."""
    curves = [(TRAINING, thin_out(losses)), (VALIDATION, thin_out(eval_losses))]
    finite = [loss for _, points in curves for _, loss in points if _is_finite(loss)]
    if not finite:
        return None
    steps = [step for _, points in curves for step, _ in points]
    first, last = min(steps), max(steps)
    level = max(finite) - min(finite) < NARROWEST
    frame = Frame(
        Scale(first, max(last, first + 1)), around(finite[:1] if level else finite, zero=False)
    )
    drawn = [each for each in curves if any(_is_finite(loss) for _, loss in each[1])]
    return Chart(
        title=f"{of}: losses by step",
        desc="; ".join(_summary(name, points) for (_, name), points in drawn),
        x=Axis(frame.x.ticks(8, lambda step: f"{step:,g}"), "step"),
        y=Axis(frame.y.ticks_up(5, lambda loss: f"{loss:g}"), "loss"),
        lines=[line for (kind, _), points in drawn for line in _lines(frame, points, kind)],
        dots=[dot for curve, points in drawn for dot in _dots(frame, points, curve)],
        keys=[Key(_shape(curve), *curve) for curve, _ in drawn],
        table=_table([name for (_, name), _ in drawn], [dict(points) for _, points in drawn]),
    )


def thin_out(points: Points) -> Points:
    """At most MOST_POINTS points, evenly chosen, the last included."""
    if len(points) <= MOST_POINTS:
        return points
    last = len(points) - 1
    return [points[round(n * last / (MOST_POINTS - 1))] for n in range(MOST_POINTS)]


def _is_finite(loss: float | None) -> TypeGuard[float]:
    return loss is not None and abs(loss) <= LARGEST


def _summary(name: str, points: Points) -> str:
    finite = [(step, loss) for step, loss in points if _is_finite(loss)]
    step, lowest = min(finite, key=lambda pair: pair[1])
    return (
        f"{name} from {finite[0][1]:.4g} to {finite[-1][1]:.4g}, lowest at step {step:,g} with "
        f"{lowest:.4g}"
    )


def _lines(frame: Frame, points: Points, kind: str) -> list[Line]:
    """A line a stretch: where a loss was no number there is a gap."""
    stretches = groupby(points, key=lambda point: _is_finite(point[1]))
    return [
        frame.line(((step, loss) for step, loss in stretch if _is_finite(loss)), kind=kind)
        for drawn, stretch in stretches
        if drawn
    ]


def _dots(frame: Frame, points: Points, curve: tuple[str, str]) -> list[Dot]:
    kind, name = curve
    return [
        frame.dot(
            step, loss, kind=kind, shape=_shape(curve), tooltip=f"step {step:,g}: {name} {loss:.4g}"
        )
        for step, loss in points
        if _is_finite(loss)
    ]


def _shape(curve: tuple[str, str]) -> Shape:
    return "ring" if curve == TRAINING else "diamond"


def _table(names: Sequence[str], curves: Sequence[dict[float, float | None]]) -> Table:
    steps = sorted({step for curve in curves for step in curve})
    return Table(
        ("Step", *(name.capitalize() for name in names)),
        [(f"{step:,g}", *(_cell(curve, step) for curve in curves)) for step in steps],
    )


def _cell(curve: dict[float, float | None], step: float) -> str:
    if step not in curve:
        return ""
    loss = curve[step]
    return "no number" if loss is None else f"{loss:.4g}"
