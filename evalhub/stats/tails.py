"""Limits on a mean that allow for a loss tail of which the sample contains nothing.

The limit is Gaffke's (2005): the alpha-quantile of sum(w_i x_i) where the weights of the n values
seen, and of one more value at the worst that there can be, are Dirichlet(1, ..., 1). Of values that
are all alike it is Clopper and Pearson's: an unseen share of 1 - alpha^(1/n) is charged at the
worst. Of yes/no values it is Clopper and Pearson's too, so exact. That it keeps its level for any
distribution on the scale is a conjecture (Learned-Miller and Thomas 2019, arXiv 1905.06208), which
nobody has broken; docs/reference/verdict-rates.md has our own search for its worst case.

With e_i independent and exponential, the weighted sum lies below m just when
sum(e_i (x_i - m)) < 0. The chance of that is an integral along a line through the saddle point of
prod(1/(1 - a_i z))/z, which the trapezoidal rule takes to nearly all digits.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.clusters import dot
from evalhub.stats.distributions import beta_quantile, normal_cdf, normal_quantile
from evalhub.stats.intervals import check_alpha
from evalhub.stats.levels import ALPHA

Array = NDArray[np.float64]

# Nodes of the integral: y = sinh(u)/sqrt(K''), u from 0 to _FARTHEST in steps of _STEP.
_STEP, _FARTHEST = 0.1, 9.0
# More distinct values than this are shared out between the nearest of as many on a grid, which
# keeps their mean and widens their spread a little.
_MOST_VALUES = 2048
_AT_ONCE = 1 << 18
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class TailLimit:
    """What `units` items (or clusters) can't rule out, of which `seen` lost `loss` or more.

    `share` is the largest share that may do so, at the level of `alpha`.
    """

    units: float
    seen: float
    loss: float
    share: float
    alpha: float


def largest_share(units: float, seen: float = 0.0, *, alpha: float = ALPHA) -> float:
    """The largest share of a kind of which `seen` of `units` were: Clopper and Pearson's upper
    limit, 1 - alpha^(1/units) where none was. `units` may be an effective number."""
    check_alpha(alpha)
    if seen >= units:
        return 1.0
    if seen <= 0:
        return -math.expm1(math.log(alpha) / units)
    return beta_quantile(1 - alpha, seen + 1, units - seen)


def unseen_tail(
    differences: Array,
    clusters: NDArray[np.intp] | None = None,
    weights: Array | None = None,
    *,
    margin: float,
    alpha: float = ALPHA,
) -> TailLimit:
    """What may stay unseen of the items that lose so much that they alone would cost `margin`.

    A share of 1 - alpha^(1/n) is never seen by n items with a chance of alpha. Items of which that
    share would cost the margin lose margin/(1 - alpha^(1/n)) or more each; how many of
    `differences` (n,) do is counted. Of clusters, or weighted items, n is Kish's effective number
    (sum W)^2/sum W^2, and a cluster counts by its mean.
    """
    sums, sizes = unit_sums(differences, clusters, weights)
    total = float(sizes.sum())
    units = total**2 / dot(sizes, sizes)
    loss = margin / largest_share(units, alpha=alpha)
    heavy = sums <= -loss * sizes * (1 - 1e-12)
    seen = units * float(sizes[heavy].sum()) / total if loss > 0 else 0.0
    return TailLimit(units, seen, loss, largest_share(units, seen, alpha=alpha), alpha)


def unit_sums(
    values: Array, clusters: NDArray[np.intp] | None, weights: Array | None
) -> tuple[Array, Array]:
    """By cluster, or item without clusters, the weighted sum of `values` (n,) and the weight, which
    is 1 a unit on average."""
    w = np.ones(values.size) if weights is None else weights
    sums, sizes = w * values, w
    if clusters is not None:
        sums, sizes = np.bincount(clusters, sums), np.bincount(clusters, w)
    scale = sizes.size / float(sizes.sum())
    return sums * scale, sizes * scale


@dataclass(frozen=True, slots=True)
class BoundedTail:
    """Gaffke's lower limit of a mean of which no value is below `-worst`.

    Attributes:
        sums, sizes: of each unit, an item or a cluster (g,); `sums[i] / sizes[i]` is its mean.
        counts: how many such units there are, (g,).
        worst: how far below 0 a value may lie at the most. A unit that nobody saw is taken to be
            as large as the largest seen, and to lie there wholly.
    """

    sums: Array
    sizes: Array
    counts: Array
    worst: float

    def lower(self, alpha: float) -> float:
        from scipy.optimize import brentq  # loading it takes longer than most commands

        mean = dot(self.counts, self.sums) / dot(self.counts, self.sizes)
        due = normal_quantile(alpha)

        def beyond(bound: float) -> float:
            p = min(max(self.p_above(bound), 1e-300), 1 - 1e-16)
            return normal_quantile(p) - due

        least = -self.worst * (1 - 1e-12)
        if beyond(least) >= 0:
            return -self.worst
        if beyond(mean) <= 0:
            return float(mean)
        return float(brentq(beyond, least, mean, xtol=1e-10 * self.worst))

    def upper(self, alpha: float) -> float:
        """It limits from below alone: whatever else limits from above does."""
        return -math.inf

    def p_below(self, bound: float) -> float:
        return 0.0

    def p_above(self, bound: float) -> float:
        """p-value against a mean of at most `bound`: at most alpha just when lower() is above."""
        if bound <= -self.worst:
            return 0.0
        unseen = -float(self.sizes.max()) * (self.worst + bound)
        values = np.append(self.sums - bound * self.sizes, unseen)
        return _chance_above(-values, np.append(self.counts, 1.0))


def bounded_tail(
    values: Array,
    clusters: NDArray[np.intp] | None = None,
    weights: Array | None = None,
    *,
    worst: float,
) -> BoundedTail:
    """The limit of the mean of `values` (n,), none of which can be below `-worst`."""
    if clusters is None and weights is None:
        seen, counts = _on_a_grid(*np.unique(values, return_counts=True))
        return BoundedTail(seen, np.ones(seen.size), counts, worst)
    sums, sizes = unit_sums(values, clusters, weights)
    return BoundedTail(sums, sizes, np.ones(sums.size), worst)


def largest_unit(clusters: NDArray[np.intp] | None, weights: Array | None) -> float:
    """The weight of the largest cluster, or item, against the mean one's."""
    if clusters is None and weights is None:
        return 1.0
    w = np.ones(clusters.size if clusters is not None else 1) if weights is None else weights
    sizes = w if clusters is None else np.bincount(clusters, w)
    return float(sizes.max() / sizes.mean())


