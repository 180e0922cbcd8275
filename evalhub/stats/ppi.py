"""Few human labels, many from a judge: prediction-powered inference.

The judge's mean over everything, corrected by how far it was off where people looked too.
PPI++ (Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453) weighs the judge by how well it
follows people, so a useless judge costs nothing. Its interval takes the judge's errors as they were
seen. A judge that errs seldom was hardly seen to err: with 50 labels and errors one way in 3% of
the items that interval covers .88 of a nominal .95 (tests.benchmarks.judge_coverage). There the
error's own limits are a score interval (Tango's, of yes/no labels), which leaves room for errors
that nobody has met, and are combined with the judge's by MOVER (Zou and Donner 2008).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.bounded import bounded_limits, number_labels
from evalhub.stats.clusters import clustered_mean
from evalhub.stats.distributions import normal_quantile, t_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import check_alpha
from evalhub.stats.levels import ALPHA, FEWEST_HUMAN_LABELS
from evalhub.stats.pairs import Labels

Array = NDArray[np.float64]

FEWEST_DISAGREEMENTS = 20
"""Fewer show too little of a judge's errors for an interval that goes by what was seen."""


@dataclass(frozen=True, slots=True)
class PoweredMean:
    """`weight` is the trust in the judge, 0 to 1."""

    value: float
    se: float
    weight: float
    human_labels: int
    judged_only: int


@dataclass(frozen=True, slots=True)
class PoweredEstimate:
    """A mean with its interval; `equivalent_labels` is how many human labels alone would give
    as narrow an interval. `disagreements` are labelled items (clusters, where there are any) on
    which people and judge differ."""

    value: float
    lower: float
    upper: float
    level: float
    weight: float
    human_labels: int
    judged_only: int
    disagreements: int
    equivalent_labels: float
    method: str


def powered_mean(human: ArrayLike, judged: ArrayLike, judged_only: ArrayLike) -> PoweredMean:
    """Mean of what people would say of all items, from `human` (n,) and the judge's values of
    the same items `judged` (n,) and of the rest `judged_only` (N,).

    value = mean(Y) + w (mean(U) - mean(F)), w = cov(Y, F)/((1 + n/N) var(F and U)) cut to
    [0, 1]; variance = var(Y - w F)/n + w^2 var(U)/N.
    """
    y, f = _column(human, "human"), _column(judged, "judged")
    u = _column(judged_only, "judged_only")
    n, rest = y.size, u.size
    if f.size != n:
        raise StatisticsError(f"people labelled {n} items and the judge {f.size} of them")
    if n < 2 or rest < 2:
        raise StatisticsError("two items or more are needed with and without a human label")
    spread = float(np.concatenate([f, u]).var(ddof=1))
    weight = 0.0
    if spread > 0:
        follows = float(np.mean((y - y.mean()) * (f - f.mean())))
        weight = min(max(follows / ((1 + n / rest) * spread), 0.0), 1.0)
    residuals = y - weight * f
    variance = float(residuals.var()) / n + weight**2 * float(u.var()) / rest
    value = float(y.mean() + weight * (u.mean() - f.mean()))
    return PoweredMean(value, math.sqrt(variance), weight, n, rest)


@dataclass(frozen=True, slots=True)
class _Judged:
    """Judged items: people's labels `y` (n,) of the first, the judge's of all `f` (n + N,)."""

    y: Array
    f: Array
    clusters: NDArray[np.intp] | None
    weights: Array | None

    @property
    def labelled(self) -> int:
        return self.y.size

    @property
    def errors(self) -> Array:
        return self.y - self.f[: self.y.size]

    def part(self, which: slice) -> tuple[NDArray[np.intp] | None, Array | None]:
        """Clusters, numbered anew, and weights of some of the items."""
        clusters = None if self.clusters is None else number_labels(self.clusters[which].tolist())
        return clusters, None if self.weights is None else self.weights[which]


def powered_estimate(
    human: ArrayLike,
    judged: ArrayLike,
    *,
    random_sample: bool,
    bounds: tuple[float, float] | None = None,
    clusters: Labels | None = None,
    weights: ArrayLike | None = None,
    alpha: float = ALPHA,
) -> PoweredEstimate:
    """The mean of what people would say of all items, with its limits.

    `human` (m,) are people's values, NaN where nobody looked, `judged` (m,) the judge's of the
    same items. `random_sample` states that the items with human labels were drawn at random.
    `clusters` (m,) labels items that belong together, `weights` (m,) counts an item more or less.
    With 20 disagreements or more it is powered_mean with a t interval. With fewer it is the
    judge's mean over all items plus people's mean difference from it, the score intervals of the
    two combined by MOVER; for that `bounds`, the scale of a label, are needed.

    Raises StatisticsError where the items were not drawn at random; for fewer than 50 labels:
    with ten, the normal interval covers .88 instead of .95; where people gave one value only; and
    for fewer than 20 disagreements on a scale without bounds.
    """
    check_alpha(alpha)
    if not random_sample:
        raise StatisticsError(
            "the items with human labels must be a random sample of the judged ones; "
            "chosen items correct the judge's error only where people chose to look"
        )
    items = _order_items(human, judged, clusters, weights)
    n, rest = items.labelled, items.f.size - items.labelled
    if n < FEWEST_HUMAN_LABELS:
        raise StatisticsError(
            f"{n} human labels are too few to correct a judge; {FEWEST_HUMAN_LABELS} are needed"
        )
    if rest < 2:
        raise StatisticsError("two items or more are needed without a human label")
    own = float(items.y.var(ddof=1))
    if own == 0:
        raise StatisticsError("people gave every item the same value: nothing to calibrate on")
    differ = items.errors != 0
    of, _ = items.part(slice(n))
    disagreements = int(differ.sum()) if of is None else len(set(of[differ].tolist()))
    if disagreements >= FEWEST_DISAGREEMENTS:
        value, lower, upper, weight, method = _by_t(items, alpha)
    elif bounds is None:
        raise StatisticsError(
            f"people and judge differ on {disagreements} labelled items: too few to say how "
            f"often the judge errs; {FEWEST_DISAGREEMENTS} are needed"
        )
    else:
        value, lower, upper, weight, method = _by_mover(items, bounds, alpha)
    half = (upper - lower) / 2
    return PoweredEstimate(
        value=value,
        lower=lower,
        upper=upper,
        level=1 - 2 * alpha,
        weight=weight,
        human_labels=n,
        judged_only=rest,
        disagreements=disagreements,
        equivalent_labels=own * (normal_quantile(1 - alpha) / half) ** 2,
        method=method,
    )


