"""What the lines of a cost sheet add up to, from figures that are ranges. Pure.

A line is the product of its figures. What is saved a month is

    net = present bill − (serving + upkeep + retraining · (training + data + evaluation) / 12)

and break-even is what was paid once, initial development too, divided by it. The range of an
outcome takes every figure at the end that is best for it, and at the one that is worst: the widest
that the figures allow. No chances are put to it. Traffic, which counts on both sides, is tried at
both of its ends.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from evalhub.declare.cost_sheet import EACH_TIME, UPFRONT, CostLine, Ends, Figure, Part

MONTHS = 12
TRAFFIC = "traffic"
BENEFITS: tuple[Part, ...] = ("present", "saving")

type Point = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Reckoned:
    """Result of figures with one value each: money once, and money saved a month."""

    upfront: float
    net: float

    @property
    def months(self) -> float | None:
        """Months until break-even; None where nothing is saved."""
        if self.upfront == 0 and self.net >= 0:
            return 0.0
        return self.upfront / self.net if self.net > 0 else None


@dataclass(frozen=True, slots=True)
class CostModel:
    """The lines of a sheet; `lines_without_amount` lists those that aren't known, which count as 0.

    `saving` is a line of paired differences that stands in for present − serving.
    """

    lines: Sequence[CostLine]

    @property
    def figures(self) -> dict[str, Figure]:
        return {each.name: each for line in self._complete_lines for each in line.figures}

    @property
    def _complete_lines(self) -> list[CostLine]:
        return [each for each in self.lines if not each.missing]

    def of(self, part: Part) -> list[CostLine]:
        return [each for each in self._complete_lines if each.part == part]

    def lines_without_amount(self, parts: Iterable[Part]) -> list[CostLine]:
        return [each for each in self.lines if each.missing and each.part in parts]

    @property
    def net_parts(self) -> tuple[Part, ...]:
        """The parts that add up to the monthly net."""
        if self.of("saving"):
            return ("saving", "upkeep", "retraining")
        return ("present", "serving", "upkeep", "retraining")

    @property
    def net_is_known(self) -> bool:
        parts = {each.part for each in self.lines}
        return not self.lines_without_amount(self.net_parts) and set(self.net_parts) <= parts

    def upfront(self, at: Point) -> float:
        return sum(_product(each, at) for part in UPFRONT for each in self.of(part))

    def each_time(self, at: Point) -> float:
        """What a retraining costs again: all that was paid once but the development."""
        return sum(_product(each, at) for part in EACH_TIME for each in self.of(part))

    def amount(self, line: CostLine, at: Point) -> float:
        once = self.each_time(at) if line.repeats else 1.0
        return _product(line, at) * once / (MONTHS if line.part == "retraining" else 1)

    def outcome(self, at: Point) -> Reckoned:
        signed = [
            (1 if part in BENEFITS else -1) * self.amount(line, at)
            for part in self.net_parts
            for line in self.of(part)
        ]
        return Reckoned(self.upfront(at), sum(signed))

    @property
    def middle(self) -> dict[str, float]:
        return {name: each.value for name, each in self.figures.items()}

    def corners(self, *, good: bool) -> list[dict[str, float]]:
        """All figures at their better (or worse) end, once for each end of the traffic."""
        gains = {each.name for part in BENEFITS for line in self.of(part) for each in line.figures}
        at = {
            name: figure.high if (name in gains) == good else figure.low
            for name, figure in self.figures.items()
        }
        traffic = self.figures.get(TRAFFIC)
        if traffic is None:
            return [at]
        return [at | {TRAFFIC: end} for end in (traffic.low, traffic.high)]

    def with_amount(self, line: CostLine) -> CostLine:
        """The line with its amount; as it is where the amount is unknown."""
        if line.missing:
            return line
        amount = self.range_of(lambda at: self.amount(line, at), gain=line.part in BENEFITS)
        return line.model_copy(update={"amount": amount})

    def range_of(self, what: Callable[[Point], float], *, gain: bool) -> Ends:
        """Value and ends of a sum over figures; `gain`: more of it is better."""
        best = [what(at) for at in self.corners(good=True)]
        worst = [what(at) for at in self.corners(good=False)]
        ends = (min(worst), max(best)) if gain else (min(best), max(worst))
        return Ends(low=ends[0], value=what(self.middle), high=ends[1])


def _product(line: CostLine, at: Point) -> float:
    return prod(at[each.name] for each in line.figures)
