"""Chart of the power of more items, as planned in the record. Pure."""

from dataclasses import dataclass
from math import ceil
from typing import Literal

from evalhub.decision.as_seen import excludes_assumption
from evalhub.decision.criterion import Criterion
from evalhub.decision.needed import power_with
from evalhub.report.charts.parts import Axis, Chart, Dot, Frame, Table
from evalhub.report.charts.scale import Scale

POINTS = 80
SHOWN = 8
"""Rows of the table beside the curve."""


@dataclass(frozen=True, slots=True)
class Sized:
    """A number of items and its power."""

    n: int
    power: float


@dataclass(frozen=True, slots=True)
class PowerPlot:
    """The power curve, with today's number of items and the record's."""

    now: Sized
    needed: Sized
    chart: Chart


def power_plot(criterion: Criterion) -> PowerPlot | None:
    """Power chart of a criterion; None where no number of items is given, or people are, or the
    interval excludes what was planned. Of users it is another curve: they are looked at all the
    time."""
    needed, n = criterion.needed_n, criterion.n + criterion.chose
    kind = criterion.kind
    apart = kind.counts_judgments or kind.counts_users
    if needed is None or apart or excludes_assumption(criterion):
        return None
    most = ceil(1.15 * max(needed, n))
    sizes = sorted({max(1, ceil(most * i / POINTS)) for i in range(POINTS + 1)} | {n, needed})
    powers = {size: power_with(criterion, size) for size in sizes}
    today, due = Sized(n, powers[n]), Sized(needed, powers[needed])
    frame = Frame(Scale(0, most))
    return PowerPlot(
        now=today,
        needed=due,
        chart=Chart(
            title="Power against items in all",
            desc=f"There are {n:,} today, {needed:,} have a power of {100 * due.power:.0f}%",
            x=Axis(frame.x.ticks(6, lambda value: f"{value:,.0f}")[1:], "items in all"),
            y=Axis(frame.y.ticks_up(6, lambda value: f"{100 * value:.0f}%")),
            lines=[frame.line(powers.items(), kind="candidate")],
            rules=[frame.upright(n, kind="now")],
            dots=[
                _dot(frame, today, f"today {n:,}", "circle"),
                _dot(frame, due, f"{100 * due.power:.0f}% at {needed:,}", "ring"),
            ],
            table=_table(powers, {n, needed}),
        ),
    )


def _dot(frame: Frame, at: Sized, label: str, shape: Literal["circle", "ring"]) -> Dot:
    text = f"{at.n:,} items: power {100 * at.power:.0f}%"
    return frame.dot(at.n, at.power, kind="candidate", tooltip=text, shape=shape, label=label)


def _table(powers: dict[int, float], marked: set[int]) -> Table:
    sizes = {*list(powers)[:: max(1, len(powers) // SHOWN)], *marked}
    rows = [(f"{size:,}", f"{100 * powers[size]:.0f}%") for size in sorted(sizes)]
    return Table(("Items", "Power"), rows)
