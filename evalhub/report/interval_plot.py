"""Large plot of one criterion's interval, against zero and the bound. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from evalhub.decision.criterion import Criterion
from evalhub.decision.wording import effect_text, percent, with_sign
from evalhub.report.charts.parts import Axis, Chart, Frame
from evalhub.report.charts.scale import Scale, Tick, around
from evalhub.report.forest import aria_text, drawing_of


def interval_plot(row: Criterion, noise: tuple[float, float] | None = None) -> Chart | None:
    """Plot of a criterion; None where it has no interval.

    Args:
        noise: the interval that the baseline shows against itself, drawn as a band.
    """
    drawing = drawing_of(row)
    if drawing is None:
        return None
    frame = Frame(around(drawing.extent))
    guides = [frame.upright(0, kind="zero", label="no difference")]
    if drawing.bound is not None:
        guides.append(frame.upright(drawing.bound, kind="now", label=_bound_label(row), low=True))
    return Chart(
        title="Its interval",
        desc=aria_text(row, drawing, row.name),
        x=Axis(_ticks(frame.x, row)),
        bars=[]
        if noise is None
        else [
            frame.stretch(
                *noise,
                kind="noise",
                tooltip="the baseline against itself: "
                f"{with_sign(noise[0])} to {with_sign(noise[1])}",
            )
        ],
        rules=guides,
        dots=[
            frame.dot(
                drawing.at,
                0.5,
                kind=row.status,
                tooltip=aria_text(row, drawing, row.name),
                mark=row.status.mark,
                label=effect_text(row),
                across=(drawing.lower, drawing.upper),
            )
        ],
        size="wide",
    )


def _ticks(scale: Scale, row: Criterion) -> Sequence[Tick]:
    """Ticks of the axis; a ratio is labelled with shares of the baseline, not with differences."""
    ticks = scale.ticks(6)
    if row.factor is None:
        return ticks
    sign = 1.0 if row.higher_is_better else -1.0
    return [replace(tick, label=percent(1 + sign * tick.value)) for tick in ticks]


def _bound_label(row: Criterion) -> str:
    if row.factor is not None:
        return f"{percent(row.factor)} of the baseline"
    return f"{'margin' if row.kind.keeps_to == 'margin' else 'asked'} {with_sign(row.bound or 0.0)}"
