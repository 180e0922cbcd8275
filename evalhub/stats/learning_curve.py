"""What a doubling of the training examples buys: the slope of a learning curve on log2 of its size.

Arms that differ in their number of training examples answer the same items. A gain between two
sizes is the paired difference of their means. The gain per doubling over all sizes is the slope of
the least-squares line of the arms' means on log2(examples),

    slope = Σ c_k·mean_k,   c_k = (x_k − x̄)/Σ(x_j − x̄)²,   x_k = log2(examples_k).

It is the mean over items of Σ c_k·score_ik, so its error is that of a paired difference: of the
weighted average of the arms above the middle against that of those below, times Σ of the positive
c_k. Its interval is `evalhub.stats.paired.compare`'s of these two averages, and a correlation of
the arms on an item, clusters and weights are in it. All arms count alike: they answer the same
items, so their means have almost the same variance and covariances, where least squares without
weights is the best linear estimate (Kruskal 1968, Annals of Mathematical Statistics 39:70).

That gains per doubling stay the same is an assumption, and by the third size it can be refuted: the
bend is how much a doubling gains more than the one before it, twice the quadratic term, estimated
the same way. Power laws have three parameters and don't fit so few points. What the intervals don't
hold is another training: each arm is one, and another seed moves it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.errors import StatisticsError
from evalhub.stats.levels import ALPHA
from evalhub.stats.paired import compare
from evalhub.stats.pairs import Labels

Array = NDArray[np.float64]
Conclusion = Literal["rises", "stopped", "unclear"]

FEWEST_ITEMS = 2
_NEGLIGIBLE = 1e-12


@dataclass(frozen=True, slots=True)
class CurveGain:
    """A gain in the metric's unit with its limits; more is better, whatever the metric.

    Attributes:
        start, end: numbers of examples between which it lies; of a slope the first and last one.
        doublings: log2(end/start), over which `gain` was had; 1 for a gain per doubling.
    """

    start: int
    end: int
    doublings: float
    gain: float
    lower: float
    upper: float

    @property
    def per_doubling(self) -> tuple[float, float, float]:
        """The gain and its limits, divided by the doublings."""
        return self.gain / self.doublings, self.lower / self.doublings, self.upper / self.doublings


@dataclass(frozen=True, slots=True)
class NextDoubling:
    """What twice the most examples are expected to gain; a limit is None where nothing bounds it.

    Attributes:
        examples: twice as many as the largest arm has.
        gain: None where the line was refuted: it doesn't go on.
    """

    examples: int
    gain: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """Gains by the number of examples.

    Attributes:
        items: on which all arms were compared.
        sizes: different numbers of examples, ascending.
        means: the arms' mean scores at each size.
        steps: from each size to the next.
        slope: gain per doubling over all sizes.
        bend: by how much a doubling gains more than the one before; None for two sizes.
        worth: gain from which on a doubling is worth its cost.
    """

    items: int
    sizes: tuple[int, ...]
    means: tuple[float, ...]
    steps: tuple[CurveGain, ...]
    slope: CurveGain
    bend: CurveGain | None
    worth: float

    @property
    def next(self) -> NextDoubling:
        """The slope once more where no bend is shown, of which no more is promised than what the
        last step surely gained: a slope is still positive long after a curve has gone flat. A curve
        that surely flattens gains at most what its last step gained; one that surely steepens has
        no upper limit."""
        examples, slope = 2 * self.sizes[-1], self.slope
        _, of_last, most_of_last = self.steps[-1].per_doubling
        lower = min(slope.lower, of_last)
        if self.bend is not None and self.bend.upper < 0:
            return NextDoubling(examples, None, None, most_of_last)
        if self.bend is not None and self.bend.lower > 0:
            return NextDoubling(examples, None, lower, None)
        return NextDoubling(examples, slope.gain, lower, slope.upper)

    @property
    def conclusion(self) -> Conclusion:
        """rises: the next doubling's lower limit is above 0; stopped: its upper limit is below what
        is worth it; else unclear."""
        ahead = self.next
        if ahead.lower is not None and ahead.lower > 0:
            return "rises"
        if ahead.upper is not None and ahead.upper < self.worth:
            return "stopped"
        return "unclear"


def learning_curve(
    sizes: Sequence[int],
    scores: ArrayLike,
    *,
    worth: float,
    rises: bool = True,
    clusters: Labels | None = None,
    weights: ArrayLike | None = None,
    bounds: tuple[float, float] | None = None,
    alpha: float = ALPHA,
) -> LearningCurve:
    """The curve of arms on the same items.

    Args:
        sizes: each arm's training examples, (arms,), in any order; several arms may have the same.
        scores: (items, arms), complete.
        worth: gain in the metric's unit from which on a doubling is worth its cost, above 0.
        rises: whether a higher score is better.
        clusters, weights, bounds: as `evalhub.stats.paired.compare` has them.
        alpha: one-sided level of each limit.

    Raises StatisticsError for fewer than two different sizes, a size below 1, scores that are
    missing or don't fit the sizes, and fewer than two items.
    """
    counts, table = _read(sizes, scores)
    if not worth > 0:
        raise StatisticsError(f"a gain worth having is above 0, not {worth:g}")
    x = np.log2(counts)
    distinct = np.unique(counts)
    contrasts = _Contrasts(table, rises, clusters, weights, bounds, alpha)
    at_size = [counts == size for size in distinct]
    steps = []
    for before, after in pairwise(at_size):
        change = after / after.sum() - before / before.sum()
        ends = int(counts[before][0]), int(counts[after][0])
        steps.append(contrasts.gain(change, *ends, doublings=math.log2(ends[1] / ends[0])))
    first, last = int(distinct[0]), int(distinct[-1])
    shares = None if weights is None else np.asarray(weights, dtype=float)
    means = np.average(table, axis=0, weights=shares)
    return LearningCurve(
        items=len(table),
        sizes=tuple(int(size) for size in distinct),
        means=tuple(float(means[rows].mean()) for rows in at_size),
        steps=tuple(steps),
        slope=contrasts.gain(_slope(x), first, last, doublings=1.0),
        bend=contrasts.gain(_bend(x), first, last, doublings=1.0) if len(distinct) > 2 else None,
        worth=worth,
    )


def _read(sizes: Sequence[int], scores: ArrayLike) -> tuple[Array, Array]:
    counts, table = np.asarray(sizes, dtype=float), np.asarray(scores, dtype=float)
    if counts.ndim != 1 or table.ndim != 2 or table.shape[1] != len(counts):
        raise StatisticsError(
            f"scores are (items, arms) with a size an arm, not {table.shape} for {counts.shape}"
        )
    if not (np.isfinite(counts).all() and (counts >= 1).all()):
        raise StatisticsError("an arm was trained on 1 example or more")
    if len(np.unique(counts)) < 2:
        raise StatisticsError("a curve needs arms of two different numbers of examples")
    if len(table) < FEWEST_ITEMS:
        raise StatisticsError(f"a curve needs {FEWEST_ITEMS} items or more, not {len(table)}")
    if not np.isfinite(table).all():
        raise StatisticsError("every item has a score of every arm; leave the others out")
    return counts, table


def _slope(x: Array) -> Array:
    """Coefficients of the arms' means in the least-squares slope on `x`, (arms,)."""
    centred = x - x.mean()
    return np.asarray(centred / (centred @ centred))


