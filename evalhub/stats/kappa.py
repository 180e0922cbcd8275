"""Chance-corrected agreement of the kappa family, with ratings missing where they may be.

Each compares the raw agreement p_a with what chance would give, (p_a - p_e)/(1 - p_e), and
differs in what it takes for chance. Kappa falls to 0 where nearly everything has one label,
however well raters agree: show it beside the raw agreement and Gwet's AC1, never alone.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.errors import StatisticsError
from evalhub.stats.ratings import Patterns, Ratings

Array = NDArray[np.float64]
Weighting = Literal["identity", "linear", "quadratic", "ordinal"]


@dataclass(frozen=True, slots=True)
class Kappa:
    """`value` is None where undefined; `se` None where it has no formula here."""

    value: float | None
    se: float | None = None


def weight_matrix(labels: Array, weighting: Weighting) -> Array:
    """How much two labels agree, 1 on the diagonal: (labels, labels), labels ascending.

    Linear and quadratic go by the distance of values, ordinal by how many labels lie between
    (Gwet 2014, ch. 3).
    """
    size = labels.size
    if weighting == "identity" or size < 2:
        return np.eye(size)
    if weighting == "ordinal":
        ranks = np.arange(size)
        between = np.abs(ranks[:, None] - ranks[None, :]) + 1
        pairs = between * (between - 1) / 2
        return np.asarray(1 - pairs / pairs.max())
    gap = np.abs(labels[:, None] - labels[None, :]) / (labels[-1] - labels[0])
    return np.asarray(1 - (gap if weighting == "linear" else gap**2))


def raw_agreement(table: Patterns, weights: Array, agree: Array) -> Array:
    """Mean agreement of two ratings of a unit, for each row of `weights` (rows, patterns)."""
    per_pattern = table.counts.sum(axis=1)
    shared = np.zeros(per_pattern.size)
    rated = per_pattern >= 2
    counts = table.counts[rated]
    shared[rated] = (counts * (counts @ agree - 1)).sum(axis=1) / (
        per_pattern[rated] * (per_pattern[rated] - 1)
    )
    sums = weights @ np.column_stack([shared, rated])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums[:, 0] / sums[:, 1])


def label_shares(table: Patterns, weights: Array) -> Array:
    """Mean over units of the share of each label: (rows, labels)."""
    per_pattern = table.counts.sum(axis=1)
    rated = per_pattern >= 1
    shares = np.zeros_like(table.counts)
    shares[rated] = table.counts[rated] / per_pattern[rated, None]
    sums = weights @ np.column_stack([shares, rated])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums[:, :-1] / sums[:, -1:])


def gwet(table: Patterns, weights: Array, agree: Array) -> Array:
    """Gwet's AC1, or AC2 for a weighted `agree`; NaN where undefined (Gwet 2008; 2014, ch. 5)."""
    shares = label_shares(table, weights)
    labels = agree.shape[0]
    if labels < 2:
        return np.full(len(weights), np.nan)
    chance = agree.sum() / (labels * (labels - 1)) * (shares * (1 - shares)).sum(axis=1)
    return _beyond_chance(raw_agreement(table, weights, agree), chance)


def fleiss(table: Patterns, agree: Array) -> float | None:
    """Fleiss' kappa, generalised to missing ratings (Gwet 2014, ch. 2): chance is two random
    raters drawing from the common shares of labels."""
    weights = table.units[None, :].astype(float)
    shares = label_shares(table, weights)[0]
    value = _beyond_chance(
        raw_agreement(table, weights, agree), np.array([shares @ agree @ shares])
    )
    return None if np.isnan(value[0]) else float(value[0])


def brennan_prediger(table: Patterns, agree: Array) -> float | None:
    """Chance is two raters who pick any label alike (Brennan and Prediger 1981)."""
    if agree.shape[0] < 2:
        return None
    weights = table.units[None, :].astype(float)
    value = _beyond_chance(raw_agreement(table, weights, agree), np.array([agree.mean()]))
    return None if np.isnan(value[0]) else float(value[0])


def cohen(
    confusion: ArrayLike, *, weighting: Weighting = "identity", values: Array | None = None
) -> Kappa:
    """Cohen's kappa of two raters from their counts (labels, labels), rows the first rater.

    Chance is each rater's own shares. The standard error is that of Fleiss, Cohen and Everitt
    (1969). Linear and quadratic weights go by the labels' `values`, rising; by default labels
    are one apart. Undefined where both use one and the same label only.
    """
    counts = np.asarray(confusion, dtype=float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.shape[0] == 0:
        raise StatisticsError(f"Cohen's kappa needs a square table, not of shape {counts.shape}")
    if not np.all(counts >= 0) or counts.sum() <= 0:
        raise StatisticsError("counts must be 0 or more, and not all 0")
    labels = np.arange(counts.shape[0], dtype=float) if values is None else values
    if labels.shape != counts.shape[:1] or not np.all(np.diff(labels) > 0):
        raise StatisticsError(f"{counts.shape[0]} labels need as many values, each above the last")
    agree = weight_matrix(labels, weighting)
    p = counts / counts.sum()
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, chance = float((agree * p).sum()), float(rows @ agree @ columns)
    if chance >= 1 - 1e-12:
        return Kappa(None)
    value = (observed - chance) / (1 - chance)
    lean = (agree @ columns)[:, None] + (rows @ agree)[None, :]
    square = float((p * (agree - lean * (1 - value)) ** 2).sum())
    variance = (square - (value - chance * (1 - value)) ** 2) / counts.sum() / (1 - chance) ** 2
    return Kappa(value, float(np.sqrt(max(variance, 0.0))))


def confusion(ratings: Ratings, first: int, second: int) -> NDArray[np.int64]:
    """Counts (labels, labels) over the units that both raters (columns) rated."""
    size = len(ratings.labels)
    a, b = ratings.codes[:, first], ratings.codes[:, second]
    both = (a >= 0) & (b >= 0)
    joint = a[both].astype(np.int64) * size + b[both]
    return np.bincount(joint, minlength=size * size).reshape(size, size)


def _beyond_chance(agreement: Array, chance: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (agreement - chance) / (1 - chance)
    return np.asarray(np.where(chance >= 1 - 1e-12, np.nan, value))