type _Limits = tuple[float, float, float, float, str]
"""Value, lower and upper limit, the weight of the judge, and the method's name."""


def _by_t(items: _Judged, alpha: float) -> _Limits:
    """PPI++. With clusters or weights the two means' errors are CR2, and what items of one
    cluster, with and without a label, have in common is added where it widens."""
    n = items.labelled
    fit = powered_mean(items.y, items.f[:n], items.f[n:])
    value, se, df = fit.value, fit.se, n - 1.0
    if items.clusters is not None or items.weights is not None:
        residuals = items.y - fit.weight * items.f[:n]
        looked = clustered_mean(residuals, *items.part(slice(n)))
        only = clustered_mean(items.f[n:], *items.part(slice(n, None)))
        shared = _shared_covariance(items, looked.sums, only.sums)
        value = looked.mean + fit.weight * only.mean
        variance = looked.se**2 + fit.weight**2 * only.se**2
        se = math.sqrt(variance + max(0.0, 2 * fit.weight * shared))
        df = looked.df
    if not df > 0 or se == 0:
        raise StatisticsError("the labelled items are of one cluster: nothing to calibrate on")
    half = t_quantile(1 - alpha, df) * se
    by = "" if items.clusters is None else ", clustered"
    return value, value - half, value + half, fit.weight, f"PPI++{by}, t({df:.3g})"


def _shared_covariance(items: _Judged, looked: Array, only: Array) -> float:
    """The covariance of the two means through clusters that both have items of."""
    if items.clusters is None:
        return 0.0
    n = items.labelled
    names = [
        list(dict.fromkeys(items.clusters[part].tolist())) for part in (slice(n), slice(n, None))
    ]
    sums = dict(zip(names[0], looked, strict=True))
    both = sum(
        float(sums.get(name, 0.0) * total) for name, total in zip(names[1], only, strict=True)
    )
    return both / n / (items.f.size - n)


def _by_mover(items: _Judged, bounds: tuple[float, float], alpha: float) -> _Limits:
    """theta = mean(F) + mean(Y - F), each with a score interval; the distances of the limits from
    the means add up as squares. The two means are negatively correlated, if at all (where the
    judge says yes it can only be wrong one way), so taking them as independent is wide."""
    low, high = bounds
    n = items.labelled
    if items.f.min() < low or items.f.max() > high or items.y.min() < low or items.y.max() > high:
        raise StatisticsError(f"labels leave the scale from {low:g} to {high:g}")
    middle, reach = (low + high) / 2, high - low
    whole, labelled = items.part(slice(None)), items.part(slice(n))
    mean = float(np.average(items.f, weights=items.weights))
    error = float(np.average(items.errors, weights=labelled[1]))
    f_low, f_high = bounded_limits(items.f - middle, *whole, reach=reach / 2, alpha=alpha)
    e_low, e_high = bounded_limits(items.errors, *labelled, reach=reach, alpha=alpha)
    value = mean + error
    lower = value - math.hypot(mean - middle - f_low, error - e_low)
    upper = value + math.hypot(f_high + middle - mean, e_high - error)
    method = "Score intervals of the judge's mean and of its error (Tango), combined by MOVER"
    return value, max(low, lower), min(high, upper), 1 - n / items.f.size, method


def _order_items(
    human: ArrayLike, judged: ArrayLike, clusters: Labels | None, weights: ArrayLike | None
) -> _Judged:
    """The items, those with a human label first."""
    y, f = np.asarray(human, dtype=float), _column(judged, "judged")
    if y.shape != f.shape:
        raise StatisticsError(f"{y.size} human labels (NaN: none) for {f.size} judged items")
    order = np.argsort(np.isnan(y), kind="stable")
    looked = int((~np.isnan(y)).sum())
    sizes = [("clusters", clusters), ("weights", weights)]
    for name, values in sizes:
        if values is not None and len(np.asarray(values, dtype=object)) != f.size:
            raise StatisticsError(f"{name}: one is needed for each of {f.size} judged items")
    w = None if weights is None else np.asarray(weights, dtype=float)[order]
    if w is not None and not (np.isfinite(w).all() and w.min() > 0):
        raise StatisticsError("weights must be positive; leave out items that should not count")
    return _Judged(
        y=_column(y[order][:looked], "human"),
        f=f[order],
        clusters=None if clusters is None else number_labels(list(clusters))[order],
        weights=w,
    )


def _column(values: ArrayLike, name: str) -> Array:
    column = np.asarray(values, dtype=float)
    if column.ndim != 1 or not np.all(np.isfinite(column)):
        raise StatisticsError(f"{name}: labels must be a flat list of finite numbers")
    return column
