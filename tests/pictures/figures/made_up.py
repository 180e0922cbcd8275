"""Simulated scores for figures, the same each time."""

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.paired import PairedComparison, compare
from tests.pictures.figures.drawn import OURS, Range

type Scores = NDArray[np.float64]

SEED = 7


def right_or_wrong(n: int, won: int, lost: int, *, both: float = 0.6) -> tuple[Scores, Scores]:
    """Two arms' scores on n items of which so many are won and lost, and of the rest a share right
    in both."""
    rest = n - won - lost
    right = round(both * rest)
    same = [1.0] * right + [0.0] * (rest - right)
    before = [0.0] * won + [1.0] * lost + same
    return np.array(before), np.array([1.0] * won + [0.0] * lost + same)


def draw_scores(n: int, gain: float, spread: float, *, seed: int = SEED) -> tuple[Scores, Scores]:
    """Scores between 0 and 1 whose mean difference is about `gain`."""
    rng = np.random.default_rng(seed)
    before = rng.uniform(0.2, 0.8, n)
    return before, np.clip(before + rng.normal(gain, spread, n), 0.0, 1.0)


def as_row(label: str, comparison: PairedComparison, kind: str = OURS) -> Range:
    """A comparison as a row of a figure."""
    return Range(label, comparison.difference, comparison.lower, comparison.upper, kind)


def row_of_changes(label: str, n: int, won: int, lost: int, kind: str = OURS) -> Range:
    """A row of items that are right or wrong."""
    return as_row(label, compare(*right_or_wrong(n, won, lost)), kind)
