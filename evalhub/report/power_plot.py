"""The power of more items, drawn: as the record's number of them was planned. Pure.

The curve stands in a box of 100 by 100 that is stretched to the picture; all else is in per cent
of its width and height, so that letters keep their size on a phone.
"""

from dataclasses import dataclass, replace
from math import ceil

from evalhub.report.forest import Scale, Tick
from evalhub.schemas.criteria import Criterion
from evalhub.verdict.needed import power_with

POINTS = 80


@dataclass(frozen=True, slots=True)
class Mark:
    """A number of items and the power that they have, as text and where they stand."""

    n: int
    power: float
    x: str
    y: str
    anchor: str


@dataclass(frozen=True, slots=True)
class PowerPlot:
    """The curve, where today's items stand beside it, and the number that the record names."""

    curve: str
    now: Mark
    needed: Mark
    ticks: list[Tick]

    @property
    def spoken(self) -> str:
        return (
            f"Power against items in all: there are {self.now.n:,} today, "
            f"{self.needed.n:,} have a power of {100 * self.needed.power:.0f}%"
        )


def power_plot(criterion: Criterion) -> PowerPlot | None:
    """The picture of a criterion; None where no number of items is named, or people are."""
    needed, n = criterion.needed_n, criterion.n
    if needed is None or criterion.role == "preference":
        return None
    most = ceil(1.15 * max(needed, n))
    scale = Scale(0, most)
    sizes = sorted({max(1, ceil(most * i / POINTS)) for i in range(POINTS + 1)} | {n, needed})
    powers = {size: power_with(criterion, size) for size in sizes}
    return PowerPlot(
        curve=" ".join(f"{100 * s / most:.2f},{100 * (1 - p):.2f}" for s, p in powers.items()),
        now=_mark(n, powers[n], scale),
        needed=_mark(needed, powers[needed], scale),
        ticks=[replace(tick, label=f"{tick.value:,.0f}") for tick in scale.ticks(6)[1:]],
    )


def _mark(n: int, power: float, scale: Scale) -> Mark:
    x = scale.at(n)
    anchor = "end" if n > scale.high / 2 else "start"
    return Mark(n, power, x, f"{100 * (1 - power):.2f}%", anchor)
