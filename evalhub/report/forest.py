"""Forest plots: one small plot a row, all rows of a table on one scale. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from evalhub.decision.criterion import Criterion
from evalhub.decision.wording import effect_text, interval, percent, with_sign
from evalhub.declare.decision import BreakdownRow
from evalhub.report.charts.scale import Scale, around
from evalhub.report.ends import ends_of

type Row = Criterion | BreakdownRow


@dataclass(frozen=True, slots=True)
class Plot:
    """Plot of one row: a dot at the difference, its interval, zero, and the bound to pass.

    `noise` is where the band of the noise floor begins and how wide it is, where there is one.
    """

    zero: str
    dot: str
    lower: str
    upper: str
    bound: str | None
    status: str
    spoken: str
    own_scale: str = ""
    noise: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ForestRow:
    """Values to draw for a row: positive is better for the candidate; None is unbounded."""

    at: float
    lower: float | None
    upper: float | None
    bound: float | None

    @property
    def extent(self) -> list[float]:
        return [v for v in (self.at, self.lower, self.upper, self.bound) if v is not None]


def drawing_of(row: Row) -> ForestRow | None:
    """A row's difference, interval and bound; None where there is nothing to draw.

    A criterion that asks for a ratio (a budget, a relative margin) is drawn as how much better the
    candidate is in shares of the baseline: a cost of 108% of it stands at −0.08.
    """
    if isinstance(row, BreakdownRow):
        return ForestRow(row.difference, row.lower, row.upper, None)
    if row.factor is None:
        # A bound of 0 is the line of no difference.
        return ForestRow(row.difference, row.lower, row.upper, row.bound or None)
    if row.ratio is None:
        return None
    sign = 1.0 if row.higher_is_better else -1.0
    lower, upper = (
        None if end is None else sign * (end - 1)
        for end in (row.ratio_lower, row.ratio_upper)[:: int(sign)]
    )
    return ForestRow(sign * (row.ratio - 1), lower, upper, sign * (row.factor - 1))


def common_scale(rows: Iterable[Row]) -> Scale:
    """The common scale of a table's rows, for differences between −1 and 1.

    A row in other units (milliseconds, tokens, BLEU) would squeeze the rest to a line, so it
    has no say here, and `plot` gives it a scale of its own; unless all rows are such rows.
    """
    extents = [drawing.extent for row in rows if (drawing := drawing_of(row))]
    shares = [extent for extent in extents if _is_share(extent)]
    return around(value for extent in shares or extents for value in extent)


def plot(
    row: Row,
    scale: Scale,
    *,
    label: str,
    noise: tuple[float, float] | None = None,
) -> Plot | None:
    """Plot of one row on `scale`; None where there is no interval to draw.

    Args:
        label: what the row is about, for reading aloud.
        noise: the interval that the baseline shows against itself.
    """
    drawing = drawing_of(row)
    if drawing is None:
        return None
    fits = scale.low <= min(drawing.extent) and max(drawing.extent) <= scale.high
    own = scale if fits else around(drawing.extent)
    return Plot(
        zero=own.at(0),
        dot=own.at(drawing.at),
        lower="0.00%" if drawing.lower is None else own.at(drawing.lower),
        upper="100.00%" if drawing.upper is None else own.at(drawing.upper),
        bound=None if drawing.bound is None else own.at(drawing.bound),
        status=row.status if isinstance(row, Criterion) else "",
        spoken=aria_text(row, drawing, label),
        own_scale="" if fits else f"own scale, {with_sign(own.low)} to {with_sign(own.high)}",
        noise=None if noise is None else own.band(*noise),
    )


def aria_text(row: Row, drawing: ForestRow, label: str) -> str:
    """Text of the plot for screen readers."""
    if isinstance(row, BreakdownRow):
        ends = f"{with_sign(row.lower)} to {with_sign(row.upper)}"
        return f"{label}: difference {with_sign(row.difference)}, interval {ends}"
    must = ""
    if row.factor is not None:
        side = "above" if row.higher_is_better else "below"
        text = f"{effect_text(row)} of the baseline"
        must = f", must stay {side} {percent(row.factor)}"
    else:
        text = f"difference {effect_text(row)}"
        if drawing.bound is not None:
            must = f", must stay above {with_sign(drawing.bound)}"
    passing, harm = ends_of(row)
    levels = f"{passing} end at {row.alpha:.3g}, {harm} end at {row.harm_alpha:.3g}"
    return f"{label}: {text}, interval {interval(row)} ({levels}){must}: {row.status.label}"


def _is_share(extent: list[float]) -> bool:
    return all(abs(value) <= 1 for value in extent)
