"""The ratio of two arms' quantiles on the same items, such as the 95th percentiles of their times.

Each arm's quantile has limits of its own: order statistics, whose ranks follow from the binomial
distribution (exact for independent items whatever the shape of their values), at the effective
number of items where these come in clusters or with weights (Woodruff 1952, J. Am. Stat. Assoc.
47:635; Korn and Graubard 1998, Survey Methodology 24:193), between which ranks that aren't whole
are interpolated (Hettmansperger and Sheather 1986, Stat. Probab. Lett. 4:75). The two are put
together by MOVER on the log scale (Donner and Zou 2012, Stat. Methods Med. Res. 21:347) with the
correlation that exceeding one's quantile has in both arms. No density is estimated: in the tail,
where few values lie, a normal approximation would need thousands of items.

MOVER trusts that correlation: where the values have a gap just at the quantile, few items decide on
which side of it each arm's lies, and nearly all of them are slow in both. So no end is narrower
than a likelihood ratio test of both arms together leaves it (`exceedances`) at three quarters of
its z; the share is by simulation, in docs/verdict-rates.md.
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
from evalhub.stats.exceedances import Exceedances
from evalhub.stats.intervals import check_alpha
from evalhub.stats.levels import ALPHA
from evalhub.stats.pairs import Labels, line_up

Array = NDArray[np.float64]

# What a product of floats leaves beside a whole rank is no rank more.
_ROUNDING = 1e-9
# How finely ranks (a share of their number) and levels (as logarithms) are searched.
_RANK, _LEVEL = 1e-7, 1e-3
_SMALLEST_P, _LARGEST_P = 1e-7, 0.499
# The share of its z that the test of both arms together must reach; by simulation.
_JOINT = 0.75
# How finely that test's limits are searched, in logarithms of the ratio, and how far.
_FINE, _FAR = 1e-9, 64
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
    Where the same items are slow in both arms, the interval is the narrower. With clusters the
    arms count as correlated as their items or their clusters are, whichever is less.

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
    return _smallest_level(pair.rejecting(bound, alternative))


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

    `residuals` are the sums, by cluster, of what lies above the estimate, `of_items` by item.
    """

    values: Array
    shares: Array
    quantile: float
    estimate: float
    design_effect: float
    df: float
    residuals: Array
    of_items: Array

    def upper(self, alpha: float) -> float | None:
        """What the quantile lies above with a chance of at most `alpha`."""
        size = self.size(alpha)
        rank = _rank(size, self.quantile, 1 - alpha)
        return None if rank is None else self._between(rank / size)

    def lower(self, alpha: float) -> float:
        """What the quantile lies below with a chance of at most `alpha`; 0 at least."""
        size = self.size(alpha)
        rank = _rank(size, self.quantile, alpha)
        if rank is None or rank / size < self.shares[0] - _ROUNDING:
            return 0.0
        return self._between(rank / size)

    def _between(self, share: float) -> float:
        """The value up to which this share lies, between two of them on the log scale; beside a 0
        the larger."""
        first = int(np.searchsorted(self.shares, share - _ROUNDING, side="left"))
        last = min(first, len(self.values) - 1)
        value, before = float(self.values[last]), float(self.values[max(last - 1, 0)])
        if before <= 0 or before == value:
            return value
        step = float(self.shares[last] - self.shares[last - 1])
        part = min(max((share - float(self.shares[last - 1])) / step, 0.0), 1.0)
        return float(before * (value / before) ** part)

    @property
    def worth(self) -> float:
        """How many independent values these are worth."""
        return len(self.values) / self.design_effect

    def size(self, alpha: float) -> float:
        """The same at a level, where clusters are few."""
        if self.df <= 0:
            return 0.0
        sure = normal_quantile(1 - alpha) / t_quantile(1 - alpha, self.df)
        return self.worth * sure**2


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
    """Both arms, how exceeding their quantiles is correlated, and both together: for "the ratio is
    at least" (`at_least`, the baseline first) and "at most" (`at_most`, the candidate first)."""

    n: int
    clusters: int | None
    baseline: _Arm
    candidate: _Arm
    correlation: float
    at_least: Exceedances
    at_most: Exceedances

    @property
    def ratio(self) -> float:
        return self.candidate.estimate / self.baseline.estimate

    @property
    def design_effect(self) -> float:
        return max(self.baseline.design_effect, self.candidate.design_effect)

    def lower(self, alpha: float) -> float:
        """The ratio's lower limit, 0 at least."""
        limit = self._lower_of_ranks(alpha)
        return 1 / self._kept(self.at_most, 1 / limit, alpha) if limit > 0 else 0.0

    def upper(self, alpha: float) -> float | None:
        """The ratio's upper limit; None where there are too few items for one."""
        limit = self._upper_of_ranks(alpha)
        return None if limit is None else self._kept(self.at_least, limit, alpha)

    def rejecting(
        self, bound: float, alternative: Literal["less", "greater"]
    ) -> Callable[[float], bool]:
        """Whether the end on the alternative's side of `bound` passes it, by the level."""
        less = alternative == "less"
        deviance = self.at_least.deviance(bound) if less else self.at_most.deviance(1 / bound)

        def rejects(alpha: float) -> bool:
            if less:
                limit = self._upper_of_ranks(alpha)
                passed = limit is not None and limit < bound
            else:
                passed = self._lower_of_ranks(alpha) > bound
            return passed and self._reaches(deviance, alpha)

        return rejects

    def _lower_of_ranks(self, alpha: float) -> float:
        down, up = self.candidate.lower(alpha), self.baseline.upper(alpha)
        if up is None or down <= 0:
            return 0.0
        reach = self._joined(self.candidate.estimate / down, up / self.baseline.estimate)
        return self.ratio * math.exp(-reach)

    def _upper_of_ranks(self, alpha: float) -> float | None:
        up, down = self.candidate.upper(alpha), self.baseline.lower(alpha)
        if up is None or down <= 0:
            return None
        if self.candidate.estimate <= 0:
            return up / down
        reach = self._joined(up / self.candidate.estimate, self.baseline.estimate / down)
        return self.ratio * math.exp(reach)

    def _reaches(self, deviance: float, alpha: float) -> bool:
        """Whether both arms together rule out what has this deviance."""
        size = min(self.baseline.size(alpha), self.candidate.size(alpha))
        due = _JOINT * normal_quantile(1 - alpha)
        return size * deviance >= due * due

    def _kept(self, both: Exceedances, ratio: float, alpha: float) -> float:
        """The smallest ratio from this one on that both arms together rule out."""

        def passed(at: float) -> bool:
            return self._reaches(both.deviance(math.exp(at)), alpha)

        low, step = math.log(ratio), 0.1
        if passed(low + _FINE):
            return ratio
        while not passed(low + step) and step < _FAR:
            low, step = low + step, 2 * step
        high = low + step
        while high - low > _FINE:
            middle = (low + high) / 2
            low, high = (low, middle) if passed(middle) else (middle, high)
        return math.exp(high)

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
    one, other = (np.asarray(scores, dtype=float) for scores in (baseline, candidate))
    worth = min(base.worth, tuned.worth)
    return _Pair(
        n=pairs.differences.size,
        clusters=None if labels is None else int(labels.max()) + 1,
        baseline=base,
        candidate=tuned,
        correlation=min(
            _correlation(base.residuals, tuned.residuals),
            _correlation(base.of_items, tuned.of_items),
        ),
        at_least=_together(one, other, quantile, pairs.weights, worth),
        at_most=_together(other, one, quantile, pairs.weights, worth),
    )


