"""What owning a model costs, from figures that are ranges. Pure.

A line is the product of its figures. What is saved a month is

    net = present bill − (serving + upkeep + retraining · what was paid once / 12)

and break-even is what was paid once divided by it. The range of an outcome takes every figure at
the end that is best for it, and at the one that is worst: the widest that the figures allow. No
chances are put to it. Traffic, which counts on both sides, is tried at both of its ends.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from evalhub.declare.cost_sheet import (
    UPFRONT,
    BreakEven,
    CostLine,
    CostSheet,
    Ends,
    Figure,
    Part,
    Swing,
    Tornado,
)

LARGEST = 5
TENTH = 0.1
MONTHS = 12
TRAFFIC = "traffic"
BENEFITS: tuple[Part, ...] = ("present", "saving")

type Point = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What comes of figures that have one value each: money once, and money saved a month."""

    upfront: float
    net: float

    @property
    def months(self) -> float | None:
        """Until break-even; None where nothing is saved."""
        if self.upfront == 0 and self.net >= 0:
            return 0.0
        return self.upfront / self.net if self.net > 0 else None


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The lines of a sheet: those whose amount isn't known count nothing, and are `unknown`.

    `saving` is a line of paired differences that stands in for present − serving.
    """

    lines: Sequence[CostLine]

    @property
    def figures(self) -> dict[str, Figure]:
        return {each.name: each for line in self._known for each in line.figures}

    @property
    def _known(self) -> list[CostLine]:
        return [each for each in self.lines if not each.missing]

    def of(self, part: Part) -> list[CostLine]:
        return [each for each in self._known if each.part == part]

    def unknown(self, parts: Iterable[Part]) -> list[CostLine]:
        return [each for each in self.lines if each.missing and each.part in parts]

    @property
    def net_parts(self) -> tuple[Part, ...]:
        """The parts that the net is made of."""
        if self.of("saving"):
            return ("saving", "upkeep", "retraining")
        return ("present", "serving", "upkeep", "retraining")

    @property
    def net_is_known(self) -> bool:
        there = {each.part for each in self.lines}
        return not self.unknown(self.net_parts) and set(self.net_parts) <= there

    def upfront(self, at: Point) -> float:
        return sum(_product(each, at) for part in UPFRONT for each in self.of(part))

    def amount(self, line: CostLine, at: Point) -> float:
        once = self.upfront(at) if line.repeats else 1.0
        return _product(line, at) * once / (MONTHS if line.part == "retraining" else 1)

    def outcome(self, at: Point) -> Reckoned:
        signed = [
            (1 if part in BENEFITS else -1) * self.amount(each, at)
            for part in self.net_parts
            for each in self.of(part)
        ]
        return Reckoned(self.upfront(at), sum(signed))

    @property
    def middle(self) -> dict[str, float]:
        return {name: each.value for name, each in self.figures.items()}

    def corners(self, *, good: bool) -> list[dict[str, float]]:
        """All figures at the end that is better (or worse), once for each end of the traffic."""
        gains = {each.name for part in BENEFITS for line in self.of(part) for each in line.figures}
        at = {
            name: each.high if (name in gains) == good else each.low
            for name, each in self.figures.items()
        }
        traffic = self.figures.get(TRAFFIC)
        if traffic is None:
            return [at]
        return [at | {TRAFFIC: end} for end in (traffic.low, traffic.high)]

    def reckoned(self, line: CostLine) -> CostLine:
        """The line with its amount, if it is known."""
        if line.missing:
            return line
        amount = self.range_of(lambda at: self.amount(line, at), gain=line.part in BENEFITS)
        return line.model_copy(update={"amount": amount})

    def range_of(self, what: Callable[[Point], float], *, gain: bool) -> Ends:
        """The value and both ends of a sum, of which more is a `gain` or a cost."""
        best = [what(at) for at in self.corners(good=True)]
        worst = [what(at) for at in self.corners(good=False)]
        ends = (min(worst), max(best)) if gain else (min(best), max(worst))
        return Ends(low=ends[0], value=what(self.middle), high=ends[1])


def break_even(found: Reckoning) -> BreakEven:
    """After how many months what was paid once has come back, best and worst."""
    unknown = found.unknown(UPFRONT)
    if not found.net_is_known:
        why = f"Unknown without {_names(found.unknown(found.net_parts)) or 'a monthly bill'}."
        return BreakEven(low=None, value=None, high=None, never=False, sentence=why)
    best = min(
        (
            months
            for at in found.corners(good=True)
            if (months := found.outcome(at).months) is not None
        ),
        default=None,
    )
    worst = [found.outcome(at).months for at in found.corners(good=False)]
    value = found.outcome(found.middle).months
    if best is None:
        said = "Never: nothing is saved a month, at the best of all figures."
        return BreakEven(low=None, value=None, high=None, never=True, sentence=said)
    known = [each for each in worst if each is not None]
    high = max(known) if len(known) == len(worst) else None
    if unknown:
        said = f"After {months_in_words(best)} months or more: unknown is {_names(unknown)}."
        return BreakEven(low=best, value=None, high=None, never=False, sentence=said)
    if high is None:
        said = f"After {months_in_words(best)} months at the best, and never at the worst."
    elif months_in_words(best) == months_in_words(high):
        said = f"After {months_in_words(best)} months."
    else:
        said = f"After {months_in_words(best)} to {months_in_words(high)} months."
    return BreakEven(low=best, value=value, high=high, never=False, sentence=said)


def tornado(found: Reckoning) -> Tornado | None:
    """The figures on which the outcome hangs most: break-even, or, where nothing is saved, the net.

    Each goes from its low end to its high one while all others stay at their value. What was said
    without a range goes 10% either way; counts, and what was measured exactly, stay.
    """
    if not found.net_is_known:
        return None
    middle = found.outcome(found.middle)
    at = middle.months
    of_net = at is None or bool(found.unknown(UPFRONT)) or middle.upfront == 0

    def outcome(name: str, value: float) -> float | None:
        there = found.outcome(found.middle | {name: value})
        return there.net if of_net else there.months

    swings = [
        Swing(
            figure=each,
            varied="tenth"
            if not each.ranged
            else "interval"
            if each.origin == "measured"
            else "range",
            at_low=outcome(each.name, each.low if each.ranged else each.value * (1 - TENTH)),
            at_high=outcome(each.name, each.high if each.ranged else each.value * (1 + TENTH)),
        )
        for each in found.figures.values()
        if each.ranged or not (each.fixed or each.origin == "measured")
    ]
    moved = [each for each in swings if each.at_low != each.at_high]
    if not moved:
        return None
    moved.sort(key=_width, reverse=True)
    return Tornado(
        of="net" if of_net else "break-even",
        at=middle.net if of_net or at is None else at,
        swings=tuple(moved[:LARGEST]),
    )


def cost_sheet(
    lines: Sequence[CostLine],
    *,
    study: str,
    baseline: str,
    candidate: str,
    currency: str,
    traffic: Figure | None,
    notes: Sequence[str] = (),
) -> CostSheet:
    """The whole sheet of these lines, each with its amount."""
    found = Reckoning(lines)
    monthly: tuple[Part, ...] = ("serving", "upkeep", "retraining")
    net = found.range_of(lambda at: found.outcome(at).net, gain=True)

    def total(parts: tuple[Part, ...]) -> Ends | None:
        there = {each.part for each in lines}
        if found.unknown(parts) or not set(parts) <= there:
            return None
        return found.range_of(
            lambda at: sum(found.amount(each, at) for part in parts for each in found.of(part)),
            gain=parts == ("present",),
        )

    return CostSheet(
        study=study,
        baseline=baseline,
        candidate=candidate,
        currency=currency,
        traffic=traffic,
        lines=tuple(_with_requests(found, each, traffic) for each in lines),
        upfront=found.range_of(found.upfront, gain=False)
        if any(found.of(part) for part in UPFRONT)
        else None,
        present=total(("present",)),
        monthly=total(monthly),
        net_monthly=net if found.net_is_known else None,
        net_per_request=_shared(net, traffic) if found.net_is_known else None,
        break_even=break_even(found),
        tornado=tornado(found),
        unknown=tuple(f"{each.name}: {each.missing}" for each in lines if each.missing),
        notes=tuple(notes),
    )


def months_in_words(months: float) -> str:
    """5.64, 26.3, 1,240."""
    return f"{months:,.0f}" if months >= 100 else f"{months:.3g}"


def _product(line: CostLine, at: Point) -> float:
    return prod(at[each.name] for each in line.figures)


def _names(lines: Sequence[CostLine]) -> str:
    return ", ".join(each.name for each in lines)


def _width(swing: Swing) -> float:
    if swing.at_low is None or swing.at_high is None:
        return float("inf")
    return abs(swing.at_high - swing.at_low)


def _with_requests(found: Reckoning, line: CostLine, traffic: Figure | None) -> CostLine:
    """The line with its amount, and what of a month's falls on one request."""
    reckoned = found.reckoned(line)
    if line.missing or line.part in UPFRONT:
        return reckoned
    return reckoned.model_copy(update={"per_request": _per_request(found, line, traffic)})


def _per_request(found: Reckoning, line: CostLine, traffic: Figure | None) -> Ends | None:
    """Of a month's amount; that of tokens doesn't depend on the traffic."""
    if traffic is None:
        return None
    if not any(each.name == TRAFFIC for each in line.figures):
        return _shared(found.range_of(lambda at: found.amount(line, at), gain=False), traffic)
    return found.range_of(
        lambda at: found.amount(line, at) / at[TRAFFIC], gain=line.part in BENEFITS
    )


def _shared(amount: Ends, traffic: Figure | None) -> Ends | None:
    """What of it falls on one request, at the least and the most of the traffic."""
    if traffic is None:
        return None
    ends = [
        each / requests
        for each in (amount.low, amount.high)
        for requests in (traffic.low, traffic.high)
    ]
    return Ends(low=min(ends), value=amount.value / traffic.value, high=max(ends))
