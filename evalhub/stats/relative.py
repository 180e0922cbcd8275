"""Levels of the score test of a relative yes/no guard that hold with few items.

With some tens of items the score test of candidate − factor·baseline passes at up to 1.5 times its
level where exactly the share is lost. So its outcomes are enumerated: the chance of a z as large,
the largest over how often the baseline is right and how often both are (an unconditional test;
Nam and Blackwelder 2002, Statistics in Medicine 21:689, give the score), is the p-value, and the
test is held at the z of which that chance is at most alpha.
"""

import math
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.distributions import log_choose, normal_cdf, normal_quantile

Array = NDArray[np.float64]
Alternative = Literal["less", "greater"]

# Up to so many items outcomes are enumerated: there are 23,426 with fifty.
MOST_ITEMS = 50
# Smaller z aren't enumerated: no level is above their chance.
_SMALLEST_Z = 0.6
# How many baselines' shares are tried in each of two halves, and of each how many shares of items
# right in both.
_TRIED = 36
_SAME = 1e-7


def nominal_level(n: int, factor: float, alternative: Alternative, alpha: float) -> float:
    """The level at which the score test of `n` items errs with a chance of `alpha` at most."""
    if n > MOST_ITEMS:
        return alpha
    z, p = _tail(n, factor, alternative)
    passing = int(np.searchsorted(p, alpha, side="right"))
    if passing == len(z):
        return min(alpha, normal_cdf(-float(z[-1])))
    # Between the last outcome that passes and the first that doesn't.
    last = float(z[passing - 1]) if passing else float(z[0]) + 2.0
    return min(alpha, normal_cdf(-(last + float(z[passing])) / 2))


def exact_p(n: int, factor: float, alternative: Alternative, nominal: float) -> float:
    """The p-value that goes with the score test's, `nominal`: at most alpha just where that is at
    most nominal_level() at alpha."""
    if n > MOST_ITEMS or not 0 < nominal < 1:
        return nominal
    z, p = _tail(n, factor, alternative)
    due = -normal_quantile(nominal)
    reached = int(np.searchsorted(-z, -(due - _SAME), side="right"))
    if not reached:
        return min(nominal, float(p[0]))
    return max(nominal, float(p[reached - 1]))


@lru_cache(32)
def _tail(n: int, factor: float, alternative: Alternative) -> tuple[Array, Array]:
    """The values of z that outcomes have, descending, and the largest chance of one as large (k,).

    Outcomes are counts of items right in both arms, lost, won and wrong in both; on the bound their
    shares are b, p − b, factor·p − b and the rest.
    """
    counts = _outcomes(n)
    z = _score_z(counts / n, n, factor, alternative)
    tail = np.nonzero(z > _SMALLEST_Z)[0]
    tail = tail[np.argsort(-z[tail], kind="stable")]
    z, counts = z[tail], counts[tail]
    log_ways = np.zeros(len(z))
    left = np.full(len(z), n)
    for column in range(3):
        log_ways += log_choose(left, counts[:, column])
        left = left - counts[:, column]
    largest = np.zeros(len(z))
    # Closer to each other at the ends, where few outcomes are possible.
    tried = (1 - np.cos(np.pi * np.linspace(0, 1, _TRIED))) / 2
    # Up to the share where both arms' right answers fill the set without overlapping, and beyond.
    full, most = 1 / (1 + factor), min(1.0, 1 / factor)
    for right in np.concatenate([full * tried[1:], full + (most - full) * tried[1:]]):
        low, high = max(0.0, right + factor * right - 1), min(right, factor * right)
        both = low + (high - low) * tried
        won = factor * right - both
        shares = np.stack([both, right - both, won, 1 - right - won])
        logs = log_ways[:, None] + counts @ np.log(np.clip(shares, 1e-300, 1))
        largest = np.maximum(largest, np.cumsum(np.exp(logs), axis=0).max(axis=1))
    last = np.append(z[:-1] - z[1:] > _SAME, True)
    return z[last], largest[last]


def _outcomes(n: int) -> NDArray[np.intp]:
    """All counts (k, 4) that add up to `n`."""
    first, second, third = np.indices((n + 1,) * 3).reshape(3, -1)
    fourth = n - first - second - third
    return np.stack([first, second, third, fourth], axis=1)[fourth >= 0]


def _score_z(shares: Array, n: int, factor: float, alternative: Alternative) -> Array:
    """The z of evalhub.stats.intervals.score_p_less at a mean of 0, of shares (k, 4); −1 where the
    mean lies on the other side."""
    sign = -1.0 if alternative == "greater" else 1.0
    values = sign * np.array([1 - factor, -factor, 1.0, 0.0]) / max(1.0, factor)
    mean = shares @ values
    low, high = np.zeros(len(shares)), np.ones(len(shares))
    for _ in range(45):
        middle = (low + high) / 2
        below = _tilted_moments(shares, values, middle)[0] < 0
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    variance = _tilted_moments(shares, values, low)[1]
    # Where the top of the scale wasn't seen, what is missing from the mean may lie on it.
    inner = values < 1
    unseen = shares[:, ~inner].sum(axis=1) == 0
    ends, spread = _tilted_moments(
        shares[unseen][:, inner], values[inner], np.ones(int(unseen.sum()))
    )
    square = spread + ends**2
    on_top = square - ends / (1 - ends) * (1 - square)
    variance[unseen] = np.where(ends <= 0, on_top, variance[unseen])
    reached = (mean <= 0) & (variance > 1e-12)
    return np.where(reached, -mean * math.sqrt(n) / np.sqrt(np.maximum(variance, 1e-12)), -1.0)


def _tilted_moments(shares: Array, values: Array, tilt: Array) -> tuple[Array, Array]:
    weights = shares / (1 - tilt[:, None] * values)
    weights /= weights.sum(axis=1, keepdims=True)
    mean = weights @ values
    return mean, weights @ values**2 - mean**2