def _correlation(one: Array, other: Array) -> float:
    spread = math.sqrt(dot(one, one) * dot(other, other))
    return dot(one, other) / spread if spread > 0 else 0.0


def _together(
    first: Array, second: Array, quantile: float, weights: Array | None, size: float
) -> Exceedances:
    """Pairs of values, sample beside sample; where one arm has more, an item's go around."""
    samples = math.lcm(first.size // len(first), second.size // len(second))
    pairs = [np.tile(arm.reshape(len(arm), -1), samples) for arm in (first, second)]
    one, other = (pair[:, :samples].ravel() for pair in pairs)
    counts = np.ones(len(first)) if weights is None else weights
    shares = np.repeat(counts / (counts.sum() * samples), samples)
    return Exceedances(one, other, shares, 1 - quantile, size)


def _arm(
    scores: ArrayLike, quantile: float, labels: NDArray[np.intp] | None, weights: Array | None
) -> _Arm:
    values = np.asarray(scores, dtype=float)
    items, samples = len(values), values.size // len(values)
    own: NDArray[np.intp] | None = None
    values = values.ravel()
    if values.min() < 0:
        raise StatisticsError(f"a ratio is of values of 0 or more, and one is {values.min():g}")
    if samples > 1:
        own = np.repeat(np.arange(items), samples)
        labels = own if labels is None else np.repeat(labels, samples)
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
        of_items=clustered_mean(above, own, weights).sums,
    )
