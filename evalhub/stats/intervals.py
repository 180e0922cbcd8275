"""Intervals and tests for the mean of a bounded score, safe when almost nothing differs.

The score interval keeps every mean that the score test does not reject. The test compares the
observed mean with a supposed one, using the variance of the distribution that fits the data
best *among those with the supposed mean*, on the values seen and on both ends of the scale.
On differences of yes/no scores (-1, 0, 1) this is Tango's interval (Statistics in Medicine 17,
1998); on other values it is the same test with the constrained fit of empirical likelihood
(Owen 2001, ch. 2). The ends of the scale matter: they let an effect that was never seen still
be possible, so that 100 ties leave room for some 4% of regressions.

Along the constrained fits, a value x in [-1, 1] seen with share p gets a share proportional to
p/(1 - r*x), 0 <= r < 1. When r reaches 1 and the top was never seen, what is missing from the
supposed mean is put on the top itself. So one number finds each limit, as the zero of a function
or in closed form.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.clusters import dot
from evalhub.stats.distributions import beta_quantile, t_cdf, t_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.levels import ALPHA
from evalhub.stats.roots import crossing

Array = NDArray[np.float64]

# Equal values leave a variance of about this size where it should be 0.
_ROUNDING = 1e-12
# The largest tilt: at 1 a top that was seen has all of the shares.
_ALL_BUT_ONE = 1 - 1e-15


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its two-sided interval; all None where the value is undefined."""

    value: float | None
    lower: float | None = None
    upper: float | None = None


def check_alpha(alpha: float) -> None:
    """Raises StatisticsError unless `alpha` is a one-sided error rate in (0, 0.5)."""
    if not 0 < alpha < 0.5:
        raise StatisticsError(f"alpha must lie between 0 and 0.5 (one side), not {alpha}")


def score_interval(
    values: Array,
    counts: Array,
    *,
    reach: float,
    alpha: float = ALPHA,
    df: float = math.inf,
) -> tuple[float, float]:
    """Limits of the mean of `values` seen `counts` times each, all within [-reach, reach].

    `counts` may be fractions (an effective sample size). Each side errs with rate `alpha`.
    """
    lower = -score_limit(-values, counts, reach=reach, alpha=alpha, df=df)
    return lower, score_limit(values, counts, reach=reach, alpha=alpha, df=df)


def score_limit(
    values: Array,
    counts: Array,
    *,
    reach: float,
    alpha: float = ALPHA,
    df: float = math.inf,
) -> float:
    """The upper limit alone, as score_interval() has it."""
    x = np.clip(values / reach, -1.0, 1.0)
    return reach * _upper_limit(x, counts, t_quantile(1 - alpha, df))


def score_p_less(
    values: Array,
    counts: Array,
    *,
    reach: float,
    bound: float,
    df: float = math.inf,
) -> float:
    """p-value of "the mean is at least `bound`"; at most alpha just when the upper limit of
    score_interval at that alpha is at most `bound`."""
    x = np.clip(values / reach, -1.0, 1.0)
    n = float(counts.sum())
    mean = dot(counts, x) / n
    supposed = bound / reach
    if supposed > 1 or supposed < -1:
        return 0.0 if supposed > 1 else 1.0
    if supposed >= mean:
        variance = _variance_at(x, counts / n, supposed)
    else:
        variance = _variance_at(-x, counts / n, -supposed)
    if variance <= _ROUNDING:
        return 0.5 if abs(mean - supposed) < 1e-9 else float(mean > supposed)
    return t_cdf((mean - supposed) * math.sqrt(n / variance), df)


