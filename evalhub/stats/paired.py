"""Two arms on the same items: how much better is the candidate, and how sure is that.

The method follows the data and is named in the result:

- yes/no scores: Tango's score interval and McNemar's mid-p test;
- other scores while few differences carry the evidence: the bounded score interval (Tango's,
  for any values) and the sign-flip test;
- other scores: paired t;
- clusters or weights: CR2 with Student's t, no narrower than the bounded score interval at the
  effective sample size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.clusters import ClusteredMean, clustered_mean
from evalhub.stats.distributions import t_cdf, t_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import check_alpha, score_interval, score_p_less
from evalhub.stats.permutation import mcnemar_mid_p, sign_flip

Array = NDArray[np.float64]

# Below this many effective differences, the normal approximation is not relied on.
_ENOUGH_DIFFERENCES = 100
_ENOUGH_CLUSTERS = 20
# Correlation within clusters that is assumed where too few differences show it.
_ASSUMED_ICC = 0.3
_MOST_FLIPPED = 1000


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """`difference` is candidate - baseline; `lower` and `upper` enclose it at `level`."""

    n: int
    clusters: int | None
    baseline: float
    candidate: float
    difference: float
    lower: float
    upper: float
    level: float
    p_value: float
    wins: int
    losses: int
    ties: int
    sd: float
    design_effect: float
    method: str
    test: str


@dataclass(frozen=True, slots=True)
class VarianceSplit:
    """Where the variance of a difference comes from (Miller 2024, arXiv 2411.00640).

    With K_A and K_B samples an item the variance of the mean over n items is
    (between + within_baseline/K_A + within_candidate/K_B)/n.
    """

    between: float
    within_baseline: float
    within_candidate: float


@dataclass(frozen=True, slots=True)
class _Pairs:
    baseline: Array
    candidate: Array
    differences: Array
    clusters: NDArray[np.intp] | None
    weights: Array | None
    binary: bool
    reach: float


def compare(
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    clusters: Sequence[object] | NDArray[np.generic] | None = None,
    weights: ArrayLike | None = None,
    alpha: float = 0.025,
    bounds: tuple[float, float] | None = None,
) -> PairedComparison:
    """Compares two arms' scores, (n,) or (n, samples), row i of both being item i.

    `clusters` (n,) labels items that share a source; `weights` (n,) counts an item more or
    less; `alpha` is the error rate of each side of the interval. `bounds` is the scale that
    scores lie on; by default [0, 1], widened to hold the scores seen. Raises StatisticsError
    for scores that are missing, infinite, out of bounds or not aligned.
    """
    check_alpha(alpha)
    pairs = _pairs(baseline, candidate, clusters, weights, bounds)
    d = pairs.differences
    wins, losses = int(np.count_nonzero(d > 0)), int(np.count_nonzero(d < 0))
    fit = _Fit.of(pairs)
    lower, upper = fit.interval(alpha)
    p_value, test = fit.test(wins, losses)
    if pairs.weights is None:
        means = float(pairs.baseline.mean()), float(pairs.candidate.mean())
    else:
        share = pairs.weights / pairs.weights.sum()
        means = float(share @ pairs.baseline), float(share @ pairs.candidate)
    return PairedComparison(
        n=d.size,
        clusters=None if pairs.clusters is None else fit.mean.clusters,
        baseline=means[0],
        candidate=means[1],
        difference=fit.mean.mean,
        lower=min(lower, fit.mean.mean),
        upper=max(upper, fit.mean.mean),
        level=1 - 2 * alpha,
        p_value=p_value,
        wins=wins,
        losses=losses,
        ties=d.size - wins - losses,
        sd=float(d.std(ddof=1)) if d.size > 1 else 0.0,
        design_effect=fit.design_effect,
        method=fit.method,
        test=test,
    )


def p_one_sided(
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    bound: float,
    alternative: Literal["less", "greater"],
    clusters: Sequence[object] | NDArray[np.generic] | None = None,
    weights: ArrayLike | None = None,
    bounds: tuple[float, float] | None = None,
) -> float:
    """p-value against "the difference is at least `bound`" (alternative "less") or "at most
    `bound`" ("greater"). It is at most alpha just when compare()'s interval at that alpha lies
    wholly on the alternative's side of `bound`."""
    if not math.isfinite(bound):
        raise StatisticsError(f"the bound must be a finite difference, not {bound}")
    if alternative == "greater":
        baseline, candidate, bound = candidate, baseline, -bound
    return _Fit.of(_pairs(baseline, candidate, clusters, weights, bounds)).p_less(bound)


