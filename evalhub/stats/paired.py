"""Two arms on the same items: how much better is the candidate, and how sure is that.

The method follows the data and is named in the result:

- yes/no scores: exact limits and the test that they invert; with many items that differ Tango's
  score interval and McNemar's mid-p test;
- other scores of which few differ: the bounded score interval (Tango's, for any values; wide on
  purpose) and the sign-flip test;
- other scores: Student's t, corrected for skewness;
- clusters or weights: the same over CR2's error; where differences are rare or clusters few, no
  narrower than the bounded score interval at the effective sample size;
- where an unseen tail is to be paid for: a lower end no nearer than Gaffke's (evalhub.stats.tails),
  but for yes/no scores that stand alone, whose limits pay for it anyway.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.clusters import (
    ENOUGH_DIFFERENCES,
    ClusteredMean,
    assumed_design_effect,
    clustered_mean,
    effective_count,
)
from evalhub.stats.errors import StatisticsError
from evalhub.stats.exact import ExactShares, is_exact
from evalhub.stats.intervals import BoundedScore, check_alpha
from evalhub.stats.levels import ALPHA
from evalhub.stats.pairs import Labels, Pairs, line_up, read_scores
from evalhub.stats.permutation import mcnemar_mid_p, sign_flip
from evalhub.stats.skew import skewed_mean
from evalhub.stats.tails import bounded_tail

Array = NDArray[np.float64]

# With fewer clusters than this that would differ if each moved as one, t alone is not relied
# on; by simulated coverage.
_ENOUGH_CLUSTERS = 4
# So many items of which so large a share carries the variance (a third, of a bell) are spread
# evenly enough for t, however few they are; by simulation of both tails.
_EVEN_ITEMS, _EVEN_SHARE = 15, 0.2
_MOST_FLIPPED = 1000


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """`difference` is candidate - baseline, and `lower` and `upper` enclose it.

    `alpha` is the error rate of the lower end, `upper_alpha` that of the upper.
    `clusters` is None where none were given. `p_value` is two-sided, against no difference.
    `sd` is that of the items' differences, `design_effect` the variance against independent
    items of equal weight, at least 1.
    """

    n: int
    clusters: int | None
    baseline: float
    candidate: float
    difference: float
    lower: float
    upper: float
    alpha: float
    upper_alpha: float
    p_value: float
    wins: int
    losses: int
    ties: int
    sd: float
    design_effect: float
    method: str
    test: str


@dataclass(frozen=True, slots=True)
class VarianceSplit:
    """Where the variance of a difference comes from (Miller 2024, arXiv 2411.00640).

    With K_A and K_B samples an item the variance of the mean over n items is
    (between + within_baseline/K_A + within_candidate/K_B)/n.
    """

    between: float
    within_baseline: float
    within_candidate: float


def compare(
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    clusters: Labels | None = None,
    weights: ArrayLike | None = None,
    alpha: float = ALPHA,
    upper_alpha: float | None = None,
    bounds: tuple[float, float] | None = None,
    bounded_tails: bool = False,
    unchanged: NDArray[np.bool_] | None = None,
) -> PairedComparison:
    """Compares two arms' scores, (n,) or (n, samples), row i of both being item i.

    `clusters` (n,) labels items that share a source; `weights` (n,) counts an item more or
    less; `alpha` is the error rate of the interval's lower end, `upper_alpha` that of the upper
    end (None: the same). `bounds` is the scale that scores lie on; by default [0, 1], widened to
    hold the scores seen. `bounded_tails` lets the lower end pay for what wasn't seen: as though one
    more item lost the whole scale. An end never rules out 0 where the test at its level doesn't:
    exact limits and their p-value are one test, other ends are widened to 0. `unchanged`, shape
    (n,), masks items that are counted as ties whatever their difference.
    Raises StatisticsError for scores that are missing, infinite, off the scale or not aligned.
    """
    upper_alpha = alpha if upper_alpha is None else upper_alpha
    check_alpha(alpha)
    check_alpha(upper_alpha)
    pairs = line_up(baseline, candidate, clusters, weights, bounds)
    d = pairs.differences
    wins, losses = _wins_and_losses(pairs)
    choice = _choose(pairs)
    if bounded_tails:
        choice = _with_bounded_tail(choice)
    lower, upper = choice.lower(alpha), choice.upper(upper_alpha)
    p_value, test = choice.test(wins, losses, alpha, upper_alpha)
    if unchanged is not None:
        wins, losses = _wins_and_losses(pairs, ~unchanged)
    method = choice.method
    if (lower > 0 and p_value > 2 * alpha) or (upper < 0 and p_value > 2 * upper_alpha):
        lower, upper = min(lower, 0.0), max(upper, 0.0)
        method += f", widened to 0, which {test} doesn't rule out"
    difference = choice.mean.mean
    return PairedComparison(
        n=d.size,
        clusters=None if pairs.clusters is None else choice.mean.clusters,
        baseline=float(np.average(pairs.baseline, weights=pairs.weights)),
        candidate=float(np.average(pairs.candidate, weights=pairs.weights)),
        difference=difference,
        lower=min(lower, difference),
        upper=max(upper, difference),
        alpha=alpha,
        upper_alpha=upper_alpha,
        p_value=p_value,
        wins=wins,
        losses=losses,
        ties=d.size - wins - losses,
        sd=_sd(choice),
        design_effect=choice.design_effect,
        method=method,
        test=test,
    )


def p_one_sided(
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    bound: float,
    alternative: Literal["less", "greater"],
    clusters: Labels | None = None,
    weights: ArrayLike | None = None,
    bounds: tuple[float, float] | None = None,
    alpha: float = ALPHA,
    bounded_tails: bool = False,
) -> float:
    """p-value against "the difference is at least `bound`" (alternative "less") or "at most
    `bound`" ("greater"). It is at most `alpha` just when that end of compare() at `alpha` lies on
    the alternative's side of `bound`; with scores other than yes/no, at any alpha."""
    if not math.isfinite(bound):
        raise StatisticsError(f"the bound must be a finite difference, not {bound}")
    check_alpha(alpha)
    pairs = line_up(baseline, candidate, clusters, weights, bounds)
    choice = _choose(pairs, alpha)
    if bounded_tails:
        choice = _with_bounded_tail(choice)
    p = choice.p_below(bound) if alternative == "less" else choice.p_above(bound)
    beyond_no_difference = bound > 0 if alternative == "less" else bound < 0
    if beyond_no_difference or isinstance(choice.parts[0], ExactShares):
        return p
    p_value, _ = choice.test(*_wins_and_losses(pairs), alpha, alpha)
    return max(p, p_value / 2)