def _bend(x: Array) -> Array:
    """Those of the second derivative of the least-squares parabola: twice the quadratic term."""
    line = np.column_stack([np.ones_like(x), x])
    square = x * x - line @ np.linalg.lstsq(line, x * x, rcond=None)[0]
    return np.asarray(2 * square / (square @ square))


@dataclass(frozen=True, slots=True)
class _Contrasts:
    """The scores, (items, arms), of which weighted differences between arms are estimated."""

    table: Array
    rises: bool
    clusters: Labels | None
    weights: ArrayLike | None
    bounds: tuple[float, float] | None
    alpha: float

    def gain(self, coefficients: Array, start: int, end: int, *, doublings: float) -> CurveGain:
        """Of the contrast with these coefficients, (arms,), whose sum is 0."""
        coefficients = coefficients if self.rises else -coefficients
        coefficients = np.where(np.abs(coefficients) < _NEGLIGIBLE, 0.0, coefficients)
        total = float(coefficients[coefficients > 0].sum())
        better, worse = (self._average(side * coefficients) for side in (1, -1))
        result = compare(
            worse,
            better,
            clusters=self.clusters,
            weights=self.weights,
            alpha=self.alpha,
            bounds=self.bounds,
        )
        scaled = (total * each for each in (result.difference, result.lower, result.upper))
        return CurveGain(start, end, doublings, *scaled)

    def _average(self, coefficients: Array) -> Array:
        """Each item's average over the arms with a positive coefficient, on the scores' scale."""
        arms = coefficients > 0
        columns, shares = self.table[:, arms], coefficients[arms] / coefficients[arms].sum()
        average = columns[:, 0] if len(shares) == 1 else columns @ shares
        return np.clip(average, columns.min(), columns.max())
