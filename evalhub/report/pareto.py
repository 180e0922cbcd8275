"""Cost beside quality: every arm a point, and which of them no other beats in both. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalhub.decision.wording import signed
from evalhub.declare.verdicts import Verdict
from evalhub.report.charts.parts import Axis, Chart, Dot, Frame, Key, Shape, Table
from evalhub.report.charts.scale import Scale, around


@dataclass(frozen=True, slots=True)
class Ranged:
    """A value with its interval; an end that is None isn't known."""

    at: float
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class ArmPoint:
    """An arm: its difference from the baseline, and what an answer of it costs, if that is known.

    `verdict` is "" of the arm that all are compared with.
    """

    name: str
    verdict: str
    quality: Ranged
    cost: Ranged | None


@dataclass(frozen=True, slots=True)
class Pareto:
    """`front` are the arms that no other beats in both, the cheapest first; `unknown` those of
    which nobody told what they cost; the picture is None where fewer than two are known."""

    front: Sequence[str]
    unknown: Sequence[str]
    chart: Chart | None


def pareto(points: Sequence[ArmPoint], *, quality: str, cost: str) -> Pareto:
    """The points, of which `quality` is better upwards and `cost` is better to the left."""
    known = [(each, each.cost) for each in points if each.cost is not None]
    front = [
        each.name
        for each, price in sorted(known, key=lambda pair: (pair[1].at, -pair[0].quality.at))
        if not any(_beats(other, paid, each, price) for other, paid in known)
    ]
    unknown = [each.name for each in points if each.cost is None]
    chart = _chart(known, front, quality, cost) if len(known) > 1 else None
    return Pareto(front, unknown, chart)


def _beats(one: ArmPoint, paid: Ranged, other: ArmPoint, price: Ranged) -> bool:
    """Whether one is at least as good and as cheap as another, and better in either."""
    as_good = one.quality.at >= other.quality.at and paid.at <= price.at
    return as_good and (one.quality.at > other.quality.at or paid.at < price.at)


def _chart(
    known: Sequence[tuple[ArmPoint, Ranged]], front: Sequence[str], quality: str, cost: str
) -> Chart:
    costs = [value for _, each in known for value in _values(each)]
    frame = Frame(
        Scale(0, 1.15 * max(costs)) if min(costs) >= 0 and max(costs) > 0 else around(costs),
        around(value for each, _ in known for value in _values(each.quality)),
    )
    at = {each.name: (price.at, each.quality.at) for each, price in known}
    return Chart(
        title=f"{quality} beside {cost}",
        desc=f"Up is better, left is cheaper. No other arm beats {_listed(front)} in both",
        x=Axis(frame.x.ticks(6, _number), cost),
        y=Axis(frame.y.ticks_up(5), f"{quality}: difference from the baseline"),
        lines=[frame.line([at[name] for name in front], kind="now dashed")],
        rules=[frame.across(0, kind="zero")],
        dots=[_dot(frame, each, price, each.name in front) for each, price in known],
        keys=[
            Key("diamond", "now", "beaten by no other in both: the Pareto front"),
            Key("circle", "now", "beaten by another"),
        ],
        table=Table(
            ("Arm", "Difference", "Interval", cost, "Its interval", "On the front"),
            [
                (
                    each.name,
                    signed(each.quality.at),
                    _interval(each.quality, signed),
                    _number(price.at),
                    _interval(price, _number),
                    "yes" if each.name in front else "no",
                )
                for each, price in known
            ],
        ),
    )


def _dot(frame: Frame, each: ArmPoint, price: Ranged, leads: bool) -> Dot:
    shape: Shape = "diamond" if leads else "circle"
    ends = each.quality.lower, each.quality.upper
    across = None if price.lower is None else (price.lower, price.upper)
    return frame.dot(
        price.at,
        each.quality.at,
        kind=each.verdict or "baseline",
        said=f"{each.name}: {signed(each.quality.at)} ({_interval(each.quality, signed)}), "
        f"{_number(price.at)} ({_interval(price, _number)})"
        + (", on the Pareto front" if leads else ""),
        shape=shape,
        label=f"{Verdict(each.verdict).mark} {each.name}" if each.verdict else each.name,
        across=across,
        upright=None if ends == (None, None) else ends,
    )


def _values(each: Ranged) -> list[float]:
    return [value for value in (each.at, each.lower, each.upper) if value is not None]


def _interval(each: Ranged, written: Callable[[float], str]) -> str:
    if each.lower is None or each.upper is None:
        return "no interval"
    return f"{written(each.lower)} to {written(each.upper)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _listed(names: Sequence[str]) -> str:
    return " or ".join(names)
