"""Reliability of right answers over several samples of an item.

An item that is answered n times, c times rightly, gives without bias the chance that of k answers
one is right (pass@k, Chen et al. 2021, arXiv:2107.03374) and that all are (pass^k, Yao et al. 2024,
arXiv:2406.12045). To the power of k, the share of right answers gives neither.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.bounded import bounded_limits
from evalhub.stats.errors import StatisticsError
from evalhub.stats.levels import ALPHA

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Share:
    """A mean over items with limits, each of which errs with the rate that was asked."""

    value: float
    lower: float
    upper: float


def pass_at_k(right: ArrayLike, answers: int, k: int) -> Array:
    """By item, the chance that one of k answers or more is right: 1 − C(n−c, k)/C(n, k).

    `right` (items,) are the right answers c of n `answers`. Raises StatisticsError where they are
    no counts, or there are fewer than k answers.
    """
    wrong = answers - _counts(right, answers, k)
    return 1 - _all_of(wrong, answers, k)


def pass_hat_k(right: ArrayLike, answers: int, k: int) -> Array:
    """By item, the chance that all of k answers are right: C(c, k)/C(n, k). As `pass_at_k`."""
    return _all_of(_counts(right, answers, k), answers, k)


def share_of(
    values: Array,
    clusters: NDArray[np.intp] | None = None,
    weights: Array | None = None,
    *,
    alpha: float = ALPHA,
) -> Share:
    """The mean of values from 0 to 1 over items, shape (n,), with score limits: Wilson's where they
    are 0 or 1, and by the same rule between. `clusters` number from 0, `weights` are positive."""
    # Between −1 and 1, so that a value of 0 is as far from the scale's end as one of 1.
    lower, upper = bounded_limits(2 * values - 1, clusters, weights, reach=1.0, alpha=alpha)
    mean = float(np.average(values, weights=weights))
    return Share(mean, min(mean, (lower + 1) / 2), max(mean, (upper + 1) / 2))


def _counts(right: ArrayLike, answers: int, k: int) -> Array:
    counts = np.asarray(right, dtype=float)
    if not 1 <= k <= answers:
        raise StatisticsError(f"of {answers} answers to an item nothing is told of {k}")
    if ((counts < 0) | (counts > answers) | (counts != np.round(counts))).any():
        raise StatisticsError(f"right answers are counted from 0 to {answers}")
    return counts


def _all_of(counts: Array, answers: int, k: int) -> Array:
    """C(c, k)/C(n, k) as a product of k shares, which no large number enters."""
    steps = np.arange(k)
    shares = np.maximum(counts[..., None] - steps, 0) / (answers - steps)
    shares_right: Array = np.prod(shares, axis=-1)
    return shares_right
