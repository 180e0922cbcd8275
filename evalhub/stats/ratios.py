"""The ratio of two arms' means on the same items: its interval, and how it is tested.

A ratio r is tested by the paired difference candidate - r·baseline, whose mean is 0 where r is
right. Fieller's interval is the set of the ratios that Student's t doesn't reject so.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.clusters import clustered_mean, dot
from evalhub.stats.distributions import t_cdf, t_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import check_alpha, score_limit, score_p_less
from evalhub.stats.levels import ALPHA
from evalhub.stats.paired import compare, p_one_sided
from evalhub.stats.pairs import Labels, line_up
from evalhub.stats.relative import exact_p, nominal_level

# With fewer items than this, or fewer clusters, no interval of a ratio is given; by simulated
# coverage with the skew that latencies have.
FEWEST = 8
# Clusters of times are skewed, and t is then too sure with few of them: by simulated coverage half
# the degrees of freedom make good for it, from 8 clusters on.
_OF_CLUSTERS = 0.5
# Where every item has the same ratio, fewer items than this say too little of the next one.
FEWEST_ALIKE = 50
_ROUNDING = 1e-20


@dataclass(frozen=True, slots=True)
class Ratio:
    """`ratio` is mean(candidate)/mean(baseline), and `lower` and `upper` enclose it.

    `alpha` is the error rate of the lower end, `upper_alpha` that of the upper. An end is None
    where that side is unbounded: too few items to tell, or a baseline whose mean can't be told
    from 0. `clusters` is None where none were given.
    """

    n: int
    clusters: int | None
    ratio: float
    lower: float | None
    upper: float | None
    alpha: float
    upper_alpha: float
    method: str


@dataclass(frozen=True, slots=True)
class Contrast:
    """The mean of candidate - factor·baseline; `lower` and `upper` enclose it.

    `sd` is that of the items' values, `design_effect` their variance against independent items of
    equal weight, at least 1.
    """

    mean: float
    lower: float
    upper: float
    sd: float
    design_effect: float
    method: str


def contrast(
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    factor: float,
    clusters: Labels | None = None,
    weights: ArrayLike | None = None,
    alpha: float = ALPHA,
    upper_alpha: float | None = None,
    bounds: tuple[float, float] | None = None,
    exact_at: float | None = None,
    bounded_tails: bool = False,
) -> Contrast:
    """How far the candidate lies above `factor` times the baseline, item by item.

    Of yes/no scores that stand alone the interval is the score test's, with the variance of the
    best fit under the mean supposed: it takes the place of Tango's for a ratio (Nam and Blackwelder
    2002, Statistics in Medicine 21:689), since few discordant items make Student's t too sure. With
    some tens of items it may err by half its level more; with `exact_at`, the factor that is in
    question, its ends hold their levels there (evalhub.stats.relative). Else it is compare()'s of
    factor·baseline with the candidate. Shapes, levels, `bounded_tails` and errors as there.
    """
    upper_alpha = alpha if upper_alpha is None else upper_alpha
    check_alpha(alpha)
    check_alpha(upper_alpha)
    outcomes = _yes_no(baseline, candidate, factor, clusters, weights)
    if outcomes is None:
        other = compare(
            factor * np.asarray(baseline, dtype=float),
            candidate,
            clusters=clusters,
            weights=weights,
            alpha=alpha,
            upper_alpha=upper_alpha,
            bounds=_scale_of(bounds, factor),
            bounded_tails=bounded_tails,
        )
        return Contrast(
            other.difference, other.lower, other.upper, other.sd, other.design_effect, other.method
        )
    values, counts = outcomes
    n = counts.sum()
    if exact_at is not None:
        alpha = nominal_level(int(n), exact_at, "greater", alpha)
        upper_alpha = nominal_level(int(n), exact_at, "less", upper_alpha)
    mean = dot(counts, values) / n
    spread = dot(counts, (values - mean) ** 2)
    reach = max(1.0, factor)
    lower = -score_limit(-values, counts, reach=reach, alpha=alpha)
    upper = score_limit(values, counts, reach=reach, alpha=upper_alpha)
    sd = math.sqrt(spread / (n - 1)) if n > 1 else 0.0
    return Contrast(mean, min(lower, mean), max(upper, mean), sd, 1.0, "score interval")


def p_contrast(
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    factor: float,
    alternative: Literal["less", "greater"],
    clusters: Labels | None = None,
    weights: ArrayLike | None = None,
    bounds: tuple[float, float] | None = None,
    exact_at: float | None = None,
    bounded_tails: bool = False,
) -> float:
    """p-value against a mean of candidate - factor·baseline of at least 0 (alternative "less") or
    at most 0 ("greater"), by the test that contrast()'s interval inverts, `exact_at` as there."""
    outcomes = _yes_no(baseline, candidate, factor, clusters, weights)
    if outcomes is None:
        scaled = factor * np.asarray(baseline, dtype=float)
        return p_one_sided(
            scaled,
            candidate,
            bound=0.0,
            alternative=alternative,
            clusters=clusters,
            weights=weights,
            bounds=_scale_of(bounds, factor),
            bounded_tails=bounded_tails,
        )
    values, counts = outcomes
    sign = 1.0 if alternative == "less" else -1.0
    p = score_p_less(sign * values, counts, reach=max(1.0, factor), bound=0.0)
    return p if exact_at is None else exact_p(int(counts.sum()), exact_at, alternative, p)


