"""Whether users came to the arms in the shares that were planned, looked at after every day."""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.distributions import log_gammas, normal_cdf
from evalhub.stats.errors import StatisticsError

Array = NDArray[np.float64]

CONCENTRATION = 10_000.0
"""How near the planned shares a mismatch is looked for: as if so many users had come by them."""
MISMATCH = 0.05
"""Level of the sequential check, over all looks of an experiment."""


def sample_ratio_p_values(
    counts: ArrayLike, shares: ArrayLike, strata: Sequence[Hashable] | None = None
) -> Array:
    """Always-valid p-value after each row of `counts` (rows, arms): the smallest 1/BF so far.

    The Bayes factor of Dirichlet-multinomial shares, α₀ = 10,000·p and α ← α + counts, against the
    planned ones is a martingale where they hold (Lindon and Malek 2022, NeurIPS, "Anytime-valid
    inference for multinomial count data"). A stratum, as an epoch, has an α of its own; the product
    of strata is a martingale too.

    Args:
        counts: users who came first in this row, in the order of time, no user twice.
        shares: (arms,) or (rows, arms), adding up to 1, the same in all rows of a stratum.
        strata: (rows,); all are one without it.
    """
    seen, planned = _table(counts, shares)
    names = [0] * len(seen) if strata is None else list(strata)
    if len(names) != len(seen):
        raise StatisticsError("every row of counts needs a stratum")
    alphas: dict[Hashable, Array] = {}
    log_factors = np.zeros(len(seen))
    for row, (name, count, share) in enumerate(zip(names, seen, planned, strict=True)):
        alpha = alphas.get(name, CONCENTRATION * share)
        log_factors[row] = _log_bayes_factor(count, alpha, share)
        alphas[name] = alpha + count
    return np.minimum(1.0, np.exp(-np.maximum.accumulate(np.cumsum(log_factors))))


def slice_p_value(counts: ArrayLike, shares: ArrayLike) -> float:
    """Two-sided p-value of two arms' counts (rows, 2), rows as epochs, against planned shares: χ²
    of one degree, by (Σ(n₁ − n·p₁))²/Σ n·p₁·p₂. It is looked at once, to name what differs most.
    """
    seen, planned = _table(counts, shares)
    if seen.shape[1] != 2:
        raise StatisticsError(f"two arms are compared, not {seen.shape[1]}")
    total = seen.sum(axis=1)
    distance = float((seen[:, 0] - total * planned[:, 0]).sum())
    variance = float((total * planned[:, 0] * planned[:, 1]).sum())
    return 2 * normal_cdf(-abs(distance) / variance**0.5) if variance else 1.0


def _table(counts: ArrayLike, shares: ArrayLike) -> tuple[Array, Array]:
    seen = np.atleast_2d(np.asarray(counts, dtype=float))
    if seen.ndim != 2 or not np.all((seen >= 0) & np.isfinite(seen)):
        raise StatisticsError("counts are rows of numbers of 0 or more, one an arm")
    planned = np.asarray(shares, dtype=float)
    if planned.shape not in (seen.shape, seen.shape[1:]):
        raise StatisticsError(f"shares of shape {planned.shape} don't fit counts of {seen.shape}")
    planned = np.broadcast_to(planned, seen.shape)
    if not np.all(planned > 0) or not np.allclose(planned.sum(axis=1), 1, rtol=0, atol=1e-9):
        raise StatisticsError("every arm's planned share is above 0, and they add up to 1")
    return seen, planned


def _log_bayes_factor(count: Array, alpha: Array, share: Array) -> float:
    """log DirMult(count; alpha) − log Mult(count; share): the multinomial coefficients cancel."""
    total = np.array([alpha.sum()])
    grown = log_gammas(alpha + count) - log_gammas(alpha)
    whole = log_gammas(total + count.sum()) - log_gammas(total)
    return float(grown.sum() - whole.sum() - count @ np.log(share))
