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
its z; the share is by simulation, in docs/reference/verdict-rates.md.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.arm_quantile import ROUNDING, ArmQuantile, arm_quantile
from evalhub.stats.clusters import (
    dot,
)
from evalhub.stats.distributions import normal_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.exceedances import Exceedances
from evalhub.stats.intervals import check_alpha
from evalhub.stats.levels import ALPHA
from evalhub.stats.pairs import Labels, line_up

Array = NDArray[np.float64]

# How finely levels are searched, as logarithms.
_LEVEL = 1e-3
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
    return math.ceil(math.log(alpha) / math.log(quantile) - ROUNDING)


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
        method=pair.reason_unlimited(upper_alpha)
        if upper is None
        else f"order statistics, MOVER{over}",
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
class _Pair:
    """Both arms, how exceeding their quantiles is correlated, and both together: for "the ratio is
    at least" (`at_least`, the baseline first) and "at most" (`at_most`, the candidate first)."""

    n: int
    clusters: int | None
    baseline: ArmQuantile
    candidate: ArmQuantile
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
        return 1 / self._smallest_ratio(self.at_most, 1 / limit, alpha) if limit > 0 else 0.0

    def upper(self, alpha: float) -> float | None:
        """The ratio's upper limit; None where there are too few items for one."""
        limit = self._upper_of_ranks(alpha)
        return None if limit is None else self._smallest_ratio(self.at_least, limit, alpha)

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
        reach = self._joint_reach(self.candidate.estimate / down, up / self.baseline.estimate)
        return self.ratio * math.exp(-reach)

    def _upper_of_ranks(self, alpha: float) -> float | None:
        up, down = self.candidate.upper(alpha), self.baseline.lower(alpha)
        if up is None or down <= 0:
            return None
        if self.candidate.estimate <= 0:
            return up / down
        reach = self._joint_reach(up / self.candidate.estimate, self.baseline.estimate / down)
        return self.ratio * math.exp(reach)

    def _reaches(self, deviance: float, alpha: float) -> bool:
        """Whether both arms together rule out what has this deviance."""
        size = min(self.baseline.size(alpha), self.candidate.size(alpha))
        due = _JOINT * normal_quantile(1 - alpha)
        return size * deviance >= due * due

    def _smallest_ratio(self, both: Exceedances, ratio: float, alpha: float) -> float:
        """The smallest ratio from this one on that both arms together rule out."""

        def passes(at: float) -> bool:
            return self._reaches(both.deviance(math.exp(at)), alpha)

        low, step = math.log(ratio), 0.1
        if passes(low + _FINE):
            return ratio
        while not passes(low + step) and step < _FAR:
            low, step = low + step, 2 * step
        high = low + step
        while high - low > _FINE:
            middle = (low + high) / 2
            low, high = (low, middle) if passes(middle) else (middle, high)
        return math.exp(high)

    def _joint_reach(self, one: float, other: float) -> float:
        """The log ratio's half width from those of its two parts and their correlation."""
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

    def reason_unlimited(self, alpha: float) -> str:
        """A sentence on why there is no upper limit, and how many items would give one."""
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
    base = arm_quantile(baseline, quantile, labels, pairs.weights)
    tuned = arm_quantile(candidate, quantile, labels, pairs.weights)
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