def variance_split(baseline: ArrayLike, candidate: ArrayLike) -> VarianceSplit:
    """Splits the variance of the difference of two arms sampled (n, K_A) and (n, K_B) times.

    `between` is what more items reduce and more samples don't; it is floored at 0. Raises
    StatisticsError with fewer than two items, or fewer than two samples of an item.
    """
    a, b = _scores(baseline, "baseline"), _scores(candidate, "candidate")
    for name, scores in (("baseline", a), ("candidate", b)):
        if scores.ndim != 2 or scores.shape[1] < 2:
            raise StatisticsError(f"{name}: the split needs two samples an item or more")
    if len(a) != len(b) or len(a) < 2:
        raise StatisticsError(f"the split needs two items or more in both, not {len(a)}, {len(b)}")
    within_a = float(a.var(axis=1, ddof=1).mean())
    within_b = float(b.var(axis=1, ddof=1).mean())
    total = float((b.mean(axis=1) - a.mean(axis=1)).var(ddof=1))
    between = total - within_a / a.shape[1] - within_b / b.shape[1]
    return VarianceSplit(max(between, 0.0), within_a, within_b)


@dataclass(frozen=True, slots=True)
class _Fit:
    """The chosen method: a t part, a bounded score part, or the wider of both."""

    pairs: _Pairs
    mean: ClusteredMean
    use_t: bool
    use_score: bool
    design_effect: float
    score_size: float
    method: str

    @classmethod
    def of(cls, pairs: _Pairs) -> "_Fit":
        mean = clustered_mean(pairs.differences, pairs.clusters, pairs.weights)
        n = float(pairs.differences.size)
        if pairs.clusters is None and pairs.weights is None:
            if pairs.binary:
                return cls(pairs, mean, False, True, 1.0, n, "Tango score interval")
            if _effective(mean.sums) < _ENOUGH_DIFFERENCES:
                return cls(pairs, mean, False, True, 1.0, n, "bounded score interval")
            return cls(pairs, mean, True, False, 1.0, n, "paired t")
        return cls._of_clusters(pairs, mean)

    @classmethod
    def _of_clusters(cls, pairs: _Pairs, mean: ClusteredMean) -> "_Fit":
        n = float(pairs.differences.size)
        if mean.df <= 0:
            return cls(pairs, mean, False, True, n, 1.0, "one cluster: bounded score interval of 1")
        name = "t" if pairs.clusters is None else f"CR2 over {mean.clusters} clusters, t"
        name += f"({mean.df:.3g})"
        if _effective(mean.sums) >= _ENOUGH_CLUSTERS:
            effect = max(mean.design_effect, 1.0)
            return cls(pairs, mean, True, False, effect, n / effect, name)
        effect = max(mean.design_effect, _assumed_design_effect(pairs))
        name += f", widened to the bounded score interval at an effective n of {n / effect:.3g}"
        return cls(pairs, mean, True, True, effect, n / effect, name)

    def interval(self, alpha: float) -> tuple[float, float]:
        lower, upper = math.inf, -math.inf
        if self.use_t:
            half = t_quantile(1 - alpha, self.mean.df) * self.mean.se
            lower, upper = self.mean.mean - half, self.mean.mean + half
        if self.use_score:
            values, counts = self._counted()
            limits = score_interval(values, counts, reach=self.pairs.reach, alpha=alpha)
            lower, upper = min(lower, limits[0]), max(upper, limits[1])
        return max(lower, -self.pairs.reach), min(upper, self.pairs.reach)

    def p_less(self, bound: float) -> float:
        p = 0.0
        if self.use_t:
            gap = self.mean.mean - bound
            p = t_cdf(gap / self.mean.se, self.mean.df) if self.mean.se > 0 else float(gap >= 0)
        if self.use_score:
            values, counts = self._counted()
            p = max(p, score_p_less(values, counts, reach=self.pairs.reach, bound=bound))
        return p

    def test(self, wins: int, losses: int) -> tuple[float, str]:
        """Two-sided p-value of no difference, and the test's name."""
        plain = self.pairs.clusters is None and self.pairs.weights is None
        if plain and self.pairs.binary:
            return mcnemar_mid_p(losses, wins), "mid-p McNemar"
        if plain and self.use_score and wins + losses <= _MOST_FLIPPED:
            return sign_flip(self.pairs.differences)
        mirrored = _Fit(
            _Pairs(
                self.pairs.candidate,
                self.pairs.baseline,
                -self.pairs.differences,
                self.pairs.clusters,
                self.pairs.weights,
                self.pairs.binary,
                self.pairs.reach,
            ),
            ClusteredMean(
                -self.mean.mean,
                self.mean.se,
                self.mean.df,
                self.mean.clusters,
                self.mean.design_effect,
                -self.mean.sums,
            ),
            self.use_t,
            self.use_score,
            self.design_effect,
            self.score_size,
            self.method,
        )
        return min(1.0, 2 * min(self.p_less(0.0), mirrored.p_less(0.0))), self.method

    def _counted(self) -> tuple[Array, Array]:
        """Distinct differences, and how often each was seen in terms of the effective size."""
        values, where = np.unique(self.pairs.differences, return_inverse=True)
        counts = np.bincount(where, self.pairs.weights, values.size).astype(float)
        return values, counts * (self.score_size / counts.sum())


