"""The ratio of two arms' quantiles on the same items, such as the 95th percentiles of their times.

Each arm's quantile has limits of its own: order statistics, whose ranks follow from the binomial
distribution (exact for independent items whatever the shape of their values), at the effective
number of items where these come in clusters or with weights (Woodruff 1952, J. Am. Stat. Assoc.
47:635; Korn and Graubard 1998, Survey Methodology 24:193). The two are put together by MOVER on
the log scale (Donner and Zou 2012, Stat. Methods Med. Res. 21:347). No density is estimated: in the
tail, where few values lie, a normal approximation would need thousands of items.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.clusters import (
    ENOUGH_DIFFERENCES,
    assumed_design_effect,
    clustered_mean,
    dot,
)
from evalhub.stats.distributions import binomial_cdf, normal_quantile, t_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import check_alpha
from evalhub.stats.levels import ALPHA
from evalhub.stats.pairs import Labels, line_up

Array = NDArray[np.float64]

# What a product of floats leaves beside a whole rank is no rank more.
_ROUNDING = 1e-9
# How finely ranks (a share of their number) and levels (as logarithms) are searched.
_RANK, _LEVEL = 1e-7, 1e-3
_SMALLEST_P, _LARGEST_P = 1e-7, 0.499
# The level whose limit lies one standard error away.
_ONE_ERROR = 0.1587


@dataclass(frozen=True, slots=True)
class QuantileRatio:
    """`ratio` is the candidate's quantile over the baseline's; `lower` and `upper` enclose it, each
    at its one-sided level. `upper` is None where there are too few items for one, and `method`
    then says how many would do.

    `sd` is that of a single item: the ratio's logarithm varies by sd·sqrt(design_effect/n); 0 where
    it can't be told.
    """

    n: int
    clusters: int | None
    baseline: float
    candidate: float
    ratio: float
    lower: float
    upper: float | None
    sd: float
    design_effect: float
    method: str


def fewest_items(quantile: float, alpha: float = ALPHA) -> int:
    """How many independent items it takes for a limit above a quantile: with fewer, the chance
    quantile^n that every one of them lies below it is above `alpha`."""
    return math.ceil(math.log(alpha) / math.log(quantile) - _ROUNDING)


def ratio_of_quantiles(
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    quantile: float,
    clusters: Labels | None = None,
    weights: ArrayLike | None = None,
    alpha: float = ALPHA,
    upper_alpha: float | None = None,
) -> QuantileRatio:
    """The ratio of two arms' quantiles, values of shape (n,) or (n, samples), row i of both being
    item i. Every sample is a value; an item's samples are of one cluster.

    `alpha` is the one-sided level of the lower end, `upper_alpha` of the upper (None: the same).
    The errors of the two quantiles are taken for as opposed as they can be: two events of chance
    1 − q aren't correlated below −(1 − q)/q, and in clusters below what is seen. So the interval
    is wider than it must be where the same items are slow in both arms.

    Raises StatisticsError for negative values, for a baseline whose quantile is 0, and for values
    that are missing, infinite or not aligned.
    """
    upper_alpha = alpha if upper_alpha is None else upper_alpha
    check_alpha(alpha)
    check_alpha(upper_alpha)
    pair = _pair(baseline, candidate, quantile, clusters, weights)
    upper = pair.upper(upper_alpha)
    over = "" if pair.clusters is None else f" over {pair.clusters} clusters"
    return QuantileRatio(
        n=pair.n,
        clusters=pair.clusters,
        baseline=pair.baseline.estimate,
        candidate=pair.candidate.estimate,
        ratio=pair.ratio,
        lower=pair.lower(alpha),
        upper=upper,
        sd=pair.sd(upper_alpha),
        design_effect=pair.design_effect,
        method=pair.untold(upper_alpha) if upper is None else f"order statistics, MOVER{over}",
    )


def p_quantile_ratio(
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    quantile: float,
    bound: float,
    alternative: Literal["less", "greater"],
    clusters: Labels | None = None,
    weights: ArrayLike | None = None,
) -> float:
    """p-value against a ratio of at least `bound` (alternative "less") or at most ("greater"): the
    level at which that end of ratio_of_quantiles() passes it; 1 where none below a half does."""
    if not (math.isfinite(bound) and bound > 0):
        raise StatisticsError(f"a ratio's bound is above 0, not {bound}")
    pair = _pair(baseline, candidate, quantile, clusters, weights)

    def rejects(alpha: float) -> bool:
        if alternative == "greater":
            return pair.lower(alpha) > bound
        upper = pair.upper(alpha)
        return upper is not None and upper < bound

    return _smallest_level(rejects)


def _smallest_level(rejects: Callable[[float], bool]) -> float:
    """The smallest level at which a test rejects, by bisection of its logarithm."""
    low, high = math.log(_SMALLEST_P), math.log(_LARGEST_P)
    if not rejects(_LARGEST_P):
        return 1.0
    while high - low > _LEVEL:
        middle = (low + high) / 2
        low, high = (low, middle) if rejects(math.exp(middle)) else (middle, high)
    return math.exp(high)


@dataclass(frozen=True, slots=True)
class _Arm:
    """One arm's values, ascending, and the share of all that lies at or below each, both (m,).

    `residuals` are the sums, by cluster, of what lies above the estimate.
    """

    values: Array
    shares: Array
    quantile: float
    estimate: float
    design_effect: float
    df: float
    residuals: Array

    def upper(self, alpha: float) -> float | None:
        """What the quantile lies above with a chance of at most `alpha`."""
        size = self.size(alpha)
        rank = _rank(size, self.quantile, 1 - alpha)
        return None if rank is None else _value_at(self.values, self.shares, rank / size)

    def lower(self, alpha: float) -> float:
        """What the quantile lies below with a chance of at most `alpha`; 0 at least."""
        size = self.size(alpha)
        rank = _rank(size, self.quantile, alpha)
        share = 0.0 if rank is None else rank / size
        reached = int(np.searchsorted(self.shares, share + _ROUNDING, side="right"))
        return float(self.values[reached - 1]) if reached else 0.0

    def size(self, alpha: float) -> float:
        """How many independent values these are worth at this level."""
        if self.df <= 0:
            return 0.0
        sure = normal_quantile(1 - alpha) / t_quantile(1 - alpha, self.df)
        return len(self.values) / self.design_effect * sure**2


def _value_at(values: Array, shares: Array, share: float) -> float:
    """The smallest value up to which at least this share lies."""
    first = int(np.searchsorted(shares, share - _ROUNDING, side="left"))
    return float(values[min(first, len(values) - 1)])


@lru_cache(4096)
def _rank(size: float, quantile: float, chance: float) -> float | None:
    """The rank k in [1, size], not always whole, with P(at most k − 1 of `size` values lie below
    the quantile) = `chance`; None where there is none."""
    low, high = 0.0, size - 1
    if high < 0 or not (
        binomial_cdf(low, size, quantile) <= chance <= binomial_cdf(high, size, quantile)
    ):
        return None
    while high - low > _RANK * size:
        middle = (low + high) / 2
        small = binomial_cdf(middle, size, quantile) < chance
        low, high = (middle, high) if small else (low, middle)
    return high + 1


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both arms, and how the errors of their quantiles are correlated at worst."""

    n: int
    clusters: int | None
    baseline: _Arm
    candidate: _Arm
    correlation: float

    @property
    def ratio(self) -> float:
        return self.candidate.estimate / self.baseline.estimate

    @property
    def design_effect(self) -> float:
        return max(self.baseline.design_effect, self.candidate.design_effect)

    def lower(self, alpha: float) -> float:
        """The ratio's lower limit, 0 at least."""
        down, up = self.candidate.lower(alpha), self.baseline.upper(alpha)
        if up is None or down <= 0:
            return 0.0
        reach = self._joined(self.candidate.estimate / down, up / self.baseline.estimate)
        return self.ratio * math.exp(-reach)

    def upper(self, alpha: float) -> float | None:
        """The ratio's upper limit; None where there are too few items for one."""
        up, down = self.candidate.upper(alpha), self.baseline.lower(alpha)
        if up is None or down <= 0:
            return None
        if self.candidate.estimate <= 0:
            return up / down
        reach = self._joined(up / self.candidate.estimate, self.baseline.estimate / down)
        return self.ratio * math.exp(reach)

    def _joined(self, one: float, other: float) -> float:
        """How far the ratio's logarithm reaches, of two independent parts' reaches."""
        a, b = math.log(one), math.log(other)
        return math.sqrt(a * a + b * b - 2 * self.correlation * a * b)

    def sd(self, alpha: float) -> float:
        """A single item's part in how the ratio's logarithm varies, by the width at this level, or
        where there is none by one standard error's; 0 where there isn't that either."""
        for level in (alpha, _ONE_ERROR):
            upper = self.upper(level)
            if upper is not None and self.ratio > 0:
                error = math.log(upper / self.ratio) / normal_quantile(1 - level)
                return error * math.sqrt(self.n / self.design_effect)
        return 0.0

    def untold(self, alpha: float) -> str:
        """Why there is no upper limit, and how many items would give one."""
        of = f"no interval of a {self.candidate.quantile:.0%} quantile"
        size = min(self.baseline.size(alpha), self.candidate.size(alpha))
        if size <= 0:
            return f"{of} from one cluster"
        fewest = fewest_items(self.candidate.quantile, alpha)
        if size >= fewest:
            return f"{of} beside a baseline's that can't be told from 0"
        such = "" if self.design_effect <= 1 else " such as these"
        return f"{of} from fewer than {math.ceil(fewest * self.n / size)} items{such}"


