"""Krippendorff's alpha: agreement of any number of raters beyond what chance would give.

alpha = 1 - observed disagreement / expected disagreement, over all pairs of ratings of a unit
and over all pairs of ratings (Krippendorff 2011, "Computing Krippendorff's alpha-reliability").
The disagreement of two labels is 1 (nominal), the square of the difference of their ranks
(ordinal) or values (interval), or of the difference over the sum (ratio). An ordinal rank is
the label's midpoint among all ratings in order, so ordinal is interval on those midpoints.

Units with the same label counts are taken together, and the bootstrap draws how many units of
each pattern it holds: the work grows with the patterns, not with the units.
"""

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.errors import StatisticsError
from evalhub.stats.ratings import NOMINAL, Level, Patterns, Ratings, check_level, patterns

Array = NDArray[np.float64]


def krippendorff_alpha(ratings: Ratings, *, level: Level = NOMINAL) -> float | None:
    """Alpha of the ratings; None where it is undefined: no unit has two, or all are equal."""
    table = patterns(ratings)
    weights = table.units[None, :].astype(float)
    return _optional(alphas(table, weights, level, ratings)[0])


def alphas(table: Patterns, weights: Array, level: Level, ratings: Ratings) -> Array:
    """Alpha for each row of `weights` (rows, patterns), how often a pattern counts; NaN where
    undefined."""
    check_level(level)
    pairable = table.counts.sum(axis=1) >= 2
    counts = np.where(pairable[:, None], table.counts, 0.0)
    per_pattern = counts.sum(axis=1)
    others = np.maximum(per_pattern - 1, 1)
    if level == "nominal":
        totals, observed = _sums(
            weights, counts, (per_pattern**2 - (counts**2).sum(axis=1)) / others
        )
        expected = totals.sum(axis=1) ** 2 - (totals**2).sum(axis=1)
    elif level == "ratio":
        distance = _ratio_distance(ratings.values)
        apart = ((counts @ distance) * counts).sum(axis=1) / others
        totals, observed = _sums(weights, counts, apart)
        expected = ((totals @ distance) * totals).sum(axis=1)
    elif level == "interval":
        values = ratings.values - ratings.values.mean()
        first, second = counts @ values, counts @ values**2
        totals, observed = _sums(weights, counts, 2 * (per_pattern * second - first**2) / others)
        moments = totals @ np.column_stack([values, values**2])
        expected = 2 * (totals.sum(axis=1) * moments[:, 1] - moments[:, 0] ** 2)
    else:
        _ = ratings.values
        totals, observed, expected = _ordinal(counts, per_pattern / others, others, weights)
    n = totals.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = 1 - observed * (n - 1) / expected
    result[~(expected > 1e-12 * np.maximum(observed, 1e-300))] = np.nan
    return np.asarray(result)


def _sums(weights: Array, counts: Array, apart: Array) -> tuple[Array, Array]:
    """Totals of the labels (rows, labels) and the summed disagreement within units (rows,), in
    one product."""
    sums = weights @ np.column_stack([counts, apart])
    return sums[:, :-1], sums[:, -1]


def _ordinal(
    counts: Array, share: Array, others: Array, weights: Array
) -> tuple[Array, Array, Array]:
    """Totals of the labels, and interval disagreement on each row's own midranks."""
    labels = counts.shape[1]
    sums = weights @ np.column_stack([counts, counts * share[:, None]])
    totals, per_label = sums[:, :labels], sums[:, labels:]
    n = totals.sum(axis=1)
    ranks = np.cumsum(totals, axis=1) - totals / 2 - n[:, None] / 2
    squares = (totals * ranks**2).sum(axis=1)
    expected = 2 * (n * squares - (totals * ranks).sum(axis=1) ** 2)
    between = np.empty(len(weights))
    for row in range(len(weights)):
        between[row] = weights[row] @ ((counts @ ranks[row]) ** 2 / others)
    return totals, 2 * ((per_label * ranks**2).sum(axis=1) - between), expected


def _ratio_distance(values: Array) -> Array:
    if values.size and values.min() < 0:
        raise StatisticsError("the ratio level needs ratings of 0 or more")
    total = values[:, None] + values[None, :]
    gap = values[:, None] - values[None, :]
    return np.asarray(np.divide(gap, total, out=np.zeros_like(gap), where=total > 0) ** 2)


def _optional(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
