"""One error level for several arms that share their baseline and their items (max-T).

Of m arms that truly gain nothing, any passes with probability `level` at most, where each is tested
at a level c between level/m (Bonferroni) and level. How far c lies above Bonferroni's follows from
the correlation of the arms' differences from the baseline: arms that are right and wrong on the
same items err together (Dunnett 1955, JASA 50:1096; Westfall and Young 1993).

The joint law is that of equally correlated normal values at the smallest of the arms' correlations,
less its standard error: a larger correlation only makes the union less likely (Slepian 1962, Bell
System Technical Journal 41:463). Where too few items differ to show a correlation it is Bonferroni.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.clusters import dot, effective_count
from evalhub.stats.distributions import normal_cdf, normal_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.sequential import legendre_nodes

Array = NDArray[np.float64]

LARGEST = 0.95
"""Arms that are more alike count as alike by so much: estimates near 1 are the least reliable."""
CARRIED = 10
"""Items or clusters that must carry an arm's variance for a correlation to be relied on."""
_END, _NODES, _DIGITS = 9.0, 160, 12


def any_passes(level: float, arms: int, correlation: float) -> float:
    """Upper bound on the chance that any of `arms` tests errs, each at `level`, whose normal
    statistics correlate by `correlation` or more; at 0 or below it is Bonferroni's sum."""
    if arms <= 1 or correlation <= 0:
        return arms * level
    return min(_any_exceeds(level, arms, min(correlation, LARGEST)), arms * level)


@lru_cache(4096)
def level_per_arm(level: float, arms: int, correlations: tuple[float, ...]) -> float:
    """The level c of each of `arms` tests, so that any wrong ship has a chance of `level` at most.

    A ship needs every critical criterion, and one arm may be wrong by this criterion and another
    by that one. So c is set for the worst way in which the arms can fall to the criteria: of those
    that fall to one criterion, errors are common by as much as their `correlations` say there; of
    two criteria errors add up.

    Args:
        level: one-sided, for all arms together.
        correlations: by critical criterion, the smallest correlation of two arms' differences
            (`correlation_floor`); 0 where none is known.

    Raises:
        StatisticsError: no arm, no criterion, or a level outside (0, 0.5).
    """
    if not 0 < level < 0.5 or arms < 1 or not correlations:
        raise StatisticsError(f"{arms} arms can't share the level {level} over {correlations}")
    low, high = level / arms, level
    if arms == 1:
        return level
    for _ in range(60):
        middle = (low + high) / 2
        within = _worst(middle, arms, correlations) <= level
        low, high = (middle, high) if within else (low, middle)
    # Down to digits on which every machine's exp and erf agree, and never below Bonferroni's.
    unit = 10.0 ** (math.floor(math.log10(low)) + 1 - _DIGITS)
    return max(math.floor(low / unit) * unit, level / arms)


def _worst(level: float, arms: int, correlations: Sequence[float]) -> float:
    """The largest sum of chances over all ways in which arms can fall to criteria.

    The chance that any of s errs grows by less with each further one, so that to add arm after arm
    where it grows the most gives the largest sum.
    """
    counts = [0] * len(correlations)
    total = 0.0
    for _ in range(arms):
        grown = [
            any_passes(level, count + 1, correlation) - any_passes(level, count, correlation)
            for count, correlation in zip(counts, correlations, strict=True)
        ]
        most = max(range(len(grown)), key=grown.__getitem__)
        counts[most] += 1
        total += grown[most]
    return total


@lru_cache(1 << 14)
def _any_exceeds(level: float, arms: int, correlation: float) -> float:
    """1 − ∫ φ(u)·Φ((z − √ρ·u)/√(1 − ρ))^m du, z the upper quantile of `level`."""
    z = -normal_quantile(level)
    shared, own = math.sqrt(correlation), math.sqrt(1 - correlation)
    parts = []
    for node, weight in legendre_nodes(_NODES):
        u = _END * node
        below = normal_cdf((z - shared * u) / own)
        passes = -math.expm1(arms * math.log(max(below, 1e-300)))
        parts.append(weight * math.exp(-u * u / 2) * passes)
    return _END * math.fsum(parts) / math.sqrt(2 * math.pi)


def correlation_floor(
    differences: Array,
    clusters: NDArray[np.intp] | None = None,
    weights: Array | None = None,
) -> float:
    """The smallest correlation of two arms' mean differences, less one standard error; 0 where it
    isn't above 0, or where fewer than 10 items or clusters carry an arm's variance.

    Args:
        differences: (arms, n), candidate - baseline of the same n items for every arm.
        clusters: (n,), numbers from 0; items of one move together.
        weights: (n,), how much an item counts.

    The standard error is that of artanh r by its influence function, (xy − r(x² + y²)/2)/(1 − r²)
    of standardised sums x and y (Devlin, Gnanadesikan and Kettenring 1975, Biometrika 62:531), and
    at least Fisher's 1/√(k − 3), k the items or clusters, or three times those that carry the
    variance where that is fewer.
    """
    arms, n = differences.shape
    if arms < 2 or n < 2:
        return 0.0
    w = np.ones(n) if weights is None else np.asarray(weights) * (n / np.sum(weights))
    means = np.array([dot(row, w) / n for row in differences])
    sums = w * (differences - means[:, None])
    if clusters is not None:
        groups = int(clusters.max()) + 1
        sums = np.array([np.bincount(clusters, row, groups) for row in sums])
    carried = [effective_count(row) for row in sums]
    if min(carried) < CARRIED:
        return 0.0
    sums = sums / np.array([math.sqrt(dot(row, row) / row.size) for row in sums])[:, None]
    least = 1 / math.sqrt(min(sums.shape[1], 3 * min(carried)) - 3)
    return min(_floor_with(sums[i], sums[:i], least) for i in range(1, arms))


def _floor_with(x: Array, others: Array, least: float) -> float:
    """The smallest lower bound of the correlations of `x` (n,) with `others` (k, n), all of which
    have mean square 1."""
    r = np.minimum(np.einsum("kn,n->k", others, x) / x.size, 1 - 1e-9)
    if r.min() <= 0:
        return 0.0
    by = r[:, None]
    influence = (x * others - by * (x * x + others * others) / 2) / (1 - by * by)
    errors = np.sqrt(np.einsum("kn,kn->k", influence, influence)) / x.size
    floors = [
        math.tanh(math.atanh(one) - max(error, least))
        for one, error in zip(r.tolist(), errors.tolist(), strict=True)
    ]
    return max(min(floors), 0.0)