def _pair(
    baseline: ArrayLike,
    candidate: ArrayLike,
    quantile: float,
    clusters: Labels | None,
    weights: ArrayLike | None,
) -> _Pair:
    """Both arms' values lined up, each sample by itself."""
    if not 0.5 < quantile < 1:
        raise StatisticsError(f"a quantile of costs lies between 0.5 and 1, not at {quantile}")
    pairs = line_up(baseline, candidate, clusters, weights)
    labels = None if pairs.plain else pairs.clusters
    base = _arm(baseline, quantile, labels, pairs.weights)
    tuned = _arm(candidate, quantile, labels, pairs.weights)
    if base.estimate <= 0:
        raise StatisticsError("the baseline's quantile is 0: nothing can be a share of it")
    opposed = -(1 - quantile) / quantile
    spread = math.sqrt(dot(base.residuals, base.residuals) * dot(tuned.residuals, tuned.residuals))
    if spread > 0:
        opposed = min(opposed, dot(base.residuals, tuned.residuals) / spread)
    return _Pair(
        n=pairs.differences.size,
        clusters=None if labels is None else int(labels.max()) + 1,
        baseline=base,
        candidate=tuned,
        correlation=opposed,
    )


def _arm(
    scores: ArrayLike, quantile: float, labels: NDArray[np.intp] | None, weights: Array | None
) -> _Arm:
    values = np.asarray(scores, dtype=float)
    items, samples = len(values), values.size // len(values)
    values = values.ravel()
    if values.min() < 0:
        raise StatisticsError(f"a ratio is of values of 0 or more, and one is {values.min():g}")
    if samples > 1:
        labels = np.repeat(np.arange(items) if labels is None else labels, samples)
        weights = None if weights is None else np.repeat(weights, samples)
    order = np.argsort(values, kind="stable")
    counts = np.ones(values.size) if weights is None else weights[order]
    ordered, shares = values[order], np.cumsum(counts) / counts.sum()
    estimate = _value_at(ordered, shares, quantile)
    above = (values > estimate).astype(float)
    found = clustered_mean(above, labels, weights)
    plain = labels is None and weights is None
    effect = 1.0 if plain else max(found.design_effect, 1.0)
    if not plain and above.sum() < ENOUGH_DIFFERENCES:
        effect = max(effect, assumed_design_effect(values.size, labels, weights))
    return _Arm(
        values=ordered,
        shares=shares,
        quantile=quantile,
        estimate=estimate,
        design_effect=effect,
        df=math.inf if plain else found.df,
        residuals=found.sums,
    )
