"""Cost against quality: each arm a point, and the arms that no other beats in both. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalhub.decision.wording import with_sign
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
    """An arm: its difference from the baseline, and the cost of an answer, if it is known.

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
    """Pareto front of the points; better is up for `quality` and left for `cost`."""
    priced = [(each, each.cost) for each in points if each.cost is not None]
    front = [
        point.name
        for point, price in sorted(priced, key=lambda pair: (pair[1].at, -pair[0].quality.at))
        if not any(_beats(other, paid, point, price) for other, paid in priced)
    ]
    unknown = [each.name for each in points if each.cost is None]
    chart = _chart(priced, front, quality, cost) if len(priced) > 1 else None
    return Pareto(front, unknown, chart)


def _beats(one: ArmPoint, paid: Ranged, other: ArmPoint, price: Ranged) -> bool:
    """Whether one arm is at least as good and as cheap as another, and better in one of the two."""
    as_good = one.quality.at >= other.quality.at and paid.at <= price.at
    return as_good and (one.quality.at > other.quality.at or paid.at < price.at)


def _chart(
    priced: Sequence[tuple[ArmPoint, Ranged]], front: Sequence[str], quality: str, cost: str
) -> Chart:
    costs = [value for _, each in priced for value in _values(each)]
    frame = Frame(
        Scale(0, 1.15 * max(costs)) if min(costs) >= 0 and max(costs) > 0 else around(costs),
        around(value for each, _ in priced for value in _values(each.quality)),
    )
    at = {each.name: (price.at, each.quality.at) for each, price in priced}
    return Chart(
        title=f"{quality} beside {cost}",
        desc=f"Up is better, left is cheaper. No other arm beats {_join(front)} in both",
        x=Axis(frame.x.ticks(6, _number), cost),
        y=Axis(frame.y.ticks_up(5), f"{quality}: difference from the baseline"),
        lines=[frame.line([at[name] for name in front], kind="now dashed")],
        rules=[frame.across(0, kind="zero")],
        dots=[_dot(frame, each, price, each.name in front) for each, price in priced],
        keys=[
            Key("diamond", "now", "beaten by no other in both: the Pareto front"),
            Key("circle", "now", "beaten by another"),
        ],
        table=Table(
            ("Arm", "Difference", "Interval", cost, "Its interval", "On the front"),
            [
                (
                    point.name,
                    with_sign(point.quality.at),
                    _interval(point.quality, with_sign),
                    _number(price.at),
                    _interval(price, _number),
                    "yes" if point.name in front else "no",
                )
                for point, price in priced
            ],
        ),
    )


def _dot(frame: Frame, point: ArmPoint, price: Ranged, leads: bool) -> Dot:
    shape: Shape = "diamond" if leads else "circle"
    ends = point.quality.lower, point.quality.upper
    across = None if price.lower is None else (price.lower, price.upper)
    return frame.dot(
        price.at,
        point.quality.at,
        kind=point.verdict or "baseline",
        tooltip=f"{point.name}: {with_sign(point.quality.at)} "
        f"({_interval(point.quality, with_sign)}), "
        f"{_number(price.at)} ({_interval(price, _number)})"
        + (", on the Pareto front" if leads else ""),
        shape=shape,
        label=f"{Verdict(point.verdict).mark} {point.name}" if point.verdict else point.name,
        across=across,
        upright=None if ends == (None, None) else ends,
    )


def _values(ranged: Ranged) -> list[float]:
    return [value for value in (ranged.at, ranged.lower, ranged.upper) if value is not None]


def _interval(ranged: Ranged, written: Callable[[float], str]) -> str:
    if ranged.lower is None or ranged.upper is None:
        return "no interval"
    return f"{written(ranged.lower)} to {written(ranged.upper)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _join(names: Sequence[str]) -> str:
    return " or ".join(names)