def _wins_and_losses(pairs: Pairs, among: NDArray[np.bool_] | None = None) -> tuple[int, int]:
    d = pairs.differences if among is None else pairs.differences[among]
    return int(np.count_nonzero(d > 0)), int(np.count_nonzero(d < 0))


def variance_split(baseline: ArrayLike, candidate: ArrayLike) -> VarianceSplit:
    """Splits the variance of the difference of two arms sampled (n, K_A) and (n, K_B) times.

    `between` is what more items reduce and more samples don't; it is floored at 0. Raises
    StatisticsError with fewer than two items, or fewer than two samples of an item.
    """
    a, b = read_scores(baseline, "baseline"), read_scores(candidate, "candidate")
    for name, scores in (("baseline", a), ("candidate", b)):
        if scores.ndim != 2:
            raise StatisticsError(f"{name}: the split needs two samples an item or more")
    if len(a) != len(b) or len(a) < 2:
        raise StatisticsError(f"the split needs two items or more in both, not {len(a)}, {len(b)}")
    within_a = float(a.var(axis=1, ddof=1).mean())
    within_b = float(b.var(axis=1, ddof=1).mean())
    total = float((b.mean(axis=1) - a.mean(axis=1)).var(ddof=1))
    between = total - within_a / a.shape[1] - within_b / b.shape[1]
    return VarianceSplit(max(between, 0.0), within_a, within_b)


class _End(Protocol):
    """A way to draw an end, and the one-sided p-values that belong to it."""

    def lower(self, alpha: float) -> float: ...
    def upper(self, alpha: float) -> float: ...
    def p_below(self, bound: float) -> float: ...
    def p_above(self, bound: float) -> float: ...


