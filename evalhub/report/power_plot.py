"""A criterion's power against its number of items, drawn. Pure.

The curve stands in a box of 100 by 100 that is stretched to the picture; all else is in per cent
of its width and height, so that letters keep their size on a phone.
"""

from dataclasses import dataclass, replace
from math import ceil

from evalhub.report.forest import Scale, Tick
from evalhub.schemas.criteria import Criterion
from evalhub.stats.power import minimum_detectable_effect, paired_power, paired_sample_size

POINTS = 80
POWER = 0.8


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
    """The curve for one gap, where today's items stand on it, and where 80% is reached.

    `smallest` is the gap that today's items show with a power of 80%.
    """

    curve: str
    now: Mark
    needed: Mark
    ticks: list[Tick]
    gap: float
    smallest: float
    unit: str

    @property
    def spoken(self) -> str:
        return (
            f"Power against {self.unit}: {self.now.n:,} {self.unit} have a power of "
            f"{100 * self.now.power:.0f}%, {self.needed.n:,} one of 80%"
        )


def power_plot(criterion: Criterion) -> PowerPlot | None:
    """The picture of a criterion; None where it has no spread or no gap."""
    sd, gap, n = criterion.sd, criterion.gap, criterion.n
    if sd <= 0 or gap <= 0:
        return None
    alpha, effect = criterion.alpha, criterion.design_effect

    def power(size: int) -> float:
        return paired_power(size, sd, gap, alpha=alpha, design_effect=effect)

    needed = paired_sample_size(sd, gap, alpha=alpha, power=POWER, design_effect=effect)
    most = ceil(1.15 * max(needed, n))
    scale = Scale(0, most)
    sizes = sorted({max(1, ceil(most * i / POINTS)) for i in range(POINTS + 1)} | {n, needed})
    return PowerPlot(
        curve=" ".join(f"{100 * s / most:.2f},{100 * (1 - power(s)):.2f}" for s in sizes),
        now=_mark(n, power(n), scale),
        needed=_mark(needed, POWER, scale),
        ticks=[replace(tick, label=f"{tick.value:,.0f}") for tick in scale.ticks(6)[1:]],
        gap=gap,
        smallest=minimum_detectable_effect(n, sd, alpha=alpha, power=POWER, design_effect=effect),
        unit="judgments" if criterion.role == "preference" else "items",
    )


def _mark(n: int, power: float, scale: Scale) -> Mark:
    x = scale.at(n)
    anchor = "end" if n > scale.high / 2 else "start"
    return Mark(n, power, x, f"{100 * (1 - power):.2f}%", anchor)