def errors_to_bounded_end(worst: float, units: float, alpha: float) -> float:
    """How many standard errors below the mean the limit is planned to lie, of so many items or
    clusters; `worst` is in standard errors too.

    The one value at the worst has an exponential part in the mean, the others' spread a normal
    one: c solves P(Z + kE > c) = alpha, where k = worst/(units + log(1/alpha)/2) gives nearly
    1 - alpha^(1/units) of the worst where nothing else varies.
    """
    unseen = worst / (units - math.log(alpha) / 2)
    low, high = normal_quantile(1 - alpha), normal_quantile(1 - alpha / 2)
    high += unseen * math.log(2 / alpha)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _beyond(middle, unseen) > alpha else (low, middle)
    return high


def _beyond(c: float, k: float) -> float:
    """P(Z + kE > c), Z standard normal and E exponential with mean 1."""
    if k < 1e-3:
        return normal_cdf(-c)
    exponent = 1 / (2 * k * k) - c / k
    tilted = normal_cdf(c - 1 / k)
    return normal_cdf(-c) + (math.exp(exponent + math.log(tilted)) if tilted > 0 else 0.0)


def _on_a_grid(values: Array, counts: NDArray[np.intp]) -> tuple[Array, Array]:
    if values.size <= _MOST_VALUES:
        return values, counts.astype(float)
    grid = np.linspace(values[0], values[-1], _MOST_VALUES)
    cell = np.clip(np.searchsorted(grid, values, side="right") - 1, 0, grid.size - 2)
    above = (values - grid[cell]) / (grid[1] - grid[0])
    shared = np.bincount(cell, counts * (1 - above), grid.size)
    shared += np.bincount(cell + 1, counts * above, grid.size)
    return grid[shared > 0], shared[shared > 0]


def _chance_above(values: Array, counts: Array) -> float:
    """P(sum a_i e_i > 0) for values a_i (g,), each seen `counts` times, e_i exponential."""
    if values.max() <= 0 or values.min() >= 0:
        return float(values.max() > 0)
    if dot(counts, values) > 0:
        return 1 - _chance_above(-values, counts)
    # The cumulants' generating function K(z) = -sum log(1 - a z) is least at c, where K' is 0.
    low, high = 0.0, 1 / float(values.max())
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        slope = dot(counts, values / (1 - values * middle))
        low, high = (middle, high) if slope < 0 else (low, middle)
    # At 0 the integrand has its pole: the line keeps off it by some steps of the integral.
    c = max((low + high) / 2, 0.5 / math.sqrt(dot(counts, values * values)))
    if c * float(values.max()) >= 1:
        c = 0.5 / float(values.max())
    least = -dot(counts, np.log1p(-values * c))
    width = 1 / math.sqrt(dot(counts, (values / (1 - values * c)) ** 2))
    tilted = values / (1 - values * c)
    u = np.arange(0.0, _FARTHEST, _STEP)
    y = width * np.sinh(u)
    parts = np.array_split(y, min(y.size, values.size * y.size // _AT_ONCE + 1))
    # log(1 - a(c + iy)) less log(1 - ac) is log(1 - i·turn).
    turned = [_log_characteristic(tilted, counts, part) for part in parts]
    size, angle = (np.concatenate([pair[i] for pair in turned]) for i in (0, 1))
    height = np.exp(size) * (c * np.cos(angle) + y * np.sin(angle)) / (c * c + y * y)
    steps = height * width * np.cosh(u)
    total = float(steps.sum() - steps[0] / 2)
    return min(max(math.exp(least) * total * _STEP / math.pi, 0.0), 1.0)


def _log_characteristic(tilted: Array, counts: Array, y: Array) -> tuple[Array, Array]:
    """The logarithm of prod(1/(1 - i·y·tilted)) by size and angle, for each of `y`."""
    turn = np.outer(y, tilted)
    size = -0.5 * np.einsum("yg,g->y", np.log1p(turn * turn), counts)
    return size, np.einsum("yg,g->y", np.arctan(turn), counts)