@dataclass(frozen=True, slots=True)
class BoundedScore:
    """The score interval and its p-values of `values` seen `counts` times each."""

    values: Array
    counts: Array
    reach: float

    def lower(self, alpha: float) -> float:
        return -score_limit(-self.values, self.counts, reach=self.reach, alpha=alpha)

    def upper(self, alpha: float) -> float:
        return score_limit(self.values, self.counts, reach=self.reach, alpha=alpha)

    def p_below(self, bound: float) -> float:
        """p-value against a mean of at least `bound`."""
        return score_p_less(self.values, self.counts, reach=self.reach, bound=bound)

    def p_above(self, bound: float) -> float:
        """p-value against a mean of at most `bound`."""
        return score_p_less(-self.values, self.counts, reach=self.reach, bound=-bound)


def clopper_pearson(successes: int, n: int, *, alpha: float = ALPHA) -> tuple[float, float]:
    """Exact limits of a proportion (Clopper and Pearson 1934)."""
    if not 0 <= successes <= n or n == 0:
        raise StatisticsError(f"{successes} of {n} is not a proportion")
    lower = beta_quantile(alpha, successes, n - successes + 1) if successes else 0.0
    upper = beta_quantile(1 - alpha, successes + 1, n - successes) if successes < n else 1.0
    return lower, upper


def _upper_limit(x: Array, counts: Array, z: float) -> float:
    """The largest mean in [-1, 1] that the score test keeps."""
    n = float(counts.sum())
    shares = counts / n
    mean = dot(shares, x)

    def excess(r: float) -> float:
        tilted, variance = _tilted_moments(x, shares, r)
        return n * (tilted - mean) ** 2 - z * z * variance

    if _top_is_seen(x, shares):
        if mean >= 1:
            return 1.0
    else:
        tilted, variance = _tilted_moments(x, shares, 1.0)
        at_end = n * (tilted - mean) ** 2 - z * z * variance
        if at_end <= _ROUNDING:
            return _limit_with_mass_on_top(n, mean, tilted, variance, at_end, z)
    return _tilted_moments(x, shares, _tilt_where(excess))[0]


def _limit_with_mass_on_top(
    n: float, mean: float, tilted: float, variance: float, at_end: float, z: float
) -> float:
    """Root of n(m - mean)^2 = z^2 Var(m), where m mixes the end fit with a mass on 1."""
    rise = 1 - tilted
    square = variance + tilted**2
    a = (n + z * z) * rise**2
    b = 2 * rise * ((n + z * z) * tilted - n * mean) - z * z * (1 - square)
    mass = (-b + math.sqrt(max(b * b - 4 * a * at_end, 0.0))) / (2 * a)
    return tilted + min(mass, 1.0) * rise


def _variance_at(x: Array, shares: Array, supposed: float) -> float:
    """Variance of the best fit whose mean is `supposed`, which is not below the observed."""
    if not _top_is_seen(x, shares):
        tilted, variance = _tilted_moments(x, shares, 1.0)
        if supposed >= tilted:
            mass = (supposed - tilted) / (1 - tilted)
            square = variance + tilted**2
            return square + mass * (1 - square) - supposed**2
    tilt = _tilt_where(lambda r: _tilted_moments(x, shares, r)[0] - supposed)
    return _tilted_moments(x, shares, tilt)[1]


def _tilt_where(rising: Callable[[float], float]) -> float:
    """The tilt at which a function turns from negative to positive."""
    if rising(0.0) >= 0:
        return 0.0
    if rising(_ALL_BUT_ONE) <= 0:
        return _ALL_BUT_ONE
    return crossing(rising, 0.0, _ALL_BUT_ONE)


def _top_is_seen(x: Array, shares: Array) -> bool:
    return bool(shares[x >= 1].sum() > 0)


def _tilted_moments(x: Array, shares: Array, r: float) -> tuple[float, float]:
    """Mean and variance of the fit at tilt `r`."""
    if r >= 1:
        x, shares = x[shares > 0], shares[shares > 0]
    raised = shares / (1 - r * x)
    raised /= raised.sum()
    mean = dot(raised, x)
    return mean, dot(raised, (x - mean) ** 2)
