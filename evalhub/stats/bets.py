"""Limits of an average that may be looked at at any time, whatever the order of what is averaged.

Test by betting: a constant share of the wealth is bet against each supposed mean m, for several
shares at once. With E[X_i | past] = mu_i and weights v_i that are known before X_i is seen, the
wealth prod(1 + k v_i (X_i - m)) is at most the martingale prod((1 + k v_i (X_i - m)) /
(1 + k v_i (mu_i - m))) whenever sum(v_i mu_i) <= m sum(v_i), because
log(1 + y) <= y. So by Ville's inequality, with probability 1 - alpha at all times together, the
limits hold the weighted average of the mu_i so far: they need not be equal, nor independent, and
whoever chooses what comes next may look at all that came before. (Constant bets in a mixture:
Cover's portfolio; confidence sequences from bets: Waudby-Smith and Ramdas 2024.)
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.errors import StatisticsError
from evalhub.stats.levels import ALPHA

Array = NDArray[np.float64]

MOST_WEIGHT = 2.0
_BETS = 12
_BOLDEST = 0.95
TWO_SIDED = 2 * ALPHA


@dataclass(frozen=True, slots=True)
class AverageLimits:
    """The weighted average of n values, and limits that hold at all times together."""

    n: int
    mean: float
    lower: float
    upper: float
    level: float


def average_limits(
    values: ArrayLike, *, plan: int, weights: ArrayLike | None = None, alpha: float = TWO_SIDED
) -> AverageLimits:
    """Two-sided limits, alpha/2 a side, from `values` (n,) in [0, 1] in any order.

    `weights` (n,) lie above 0 and up to 2, each fixed before its value was seen; all are 1
    without them. `plan` is how many values there are to be in the end: the limits are tight from
    there down to very few. Raises StatisticsError for values or weights out of range.
    """
    x, v, count = _columns(values, weights)
    total = float(count @ v)
    mean = float(count @ (v * x)) / total if total else 0.5
    bets = _bets(plan, alpha)
    wall = math.log(2 / alpha)
    return AverageLimits(
        n=int(count.sum()),
        mean=mean,
        lower=_lowest(x, v, count, bets, wall, mean),
        upper=1 - _lowest(1 - x, v, count, bets, wall, 1 - mean),
        level=1 - alpha,
    )


def average_p_value(
    values: ArrayLike,
    *,
    supposed: float,
    plan: int,
    weights: ArrayLike | None = None,
    alpha: float = TWO_SIDED,
) -> float:
    """One-sided p-value, at all times together, that the average is no more than `supposed`.

    The inverse of the wealth: at most alpha/2 just when `average_limits` lies above.
    """
    if not 0 < supposed < 1:
        raise StatisticsError(f"the supposed mean must lie between 0 and 1, not {supposed}")
    x, v, count = _columns(values, weights)
    return min(1.0, math.exp(-_log_wealth(x, v, count, _bets(plan, alpha), supposed)))


def _columns(values: ArrayLike, weights: ArrayLike | None) -> tuple[Array, Array, Array]:
    """Distinct (value, weight) and how often each came: their order makes no difference."""
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or not np.all((x >= 0) & (x <= 1)):
        raise StatisticsError("the values must be a flat list of numbers between 0 and 1")
    v = np.ones_like(x) if weights is None else np.asarray(weights, dtype=float)
    if v.shape != x.shape or not np.all((v > 0) & (v <= MOST_WEIGHT)):
        raise StatisticsError(f"every value needs a weight above 0 and up to {MOST_WEIGHT:g}")
    both, counts = np.unique(np.column_stack([x, v]), axis=0, return_counts=True)
    # Most weights are 1; a bet's share is of what can be lost at the greatest weight.
    scale = 1.0 if weights is None else MOST_WEIGHT
    return both[:, 0], both[:, 1] / scale, counts.astype(float)


def _bets(plan: int, alpha: float) -> Array:
    """Shares of what could be lost: from the best at `plan` fair coins up to nearly all."""
    if plan < 1 or not 0 < alpha < 1:
        raise StatisticsError("the plan is of 1 value or more, and alpha between 0 and 1")
    least = min(0.5, math.sqrt(2 * math.log(2 / alpha) / plan))
    return np.geomspace(least, _BOLDEST, _BETS)


def _log_wealth(x: Array, v: Array, count: Array, bets: Array, m: float) -> float:
    gains = np.log1p(bets[:, None] * (v * (x / m - 1))[None, :]) @ count
    top = float(gains.max())
    return top + math.log(float(np.exp(gains - top).mean()))


def _lowest(x: Array, v: Array, count: Array, bets: Array, wall: float, mean: float) -> float:
    """The least supposed mean at which wealth hasn't reached 2/alpha; wealth falls as it rises."""
    low, high = 0.0, mean
    if high <= 0 or not x.size:
        return 0.0
    for _ in range(40):
        middle = (low + high) / 2
        excluded = _log_wealth(x, v, count, bets, middle) >= wall
        low, high = (middle, high) if excluded else (low, middle)
    return low
