"""Intervals that may be looked at after every judgment, and one planned extension.

A usual 95% interval looked at a hundred times excludes the truth 39% of the time. A confidence
sequence holds at all looks together, at about one and a half times the width.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.distributions import log_beta, log_normal_cdf, normal_cdf, normal_quantile
from evalhub.stats.errors import StatisticsError

Array = NDArray[np.float64]

_GRID = 1000
_ROWS_AT_ONCE = 256


def normal_mixture_rho(v: float, alpha: float) -> float:
    """The mixture's width that makes the two-sided bound tightest near intrinsic time `v`
    (Howard et al. 2021, Annals of Statistics 49): v/(L + ln(1 + L)), L = 2 ln(1/alpha)."""
    if v <= 0 or not 0 < alpha < 1:
        raise StatisticsError("the time must be positive and alpha between 0 and 1")
    two_log = 2 * math.log(1 / alpha)
    return v / (two_log + math.log1p(two_log))


def normal_mixture_bound(v: float, *, rho: float, alpha: float) -> float:
    """How far a sum of centred values of total variance `v` strays, at all times, both ways."""
    return float(_stray(np.array(v), rho, alpha))


def one_sided_mixture_bound(v: float, *, rho: float, alpha: float) -> float:
    """The same one way: where the half-normal mixture of likelihood ratios reaches 1/alpha."""

    def short(s: float) -> float:
        lift = 0.5 * math.log(4 * rho / (v + rho)) + s * s / (2 * (v + rho))
        return lift + log_normal_cdf(s / math.sqrt(v + rho)) - math.log(1 / alpha)

    return _root(short, 0.0, normal_mixture_bound(v, rho=rho, alpha=alpha))


def mean_sequence(values: ArrayLike, *, plan: int, alpha: float = 0.05) -> tuple[Array, Array]:
    """Lower and upper limits (n,) of the mean after each of `values` (n,), tightest near `plan`.

    The normal mixture with the variance seen so far: holds when values are many (Waudby-Smith
    et al. 2021), so the first limits, before 20 values, are infinite.
    """
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or not np.all(np.isfinite(x)):
        raise StatisticsError("the values must be a flat list of finite numbers")
    n = np.arange(1.0, x.size + 1)
    mean = np.cumsum(x) / n
    variance = np.maximum(np.cumsum(x * x) / n - mean**2, 0.0)
    # In units of the standard deviation time is the number of values.
    rho = normal_mixture_rho(plan, alpha)
    with np.errstate(invalid="ignore"):
        half = np.where(
            (n < 20) | (variance <= 0), np.inf, np.sqrt(variance) * _stray(n, rho, alpha) / n
        )
    return mean - half, mean + half


def betting_sequence(values: ArrayLike, *, alpha: float = 0.05) -> tuple[Array, Array]:
    """Limits (n,) of the mean after each of `values` (n,) in [0, 1], in the order they came.

    A gambler bets against each of 1,001 supposed means, half the stake that it is too low and
    half that it is too high; a supposed mean goes when the gambler has 1/alpha times the stake
    (Waudby-Smith and Ramdas 2024, the hedged predictable plug-in bets, cut at half of what
    could be lost). Holds at any number of values. The limits lie a grid step outside.
    """
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or not np.all((x >= 0) & (x <= 1)):
        raise StatisticsError("the values must be a flat list of numbers between 0 and 1")
    n = np.arange(1, x.size + 1)
    mean = (0.5 + np.cumsum(x)) / (n + 1)
    variance = (0.25 + np.cumsum((x - mean) ** 2)) / (n + 1)
    bet = np.sqrt(2 * math.log(2 / alpha) / (np.r_[0.25, variance[:-1]] * n * np.log1p(n)))
    grid = np.arange(_GRID + 1) / _GRID
    with np.errstate(divide="ignore"):
        most_up, most_down = 0.5 / grid, 0.5 / (1 - grid)
    up, down = np.full(grid.size, -math.log(2)), np.full(grid.size, -math.log(2))
    lower, upper = np.zeros(x.size), np.ones(x.size)
    for start in range(0, x.size, _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        gain = x[part, None] - grid
        rises = up + np.cumsum(np.log1p(np.minimum(bet[part, None], most_up) * gain), axis=0)
        falls = down + np.cumsum(np.log1p(-np.minimum(bet[part, None], most_down) * gain), axis=0)
        up, down = rises[-1], falls[-1]
        kept = np.maximum(rises, falls) < math.log(1 / alpha)
        first = np.argmax(kept, axis=1)
        last = grid.size - 1 - np.argmax(kept[:, ::-1], axis=1)
        lower[part] = np.maximum(first - 1, 0) / _GRID
        upper[part] = np.minimum(last + 1, _GRID) / _GRID
    return lower, upper


def proportion_sequence(
    successes: int, n: int, *, alpha: float = 0.05, prior: tuple[float, float] = (1.0, 1.0)
) -> tuple[float, float]:
    """Limits of a proportion that hold at every n: where the likelihood, against its mean under
    a beta prior, has not fallen to alpha (Robbins 1970)."""
    if not 0 <= successes <= n or n == 0:
        raise StatisticsError(f"{successes} of {n} is not a proportion")
    a, b = prior
    mixed = log_beta(a + successes, b + n - successes) - log_beta(a, b)

    def excess(p: float) -> float:
        fit = successes * math.log(p) if successes else 0.0
        fit += (n - successes) * math.log1p(-p) if successes < n else 0.0
        return mixed - fit - math.log(1 / alpha)

    rate, tiny = successes / n, 1e-12
    lower = _root(excess, max(rate, tiny), tiny) if successes else 0.0
    upper = _root(excess, min(rate, 1 - tiny), 1 - tiny) if successes < n else 1.0
    return lower, upper


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
    first_level: float, planned_sizes: tuple[float, float], *, alpha: float = 0.025
) -> float:
    """The one-sided level for combined_p_value of two stages, when stage one alone would have
    decided at `first_level`: both together then err at `alpha`.

    P(Z1 < z1 and w1 Z1 + w2 Z2 < c) = 1 - alpha is solved for c; equal levels are Pocock's,
    a small first level is near O'Brien and Fleming's. Raises StatisticsError where the first
    look leaves nothing to spend.
    """
    if not 0 < first_level < alpha < 0.5 or min(planned_sizes) <= 0:
        raise StatisticsError(
            f"the first look's level must lie between 0 and alpha = {alpha}, not {first_level}"
        )
    share = planned_sizes[0] / sum(planned_sizes)
    first_weight, second_weight = math.sqrt(share), math.sqrt(1 - share)
    points, weights = np.polynomial.legendre.leggauss(80)
    top = -normal_quantile(first_level)
    x = (top + 9) / 2 * points + (top - 9) / 2
    density = weights * (top + 9) / 2 * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)

    def short(c: float) -> float:
        below = [normal_cdf((c - first_weight * v) / second_weight) for v in x.tolist()]
        return float(density @ below) - (1 - alpha)

    return normal_cdf(-_root(short, 0.0, 9.0))


def _stray(v: Array, rho: float, alpha: float) -> Array:
    return np.asarray(np.sqrt((v + rho) * (np.log((v + rho) / rho) + 2 * math.log(1 / alpha))))


def _root(function: Callable[[float], float], negative: float, positive: float) -> float:
    """Where `function` turns from negative to positive between the two, by bisection."""
    for _ in range(200):
        middle = (negative + positive) / 2
        if middle in (negative, positive):
            break
        negative, positive = (middle, positive) if function(middle) < 0 else (negative, middle)
    return (negative + positive) / 2
