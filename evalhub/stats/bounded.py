"""Limits of the mean of a bounded value that comes in clusters or with weights, however rare."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.clusters import (
    ENOUGH_DIFFERENCES,
    assumed_design_effect,
    clustered_mean,
    effective_count,
)
from evalhub.stats.intervals import score_interval, score_p_less
from evalhub.stats.levels import ALPHA

Array = NDArray[np.float64]


def bounded_limits(
    values: Array,
    clusters: NDArray[np.intp] | None = None,
    weights: Array | None = None,
    *,
    reach: float,
    alpha: float = ALPHA,
) -> tuple[float, float]:
    """Limits of the mean of `values` (n,) within [-reach, reach], each erring with rate `alpha`.

    The score interval (`intervals`: Tango's, of differences of yes/no labels) at the effective
    number of values: n over the design effect that is seen, or assumed where too few values differ
    to show one. `clusters` (n,) numbers from 0 without gaps; `weights` (n,) are positive.
    """
    seen, counts = _count_distinct(values, clusters, weights)
    return score_interval(seen, counts, reach=reach, alpha=alpha)


def bounded_p_less(
    values: Array,
    clusters: NDArray[np.intp] | None = None,
    weights: Array | None = None,
    *,
    reach: float,
    bound: float,
) -> float:
    """p-value of "the mean is at least `bound`", by the test that bounded_limits() inverts."""
    seen, counts = _count_distinct(values, clusters, weights)
    return score_p_less(seen, counts, reach=reach, bound=bound)


def _count_distinct(
    values: Array, clusters: NDArray[np.intp] | None, weights: Array | None
) -> tuple[Array, Array]:
    """Distinct values, and how often each was seen in so many independent ones."""
    mean = clustered_mean(values, clusters, weights)
    effect = float(values.size)
    if mean.df > 0:
        effect = max(1.0, mean.design_effect)
        if effective_count(values - mean.mean) < ENOUGH_DIFFERENCES:
            effect = max(effect, assumed_design_effect(values.size, clusters, weights))
    seen, where = np.unique(values, return_inverse=True)
    counts = np.bincount(where, weights, seen.size).astype(float)
    return seen, counts * (values.size / counts.sum() / effect)


def number_labels(labels: Sequence[object]) -> NDArray[np.intp]:
    """Equal labels with one number, from 0 without gaps, in the order in which they come."""
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], np.intp)
