"""Several tests at once: adjusted p-values."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.errors import StatisticsError


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values, in the order given, that keep the chance of any false alarm.

    Step-down: the i-th smallest of m is multiplied by m - i + 1 and never falls below the one
    before it (Holm 1979). Reject where the adjusted value is at most the level.
    """
    values, order = _sorted(p)
    m = len(values)
    stepped = np.maximum.accumulate(values * np.arange(m, 0, -1))
    return _restored(stepped, order)


def benjamini_hochberg(p: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values, in the order given, that keep the expected share of false alarms.

    Step-up: the i-th smallest of m is multiplied by m/i and never exceeds the one after it
    (Benjamini and Hochberg 1995).
    """
    values, order = _sorted(p)
    m = len(values)
    stepped = np.minimum.accumulate((values * m / np.arange(1, m + 1))[::-1])[::-1]
    return _restored(stepped, order)


def _sorted(p: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    values = np.asarray(p, dtype=float)
    if values.ndim != 1:
        raise StatisticsError(f"p-values must be a flat list, not of shape {values.shape}")
    if not np.all((values >= 0) & (values <= 1)):
        raise StatisticsError("every p-value must lie between 0 and 1, and none be missing")
    order = np.argsort(values, kind="stable")
    return values[order], order


def _restored(stepped: NDArray[np.float64], order: NDArray[np.intp]) -> NDArray[np.float64]:
    adjusted = np.empty_like(stepped)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
