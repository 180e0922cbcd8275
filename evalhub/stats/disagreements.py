"""How far a coefficient of agreement may be from what was seen, where raters seldom disagree.

Alpha and AC1 are 1 − K·D: D is the mean disagreement within units, K what chance makes of it. With
a handful of units on which raters differ a bootstrap of units is too sure, as it is of any rare
share: it can't draw a disagreement that wasn't seen. So D has a score interval
(evalhub.stats.intervals), which leaves room for those, and K is taken as it was seen; where the
bootstrap says that the coefficient varies more than D does, because K varies too, the distances
grow as much.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.intervals import score_interval
from evalhub.stats.ratings import Level, Patterns, Ratings

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Disagreements:
    """Of the patterns of units rated twice or more: mean distance of two ratings as a share of the
    largest, in [0, 1], and how many equal units the pattern counts for, both (k,).

    The largest is 1 on the nominal level, where labels differ or don't. On the others it is that of
    the unit whose ratings lie furthest apart: the two ends of the scale may be as far from each
    other as no two raters of one unit ever are.
    """

    values: Array
    counts: Array
    largest: float


def distances(table: Patterns, level: Level, ratings: Ratings) -> Array:
    """How far two labels lie apart for alpha, (labels, labels), in any unit."""
    labels = table.counts.shape[1]
    if level == "nominal":
        return 1 - np.eye(labels)
    if level == "ordinal":
        rated = table.counts.sum(axis=1) >= 2
        totals = table.units[rated] @ table.counts[rated]
        positions = np.cumsum(totals) - totals / 2
    else:
        positions = np.asarray(ratings.values, dtype=float)
    gaps = positions[:, None] - positions[None, :]
    if level == "ratio":
        sums = positions[:, None] + positions[None, :]
        gaps = np.divide(gaps, sums, out=np.zeros_like(gaps), where=sums > 0)
    return np.asarray(gaps**2)


def unit_disagreements(table: Patterns, apart: Array, *, by_rating: bool) -> Disagreements:
    """By the distances (labels, labels); a unit counts as often as it has ratings (`by_rating`, as
    alpha has it), or once."""
    per_pattern = table.counts.sum(axis=1)
    rated = (per_pattern >= 2) & (table.units > 0)
    counts, ratings = table.counts[rated], per_pattern[rated]
    pairs = ((counts @ apart) * counts).sum(axis=1) / (ratings * (ratings - 1))
    units = table.units[rated].astype(float)
    shares = units * ratings if by_rating else units
    of_a_unit = ratings if by_rating else np.ones(len(ratings))
    equal = shares.sum() ** 2 / (units * of_a_unit**2).sum()
    nominal = bool(np.isin(apart, (0, 1)).all())
    largest = 1.0 if nominal else max(float(pairs.max()), 1e-300)
    return Disagreements(np.clip(pairs / largest, 0, 1), shares / shares.sum() * equal, largest)


def score_ends(value: float, seen: Disagreements, deviation: float) -> tuple[float, float]:
    """The 95% interval of the coefficient 1 − K·D, from −1 to 1, where `deviation` is the
    coefficient's standard error; the value alone where nobody disagrees."""
    n = float(seen.counts.sum())
    mean = float(seen.counts @ seen.values) / n
    if mean <= 0:
        return value, value
    factor = (1 - value) / mean
    error = factor * math.sqrt(float(seen.counts @ (seen.values - mean) ** 2)) / n
    wider = max(1.0, deviation / error) if error > 0 else 1.0
    lower, upper = score_interval(seen.values, seen.counts, reach=1.0)
    return (
        max(value - wider * factor * (upper - mean), -1.0),
        min(value + wider * factor * (mean - max(lower, 0.0)), 1.0),
    )
