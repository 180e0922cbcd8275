"""Several tests at once: adjusted p-values."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.errors import StatisticsError


def holm(p: ArrayLike, weights: ArrayLike | None = None) -> NDArray[np.float64]:
    """Adjusted p-values, in the order given, that keep the chance of any false alarm.

    Step-down: the i-th smallest of m is multiplied by m - i + 1 and never falls below the one
    before it (Holm 1979). With `weights`, shares of the level in any unit above 0, p-values are
    ordered by p/weight, and each is multiplied by the weights that are left over its own. Reject
    where the adjusted value is at most the level.
    """
    values = np.asarray(p, dtype=float)
    if values.ndim != 1:
        raise StatisticsError(f"p-values must be a flat list, not of shape {values.shape}")
    if not np.all((values >= 0) & (values <= 1)):
        raise StatisticsError("every p-value must lie between 0 and 1, and none be missing")
    shares = np.ones_like(values) if weights is None else np.asarray(weights, dtype=float)
    if shares.shape != values.shape or not np.all(shares > 0):
        raise StatisticsError("every p-value needs a weight above 0")
    order = np.argsort(values / shares, kind="stable")
    left = np.cumsum(shares[order][::-1])[::-1]
    stepped = np.maximum.accumulate(values[order] * left / shares[order])
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
