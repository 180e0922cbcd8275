"""Two arms' scores, checked and lined up item by item."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.clusters import in_parts
from evalhub.stats.errors import StatisticsError

Array = NDArray[np.float64]
Labels = Sequence[object] | NDArray[np.generic]

# Differences this small against the scale come from rounding, not from the arms.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Pairs:
    """Per-item scores and `differences` (n,), candidate - baseline.

    `clusters` number from 0 without gaps. `reach` is the largest difference the scale allows.
    `binary` means one yes/no score an item.
    """

    baseline: Array
    candidate: Array
    differences: Array
    clusters: NDArray[np.intp] | None
    weights: Array | None
    binary: bool
    reach: float

    @property
    def plain(self) -> bool:
        """Items count alike and stand alone: no weights, and no cluster of two."""
        alone = self.clusters is None or int(self.clusters.max()) + 1 == self.clusters.size
        return alone and self.weights is None

    def count_differences(self, size: float) -> tuple[Array, Array]:
        """Distinct differences and how often each was seen, weighed to add up to `size`."""
        d = self.differences
        if self.binary and self.weights is None:
            values = np.array([-1.0, 0.0, 1.0])
            wins, losses = np.count_nonzero(d > 0), np.count_nonzero(d < 0)
            counts = np.array([losses, d.size - wins - losses, wins], dtype=float)
        else:
            values, where = np.unique(d, return_inverse=True)
            counts = np.bincount(where, self.weights, values.size).astype(float)
        return values, counts * (size / counts.sum())


def line_up(
    baseline: ArrayLike,
    candidate: ArrayLike,
    clusters: Labels | None = None,
    weights: ArrayLike | None = None,
    bounds: tuple[float, float] | None = None,
) -> Pairs:
    """Scores of shape (n,) or (n, samples) as Pairs, several samples averaged.

    `bounds` is the scale of a score; None takes [0, 1], widened to the scores seen. Raises
    StatisticsError for scores that are missing, infinite, off the scale or not aligned.
    """
    a, b = read_scores(baseline, "baseline"), read_scores(candidate, "candidate")
    if len(a) != len(b):
        raise StatisticsError(
            f"baseline has {len(a)} items and candidate {len(b)}: both need the same items"
        )
    shares = bounds is None or tuple(bounds) == (0, 1)
    binary = shares and a.ndim == 1 and b.ndim == 1 and _is_binary(a) and _is_binary(b)
    low, high = (0.0, 1.0) if binary else _scale(a, b, bounds)
    a, b = (s if s.ndim == 1 else s.mean(axis=1) for s in (a, b))
    d = b - a
    if not binary:
        rounding = _ROUNDING * (high - low)
        for part in in_parts(d):
            part[np.abs(part) < rounding] = 0.0
        if d.max() - d.min() < rounding:
            d[:] = d[0]
    return Pairs(
        baseline=a,
        candidate=b,
        differences=d,
        clusters=_number_labels(clusters, d.size),
        weights=read_weights(weights, d.size),
        binary=binary,
        reach=high - low,
    )


def read_scores(scores: ArrayLike, name: str) -> Array:
    """Scores as (n,), or (n, samples) with at least two samples."""
    try:
        array = np.asarray(scores, dtype=float)
    except (TypeError, ValueError) as error:
        raise StatisticsError(f"{name}: scores must be numbers in rows of one length") from error
    if array.ndim not in (1, 2) or array.size == 0:
        raise StatisticsError(
            f"{name}: scores must be (items,) or (items, samples) and not empty, "
            f"not of shape {array.shape}"
        )
    if not math.isfinite(array.min()) or not math.isfinite(array.max()):
        item = int(np.argwhere(~np.isfinite(array))[0][0])
        raise StatisticsError(
            f"{name}: item {item} has no finite score; leave unscored items out of both arms"
        )
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _is_binary(scores: Array) -> bool:
    return all(bool(((part == 0) | (part == 1)).all()) for part in in_parts(scores))


def _scale(a: Array, b: Array, bounds: tuple[float, float] | None) -> tuple[float, float]:
    low, high = min(float(a.min()), float(b.min())), max(float(a.max()), float(b.max()))
    if bounds is None:
        return min(low, 0.0), max(high, 1.0)
    if not bounds[0] < bounds[1]:
        raise StatisticsError(f"the scale {bounds} must rise")
    rounding = _ROUNDING * (bounds[1] - bounds[0])
    if low < bounds[0] - rounding or high > bounds[1] + rounding:
        raise StatisticsError(f"scores from {low:g} to {high:g} leave the scale {bounds}")
    return bounds


def _number_labels(labels: Labels | None, n: int) -> NDArray[np.intp] | None:
    if labels is None:
        return None
    if len(labels) != n:
        raise StatisticsError(f"clusters: {len(labels)} labels for {n} items")
    if isinstance(labels, np.ndarray) and labels.dtype.kind in "iu":
        _, first, of = np.unique(labels, return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[of]
    numbers: dict[object, int] = {}
    return np.fromiter((numbers.setdefault(c, len(numbers)) for c in labels), np.intp, n)


def read_weights(weights: ArrayLike | None, n: int) -> Array | None:
    """Weights as (n,). Raises StatisticsError for another shape, or one that isn't above 0."""
    if weights is None:
        return None
    array = np.asarray(weights, dtype=float)
    if array.shape != (n,):
        raise StatisticsError(f"weights: shape {array.shape} for {n} items")
    if not np.all(np.isfinite(array)) or array.min() <= 0:
        raise StatisticsError("weights must be positive; leave out items that should not count")
    return array