def _scale_of(bounds: tuple[float, float] | None, factor: float) -> tuple[float, float] | None:
    """The scale on which both the candidate's scores and factor times the baseline's lie."""
    if bounds is None:
        return None
    low, high = bounds
    return min(low, factor * low), max(high, factor * high)


def _yes_no(
    baseline: ArrayLike,
    candidate: ArrayLike,
    factor: float,
    clusters: Labels | None,
    weights: ArrayLike | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """The values of candidate - factor·baseline and their counts; None unless both arms have one
    yes/no score an item, and the items stand alone."""
    pairs = line_up(baseline, candidate, clusters, weights)
    if not (pairs.binary and pairs.plain):
        return None
    values = np.array([0.0, -factor, 1.0, 1.0 - factor])
    kinds = (pairs.baseline + 2 * pairs.candidate).astype(np.intp)
    return values, np.bincount(kinds, minlength=4).astype(float)


@dataclass(frozen=True, slots=True)
class _Means:
    """Means, their variances and covariance (CR2 over clusters), and the degrees of freedom."""

    n: int
    clusters: int | None
    base: float
    tuned: float
    base_variance: float
    tuned_variance: float
    covariance: float
    df: float

    @property
    def reason_unlimited(self) -> str | None:
        """Why the data don't say how the ratio varies; None where they do."""
        if self.n < FEWEST:
            return f"no interval of a ratio from fewer than {FEWEST} items"
        if (self.clusters is not None and self.clusters < FEWEST) or self.df <= 0:
            return f"no interval of a ratio from fewer than {FEWEST} clusters"
        ratio = self.tuned / self.base
        if self.n < FEWEST_ALIKE and self.spread(ratio) <= _ROUNDING * self.tuned**2:
            return f"no interval of a ratio that {self.n} items have alike, below {FEWEST_ALIKE}"
        return None

    def spread(self, ratio: float) -> float:
        """The variance of the mean of candidate - ratio·baseline."""
        cross = 2 * ratio * self.covariance
        return max(self.tuned_variance - cross + ratio**2 * self.base_variance, 0.0)


def ratio_of_means(
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    clusters: Labels | None = None,
    weights: ArrayLike | None = None,
    alpha: float = ALPHA,
    upper_alpha: float | None = None,
) -> Ratio:
    """The ratio of two arms' means, (n,) or (n, samples), row i of both being item i.

    `alpha` and `upper_alpha` are the error rates of the two ends, as in compare().

    Fieller (1954, J. R. Stat. Soc. B 16:175): the ratios r at which candidate - r·baseline has
    a mean that t(df) doesn't tell from 0, so the interval holds at any correlation of the arms
    and lies wholly below r just when that test says so. Variances are CR2 over `clusters` (n,),
    whose degrees of freedom are halved, on the safe side; `weights` (n,) count an item more or
    less. Raises StatisticsError for negative values, for a
    baseline whose mean is 0, and for values that are missing, infinite or not aligned.
    """
    upper_alpha = alpha if upper_alpha is None else upper_alpha
    check_alpha(alpha)
    check_alpha(upper_alpha)
    means = _means(baseline, candidate, clusters, weights)
    ratio = means.tuned / means.base
    over = "" if means.clusters is None else f" over {means.clusters} clusters"
    lower, upper, method = None, None, f"Fieller{over}, t({means.df:.3g})"
    if means.reason_unlimited is not None:
        method = means.reason_unlimited
    else:
        lower, _ = _limits(means, t_quantile(1 - alpha, means.df))
        _, upper = _limits(means, t_quantile(1 - upper_alpha, means.df))
    return Ratio(
        n=means.n,
        clusters=means.clusters,
        ratio=ratio,
        lower=None if lower is None else min(lower, ratio),
        upper=None if upper is None else max(upper, ratio),
        alpha=alpha,
        upper_alpha=upper_alpha,
        method=method,
    )


def p_ratio_at_most(
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    bound: float,
    clusters: Labels | None = None,
    weights: ArrayLike | None = None,
) -> float:
    """p-value against "the ratio is at most `bound`": at most alpha just when the interval of
    ratio_of_means() at that alpha lies wholly above `bound`; 1 where there is no interval."""
    if not (math.isfinite(bound) and bound > 0):
        raise StatisticsError(f"a ratio's bound is above 0, not {bound}")
    return _p_ratio(_means(baseline, candidate, clusters, weights), bound, 1.0)


def p_ratio_at_least(
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    bound: float,
    clusters: Labels | None = None,
    weights: ArrayLike | None = None,
) -> float:
    """p-value against "the ratio is at least `bound`", as p_ratio_at_most()'s on the other side."""
    if not (math.isfinite(bound) and bound > 0):
        raise StatisticsError(f"a ratio's bound is above 0, not {bound}")
    return _p_ratio(_means(baseline, candidate, clusters, weights), bound, -1.0)


def _p_ratio(means: _Means, bound: float, sign: float) -> float:
    """p-value against a ratio on the other side of `bound`: sign 1 against at most, −1 at least."""
    if means.reason_unlimited is not None:
        return 1.0
    gap, spread = sign * (means.tuned - bound * means.base), means.spread(bound)
    if spread <= 0:
        return float(gap <= 0)
    return t_cdf(-gap / math.sqrt(spread), means.df)


def _means(
    baseline: ArrayLike,
    candidate: ArrayLike,
    clusters: Labels | None,
    weights: ArrayLike | None,
) -> _Means:
    pairs = line_up(baseline, candidate, clusters, weights)
    low = min(float(pairs.baseline.min()), float(pairs.candidate.min()))
    if low < 0:
        raise StatisticsError(f"a ratio is of values of 0 or more, and one is {low:g}")
    labels = None if pairs.plain else pairs.clusters

    def mean(values: NDArray[np.float64]) -> tuple[float, float, float]:
        estimate = clustered_mean(values, labels, pairs.weights)
        return estimate.mean, estimate.se**2, estimate.df

    base, base_variance, df = mean(pairs.baseline)
    tuned, tuned_variance, _ = mean(pairs.candidate)
    if base <= 0:
        raise StatisticsError("the baseline's mean is 0: nothing can be a share of it")
    if math.isfinite(base_variance) and math.isfinite(tuned_variance):
        # In units of each mean, so that neither arm's scale drowns the other's.
        shares = pairs.candidate / (tuned or 1.0) + pairs.baseline / base
        both = mean(shares)[1] - tuned_variance / (tuned or 1.0) ** 2 - base_variance / base**2
        covariance = both / 2 * base * (tuned or 1.0)
    else:
        covariance, df = 0.0, 0.0
    if labels is not None:
        df *= _OF_CLUSTERS
    return _Means(
        n=pairs.differences.size,
        clusters=None if labels is None else int(labels.max()) + 1,
        base=base,
        tuned=tuned,
        base_variance=base_variance,
        tuned_variance=tuned_variance,
        covariance=covariance,
        df=df,
    )


def _limits(means: _Means, t: float) -> tuple[float | None, float | None]:
    """Roots of (tuned - r·base)² = t²·(variance of tuned - r·base); none where it has no two."""
    a = means.base**2 - t * t * means.base_variance
    b = means.tuned * means.base - t * t * means.covariance
    c = means.tuned**2 - t * t * means.tuned_variance
    if a <= 0:
        return None, None
    root = math.sqrt(max(b * b - a * c, 0.0))
    return max((b - root) / a, 0.0), (b + root) / a