def _effective(sums: Array) -> float:
    """How many of the residuals (or cluster sums) carry the variance: (sum s^2)^2/sum s^4.

    For yes/no scores with rare differences it is the number of discordant pairs.
    """
    squares = sums * sums
    fourth = float(squares @ squares)
    return float(squares.sum()) ** 2 / fourth if fourth > 0 else 0.0


def _assumed_design_effect(pairs: _Pairs) -> float:
    n = pairs.differences.size
    w = np.ones(n) if pairs.weights is None else pairs.weights
    effect = n * float(w @ w) / float(w.sum()) ** 2
    if pairs.clusters is not None:
        sizes = np.bincount(pairs.clusters, w) / w.sum() * n
        effect *= 1 + (float(sizes @ sizes) / n - 1) * _ASSUMED_ICC
    return min(max(effect, 1.0), float(n))


def _pairs(
    baseline: ArrayLike,
    candidate: ArrayLike,
    clusters: Sequence[object] | NDArray[np.generic] | None,
    weights: ArrayLike | None,
    bounds: tuple[float, float] | None,
) -> _Pairs:
    a, b = _scores(baseline, "baseline"), _scores(candidate, "candidate")
    if len(a) != len(b):
        raise StatisticsError(
            f"baseline has {len(a)} items and candidate {len(b)}: both need the same items"
        )
    binary = a.ndim == 1 and b.ndim == 1 and _is_binary(a) and _is_binary(b)
    low, high = (0.0, 1.0) if binary else _range(a, b)
    if bounds is None:
        low, high = min(low, 0.0), max(high, 1.0)
    elif low < bounds[0] or high > bounds[1]:
        raise StatisticsError(f"scores from {low:g} to {high:g} leave the scale {bounds}")
    else:
        low, high = bounds
    a, b = (s if s.ndim == 1 else s.mean(axis=1) for s in (a, b))
    d = b - a
    if not binary:
        d[np.abs(d) < 1e-12 * (high - low)] = 0.0
        spread = d - d[0]
        if np.abs(spread).max() < 1e-12 * (high - low):
            d[:] = d[0]
    return _Pairs(a, b, d, _labels(clusters, d.size), _weights(weights, d.size), binary, high - low)


def _scores(scores: ArrayLike, name: str) -> Array:
    try:
        array = np.asarray(scores, dtype=float)
    except (TypeError, ValueError) as error:
        raise StatisticsError(f"{name}: scores must be numbers in rows of one length") from error
    if array.ndim not in (1, 2) or array.size == 0:
        raise StatisticsError(
            f"{name}: scores must be (items,) or (items, samples) and not empty, "
            f"not of shape {array.shape}"
        )
    finite = np.isfinite(array)
    if not finite.all():
        item = int(np.argwhere(~finite)[0][0])
        raise StatisticsError(
            f"{name}: item {item} has no finite score; leave unscored items out of both arms"
        )
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _is_binary(scores: Array) -> bool:
    return bool(((scores == 0) | (scores == 1)).all())


def _range(a: Array, b: Array) -> tuple[float, float]:
    return min(float(a.min()), float(b.min())), max(float(a.max()), float(b.max()))


def _labels(
    clusters: Sequence[object] | NDArray[np.generic] | None, n: int
) -> NDArray[np.intp] | None:
    if clusters is None:
        return None
    if len(clusters) != n:
        raise StatisticsError(f"clusters: {len(clusters)} labels for {n} items")
    numbers: dict[object, int] = {}
    labels = np.fromiter((numbers.setdefault(c, len(numbers)) for c in clusters), np.intp, n)
    return labels


def _weights(weights: ArrayLike | None, n: int) -> Array | None:
    if weights is None:
        return None
    array = np.asarray(weights, dtype=float)
    if array.shape != (n,):
        raise StatisticsError(f"weights: shape {array.shape} for {n} items")
    if not np.all(np.isfinite(array)) or array.min() < 0 or array.sum() <= 0:
        raise StatisticsError("weights must be finite, none negative, and not all zero")
    return array
