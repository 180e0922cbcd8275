"""One planned extension: two stages tested together without a false alarm more."""

import math
from collections.abc import Callable, Sequence
from functools import cache

from evalhub.stats.distributions import normal_cdf, normal_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.levels import ALPHA


def combined_p_value(p_values: Sequence[float], planned_sizes: Sequence[float]) -> float:
    """One-sided p-value of stages that were planned before the first was seen.

    Inverse-normal combination (Lehmacher and Wassmer 1999): the stages' z-values are added
    with weights that are the roots of the *planned* sizes, so a look at stage one may decide
    whether to extend, but not how to weigh.
    """
    if len(p_values) != len(planned_sizes) or not p_values:
        raise StatisticsError("each stage needs a p-value and its planned size")
    if not all(0 <= p <= 1 for p in p_values) or not all(s > 0 for s in planned_sizes):
        raise StatisticsError("p-values lie between 0 and 1, and planned sizes above 0")
    total = sum(planned_sizes)
    inside = [min(max(p, 1e-300), 1 - 1e-16) for p in p_values]
    return normal_cdf(
        sum(
            math.sqrt(size / total) * normal_quantile(p)
            for p, size in zip(inside, planned_sizes, strict=True)
        )
    )


def final_level(
    first_level: float, planned_sizes: tuple[float, float], *, alpha: float = ALPHA
) -> float:
    """The one-sided level for combined_p_value of two stages, when stage one alone would have
    decided at `first_level`: both together then err at `alpha`.

    P(Z1 < z1 and w1 Z1 + w2 Z2 < c) = 1 - alpha is solved for c; equal levels are Pocock's,
    a small first level is near O'Brien and Fleming's. The integral's parts are added exactly, in
    this process alone: the order in which a BLAS adds is its processor's, and moved the level in
    the 14th digit. Raises StatisticsError where the first look leaves nothing to spend.
    """
    if not 0 < first_level < alpha < 0.5 or min(planned_sizes) <= 0:
        raise StatisticsError(
            f"the first look's level must lie between 0 and alpha = {alpha}, not {first_level}"
        )
    share = planned_sizes[0] / sum(planned_sizes)
    first_weight, second_weight = math.sqrt(share), math.sqrt(1 - share)
    top = -normal_quantile(first_level)
    half, middle = (top + 9) / 2, (top - 9) / 2
    nodes = [(half * node + middle, half * weight) for node, weight in legendre_nodes(80)]
    density = [weight * math.exp(-x * x / 2) / math.sqrt(2 * math.pi) for x, weight in nodes]

    def short(c: float) -> float:
        below = [normal_cdf((c - first_weight * x) / second_weight) for x, _ in nodes]
        return math.fsum(p * q for p, q in zip(density, below, strict=True)) - (1 - alpha)

    return normal_cdf(-_root(short, 0.0, 9.0))


@cache
def legendre_nodes(count: int) -> tuple[tuple[float, float], ...]:
    """(node, weight) of Gauss and Legendre's rule on [-1, 1], from the largest node down.

    Newton's method on the polynomial's three-term recurrence, from Tricomi's first guess
    cos(π(i − ¼)/(n + ½)); a weight is 2/((1 − x²)P′(x)²) (Abramowitz and Stegun 1964, 25.4.29).
    """
    nodes = []
    for number in range(1, count + 1):
        x = math.cos(math.pi * (number - 0.25) / (count + 0.5))
        for _ in range(8):  # doubles its right digits each time: five are enough
            value, slope = _legendre(count, x)
            x -= value / slope
        nodes.append((x, 2 / ((1 - x * x) * _legendre(count, x)[1] ** 2)))
    return tuple(nodes)


def _legendre(degree: int, x: float) -> tuple[float, float]:
    """The Legendre polynomial of a degree at x, and its slope there."""
    before, value = 1.0, x
    for n in range(2, degree + 1):
        before, value = value, ((2 * n - 1) * x * value - (n - 1) * before) / n
    return value, degree * (x * value - before) / (x * x - 1)


def _root(function: Callable[[float], float], negative: float, positive: float) -> float:
    """Where `function` turns from negative to positive between the two, by bisection."""
    for _ in range(200):
        middle = (negative + positive) / 2
        if middle in (negative, positive):
            break
        negative, positive = (middle, positive) if function(middle) < 0 else (negative, middle)
    return (negative + positive) / 2