@dataclass(frozen=True, slots=True)
class _Choice:
    """The chosen method: one part, or the wider of two."""

    pairs: Pairs
    mean: ClusteredMean
    parts: tuple[_End, ...]
    design_effect: float
    method: str

    def lower(self, alpha: float) -> float:
        return max(min(part.lower(alpha) for part in self.parts), -self.pairs.reach)

    def upper(self, alpha: float) -> float:
        return min(max(part.upper(alpha) for part in self.parts), self.pairs.reach)

    def p_below(self, bound: float) -> float:
        """p-value against a difference of at least `bound`."""
        return max(part.p_below(bound) for part in self.parts)

    def p_above(self, bound: float) -> float:
        """p-value against a difference of at most `bound`."""
        return max(part.p_above(bound) for part in self.parts)

    def test(self, wins: int, losses: int, alpha: float, upper_alpha: float) -> tuple[float, str]:
        """Two-sided p-value of no difference, and the test's name; an exact one is that of ends
        at these levels."""
        first = self.parts[0]
        if isinstance(first, ExactShares):
            return first.two_sided(alpha, upper_alpha), "exact score test"
        if self.pairs.plain and self.pairs.binary:
            return mcnemar_mid_p(losses, wins), "mid-p McNemar"
        scored = isinstance(first, BoundedScore)
        if self.pairs.plain and scored and wins + losses <= _MOST_FLIPPED:
            return sign_flip(self.pairs.differences)
        return min(1.0, 2 * min(self.p_below(0.0), self.p_above(0.0))), self.method


def _choose(pairs: Pairs, alpha: float = ALPHA) -> _Choice:
    """`alpha` is the level that an exact p-value is for."""
    mean = clustered_mean(pairs.differences, pairs.clusters, pairs.weights)
    if pairs.plain:
        return _of_lone_items(pairs, mean, alpha)
    n = pairs.differences.size
    if mean.df <= 0:
        method = "bounded score interval of a single observation: there is one cluster"
        return _Choice(pairs, mean, (_score(pairs, 1.0),), float(n), method)
    weighted = "" if pairs.weights is None else "weighted, "
    over = "" if pairs.clusters is None else f"over {mean.clusters} clusters, "
    skewed = skewed_mean(mean, clustered=pairs.clusters is not None)
    method = f"CR2 {over}{weighted}skew-corrected t({skewed.corrected_df:.3g})"
    residuals = pairs.differences - mean.mean
    carried = effective_count(residuals if pairs.weights is None else residuals * pairs.weights)
    if _enough(carried, n) and carried * mean.clusters / n >= _ENOUGH_CLUSTERS:
        return _Choice(pairs, mean, (skewed,), max(mean.design_effect, 1.0), method)
    effect = max(mean.design_effect, assumed_design_effect(n, pairs.clusters, pairs.weights))
    method += f", no narrower than the bounded score interval of {n / effect:.3g} items"
    return _Choice(pairs, mean, (skewed, _score(pairs, n / effect)), effect, method)


def _of_lone_items(pairs: Pairs, mean: ClusteredMean, alpha: float) -> _Choice:
    n = pairs.differences.size
    if pairs.binary:
        wins, losses = _wins_and_losses(pairs)
        if is_exact(n, wins, losses):
            exact = ExactShares(n, wins, losses, alpha)
            return _Choice(pairs, mean, (exact,), 1.0, "exact score interval")
        return _Choice(pairs, mean, (_score(pairs, n),), 1.0, "Tango score interval")
    if _enough(effective_count(mean.sums), n):
        skewed = skewed_mean(mean, clustered=False)
        return _Choice(pairs, mean, (skewed,), 1.0, "skew-corrected t")
    return _Choice(pairs, mean, (_score(pairs, n),), 1.0, "bounded score interval")


def _with_bounded_tail(choice: _Choice) -> _Choice:
    """The same with a lower end that pays for an unseen tail, where it doesn't do so anyway."""
    pairs = choice.pairs
    if pairs.plain and pairs.binary:
        return choice
    clusters = None if pairs.plain else pairs.clusters
    tail = bounded_tail(pairs.differences, clusters, pairs.weights, worst=pairs.reach)
    method = f"{choice.method}, its lower end no nearer than Gaffke's"
    return replace(choice, parts=(*choice.parts, tail), method=method)


def _enough(carried: float, n: int) -> bool:
    """Whether the variance is carried by items enough for t, or as evenly as few can carry it."""
    return carried >= ENOUGH_DIFFERENCES or (n >= _EVEN_ITEMS and carried >= _EVEN_SHARE * n)


def _score(pairs: Pairs, size: float) -> BoundedScore:
    return BoundedScore(*pairs.count_differences(size), pairs.reach)


def _sd(choice: _Choice) -> float:
    d = choice.pairs.differences
    if d.size < 2:
        return 0.0
    return choice.mean.se * math.sqrt(d.size) if choice.pairs.plain else float(d.std(ddof=1))
