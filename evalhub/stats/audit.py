"""How many rows a random audit looks at, and what it shows: exact, of a finite file. Pure.

N rows, K of which are wrong, n drawn at random without replacement: the number of wrong ones that
are seen is hypergeometric. Where N isn't known it is binomial, and the limits are Clopper and
Pearson's (1934, Biometrika 26:404). "The rule of three", 3/n, is the latter's approximation for
none seen (Hanley and Lippman-Hand 1983, JAMA 249:1743).
"""

import math
from collections.abc import Callable

import numpy as np

from evalhub.stats.distributions import beta_cdf, log_choose
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import Estimate, clopper_pearson
from evalhub.stats.levels import ALPHA

_MOST = 10_000_000
_ROUNDING = 1e-12


def audit_size(
    rate: float, *, allowed: int = 0, confidence: float, population: int | None = None
) -> int | None:
    """The fewest rows to look at, so that at most `allowed` wrong ones among them show that less
    than the share `rate` of all is wrong, with this confidence.

    299 rows for 1% at 95%, since .99^299 < .05. Of a `population` of N rows: fewer; None where so
    many wrong ones are allowed that no sample shows it.

    Raises StatisticsError for a rate or a confidence that isn't between 0 and 1, and fewer than no
    allowed rows.
    """
    if not (0 < rate < 1 and 0 < confidence < 1):
        raise StatisticsError("rate and confidence lie between 0 and 1")
    if allowed < 0:
        raise StatisticsError(f"allowed can't be negative: {allowed}")
    most = _MOST if population is None else population
    # The fewest wrong rows that are the rate or more.
    wrong = None if population is None else max(math.ceil(rate * population - 1e-9), 1)
    if wrong is not None and allowed >= wrong:
        return None

    def shows(rows: int) -> bool:
        if wrong is None or population is None:
            more = _binomial_tail(allowed + 1, rows, rate) if rows > allowed else 0.0
        else:
            more = 1 - _hypergeometric_cdf(allowed, rows, wrong, population)
        return more >= confidence - _ROUNDING

    if not shows(most):
        return None
    low, high = allowed, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shows(middle) else (middle, high)
    return high


def audit_interval(
    wrong: int, rows: int, *, population: int | None = None, alpha: float = ALPHA
) -> Estimate:
    """The share of wrong rows of a file, of which `rows` were looked at and `wrong` were wrong.

    Each limit errs with chance `alpha`: .025 makes a 95% interval, .05 a one-sided bound. Of a
    `population` the limits are whole rows of it.

    Raises StatisticsError where the counts don't fit each other.
    """
    if population is None:
        lower, upper = clopper_pearson(wrong, rows, alpha=alpha)
        return Estimate(wrong / rows, lower, upper)
    if not 0 <= wrong <= rows <= population or not rows:
        raise StatisticsError(f"{wrong} of {rows} of {population} is no audit")
    right = rows - wrong
    # By the tails: K is kept where neither "as few" nor "as many" is rarer than alpha.
    most = _last(
        wrong,
        population - right,
        lambda count: _hypergeometric_cdf(wrong, rows, count, population) > alpha,
    )
    # As many wrong ones among K as that few right ones among N - K.
    most_right = _last(
        right,
        population - wrong,
        lambda count: _hypergeometric_cdf(right, rows, count, population) > alpha,
    )
    return Estimate(wrong / rows, (population - most_right) / population, most / population)


def _last(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The largest count from `low` to `high` for which it holds; it holds for `low`."""
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def _binomial_tail(least: int, n: int, p: float) -> float:
    """P(X ≥ least) of n draws with chance p each."""
    return float(beta_cdf(np.array(p), np.array(least), np.array(n - least + 1)))


def _hypergeometric_cdf(k: int, n: int, wrong: int, population: int) -> float:
    """P(X ≤ k) of n rows drawn from a population with so many wrong ones."""
    if k >= min(n, wrong):
        return 1.0
    seen = np.arange(max(0, n - (population - wrong)), k + 1)
    logs = log_choose(wrong, seen) + log_choose(population - wrong, n - seen)
    return min(1.0, float(np.exp(logs - log_choose(population, np.array(n))).sum()))
