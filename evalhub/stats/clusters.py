"""The mean of values that come in clusters or with weights, and its standard error."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# With fewer effective differences than this the normal approximation is not relied on; by
# simulated coverage.
ENOUGH_DIFFERENCES = 20
# The correlation within clusters that is assumed where too little differs to show it.
_ASSUMED_ICC = 0.3
_AT_ONCE = 1 << 14


@dataclass(frozen=True, slots=True)
class ClusteredMean:
    """`design_effect` is the variance against that of as many independent, equal items.

    `skew` is the skewness of the mean's own distribution, sum S^3/(sum S^2)^1.5 over the clusters'
    sums S, and `skew_doubt` its standard error where nothing leans, √(6 sum W^6/(sum W^2)^3).
    """

    mean: float
    se: float
    df: float
    clusters: int
    design_effect: float
    sums: Array
    skew: float
    skew_doubt: float


def clustered_mean(
    values: Array, clusters: NDArray[np.intp] | None = None, weights: Array | None = None
) -> ClusteredMean:
    """Weighted mean of `values` (n,) with its CR2 standard error.

    `clusters` (n,) numbers the clusters from 0 without gaps; without it each value is its own.
    The variance is sum S_c^2/(1 - W_c/W) / W^2, S_c the weighted residuals' sum in cluster c
    and W_c its weight (Bell and McCaffrey 2002). The degrees of freedom are theirs too
    (Satterthwaite under independence): the number of clusters less one when clusters are
    equal, fewer when a few clusters dominate. One cluster gives an infinite error and df 0.
    """
    n = values.size
    if clusters is None and weights is None:
        return _plain_mean(values)
    w = np.ones(n) if weights is None else weights * (n / weights.sum())
    mean = _mean(values, w)
    residuals = values - mean
    labels = np.arange(n) if clusters is None else clusters
    groups = n if clusters is None else int(labels.max()) + 1
    if clusters is None:
        sums, share, squares = w * residuals, w / n, w * w
    else:
        sums = np.bincount(labels, w * residuals, groups)
        share = np.bincount(labels, w, groups) / n
        squares = np.bincount(labels, w * w, groups)
    if groups < 2 or share.max() >= 1:
        return ClusteredMean(mean, float("inf"), 0.0, groups, 1.0, sums, 0.0, 0.0)
    gain = 1 / (1 - share)
    variance = dot(gain, sums**2) / n**2
    spread = dot(w, residuals**2) / n
    naive = spread / (n - 1)
    return ClusteredMean(
        mean=mean,
        se=float(np.sqrt(variance)),
        df=min(groups - 1.0, _degrees(gain, share, squares)),
        clusters=groups,
        design_effect=variance / naive if naive > 0 else 1.0,
        sums=sums,
        skew=_skewness(sums),
        skew_doubt=float(np.sqrt(6 * dot(share**3, share**3) / dot(share, share) ** 3)),
    )


def _mean(values: Array, weights: Array | None) -> float:
    """The mean, and of equal values the value: a rounding error would pass for variance."""
    if (values == values[0]).all():
        return float(values[0])
    return float(values.mean()) if weights is None else dot(weights, values) / values.size


def _plain_mean(values: Array) -> ClusteredMean:
    """The mean with its usual standard error: each value its own cluster, equal weights."""
    n = values.size
    mean = _mean(values, None)
    residuals = values - mean
    if n < 2:
        return ClusteredMean(mean, float("inf"), 0.0, n, 1.0, residuals, 0.0, 0.0)
    se = float(np.sqrt(dot(residuals, residuals) / (n - 1) / n))
    doubt = float(np.sqrt(6) / n)
    return ClusteredMean(mean, se, n - 1.0, n, 1.0, residuals, _skewness(residuals), doubt)


def _skewness(sums: Array) -> float:
    second = third = 0.0
    for part in in_parts(sums):
        squares = part * part
        second += float(squares.sum())
        third += dot(squares, part)
    return third / second**1.5 if second > 0 else 0.0


def _degrees(gain: Array, share: Array, squares: Array) -> float:
    """2 E(V)^2/Var(V) for independent values: the double sum over pairs of clusters, expanded."""
    total = float(squares.sum())
    own = gain * (squares * (1 - 2 * share) + share**2 * total)
    a, b, c = dot(gain, share**2), dot(gain, squares**2), dot(gain, share * squares)
    pairs = 2 * a * b + 2 * c * c + total**2 * a * a - 4 * total * a * c
    same = float(((gain * share * (2 * squares - total * share)) ** 2).sum())
    return float(own.sum() ** 2 / ((own**2).sum() + pairs - same))


def effective_count(residuals: Array) -> float:
    """How many residuals (n,) carry the variance: (sum r^2)^2/sum r^4.

    Where yes/no scores seldom differ it is the number of discordant pairs; for a normal
    distribution it is n/3; 0 where nothing varies.
    """
    second = fourth = 0.0
    for part in in_parts(residuals):
        squares = part * part
        second += float(squares.sum())
        fourth += dot(squares, squares)
    return second**2 / fourth if fourth > 0 else 0.0


def assumed_design_effect(
    n: int, clusters: NDArray[np.intp] | None, weights: Array | None
) -> float:
    """Kish's effect of unequal weights, times that of clusters at the assumed correlation."""
    w = np.ones(n) if weights is None else weights * (n / weights.sum())
    effect = 1.0 if weights is None else kish_effect(weights)
    if clusters is not None:
        sizes = np.bincount(clusters, w)
        effect *= 1 + (dot(sizes, sizes) / n - 1) * _ASSUMED_ICC
    return min(max(effect, 1.0), float(n))


def kish_effect(weights: Array) -> float:
    """How many times larger the variance of a mean is for unequal `weights` (n,), above 0, than for
    equal ones: n Σw²/(Σw)² (Kish 1965, Survey Sampling, 11.7). It is right where what is measured
    doesn't follow the weights."""
    w = weights * (weights.size / weights.sum())
    return dot(w, w) / weights.size


def dot(a: Array, b: Array) -> float:
    """The sum of products of two vectors (n,), in this thread alone.

    Where the machine is busy the threads of a BLAS wait for each other: `a @ b` of a million
    items was seen to take a hundred times as long.
    """
    return float(np.einsum("i,i->", a, b))


def in_parts(values: Array) -> list[Array]:
    """Views of `values` (n,) short enough for what is made from each to stay in the cache."""
    if values.size < _AT_ONCE:
        return [values]
    return np.array_split(values, values.size // _AT_ONCE + 1)
