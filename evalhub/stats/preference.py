"""What people prefer, when they choose between two answers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.bounded import bounded_limits, bounded_p_less, number_labels
from evalhub.stats.clusters import ClusteredMean, clustered_mean
from evalhub.stats.distributions import t_cdf, t_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import check_alpha
from evalhub.stats.levels import ALPHA
from evalhub.stats.pairs import read_weights

Array = NDArray[np.float64]

CHOICES = ("candidate", "baseline", "tie", "both-bad")


@dataclass(frozen=True, slots=True)
class WinScore:
    """Share of judgments won, a tie or "both bad" being half; counts keep the two apart.

    `p_better` and `p_worse` are one-sided, against a score of no more and of no less than one
    half: the smallest level at which the interval lies on the other side of it.
    """

    score: float
    lower: float
    upper: float
    level: float
    p_better: float
    p_worse: float
    judgments: int
    items: int
    raters: int
    wins: int
    losses: int
    ties: int
    both_bad: int
    method: str


def win_score(
    choices: Sequence[str],
    *,
    items: Sequence[object],
    raters: Sequence[object],
    weights: Sequence[float] | None = None,
    alpha: float = ALPHA,
) -> WinScore:
    """The candidate's win score from judgments; entry i of all is one judgment.

    `weights`, above 0, are how much a judgment counts (its item's weight in production); the
    counts of wins, losses and ties stay those of judgments.

    The interval allows for judgments of one item, and of one rater, being alike: the variance
    is V = V_items + max(0, V_raters - V_judgments), each CR2 (two-way clustering: Cameron,
    Gelbach and Miller 2011), with the degrees of freedom that Satterthwaite gives the two
    estimates, V^2/(V_items^2/df_items + V_raters^2/df_raters). It is never narrower than the
    bounded score interval with one judgment an item, so unanimity isn't taken for certainty.
    Raises StatisticsError for no judgments, an unknown choice, lists of unequal length or weights
    that aren't above 0.
    """
    check_alpha(alpha)
    n = len(choices)
    if not n:
        raise StatisticsError("there are no judgments to compute a win score from")
    if not n == len(items) == len(raters):
        raise StatisticsError(
            f"{n} choices, {len(items)} items and {len(raters)} raters: each judgment needs one"
        )
    unknown = sorted(set(choices) - set(CHOICES))
    if unknown:
        raise StatisticsError(f"unknown choice {unknown[0]!r}; use one of {', '.join(CHOICES)}")
    counts = {choice: sum(1 for c in choices if c == choice) for choice in CHOICES}
    value = {"candidate": 1.0, "baseline": -1.0, "tie": 0.0, "both-bad": 0.0}
    signs = np.array([value[c] for c in choices])
    by_item, by_rater = number_labels(items), number_labels(raters)
    w = read_weights(weights, n)
    item_mean, rater_mean = clustered_mean(signs, by_item, w), clustered_mean(signs, by_rater, w)
    lower, upper = bounded_limits(signs, by_item, w, reach=1.0, alpha=alpha)
    chances = [bounded_p_less(side, by_item, w, reach=1.0, bound=0.0) for side in (-signs, signs)]
    method = "bounded score interval of a single observation: there is one item"
    if item_mean.df > 0:
        se, df, method = _error(item_mean, rater_mean, clustered_mean(signs, None, w))
        method = method if w is None else f"weighted, {method}"
        half = t_quantile(1 - alpha, df) * se
        lower = max(-1.0, min(lower, item_mean.mean - half))
        upper = min(1.0, max(upper, item_mean.mean + half))
        chances = [
            max(p, _tail(side * item_mean.mean, se, df))
            for p, side in zip(chances, (-1, 1), strict=True)
        ]
    mean = item_mean.mean
    return WinScore(
        score=(1 + mean) / 2,
        lower=(1 + min(lower, mean)) / 2,
        upper=(1 + max(upper, mean)) / 2,
        level=1 - 2 * alpha,
        p_better=chances[0],
        p_worse=chances[1],
        judgments=n,
        items=item_mean.clusters,
        raters=rater_mean.clusters,
        wins=counts["candidate"],
        losses=counts["baseline"],
        ties=counts["tie"],
        both_bad=counts["both-bad"],
        method=method,
    )


def _error(
    item_mean: ClusteredMean, rater_mean: ClusteredMean, judgment_mean: ClusteredMean
) -> tuple[float, float, str]:
    """The two-way clustered standard error, its degrees of freedom, and the method's name."""
    if rater_mean.df <= 0:
        name = f"clustered by item, t({item_mean.df:.3g}); says nothing of other raters"
        return item_mean.se, item_mean.df, name
    of_items, of_raters = item_mean.se**2, rater_mean.se**2
    variance = of_items + max(0.0, of_raters - judgment_mean.se**2)
    noise = of_items**2 / item_mean.df + of_raters**2 / rater_mean.df
    df = variance**2 / noise if noise > 0 else item_mean.df
    return math.sqrt(variance), df, f"clustered by item and by rater, t({df:.3g})"


def _tail(mean: float, se: float, df: float) -> float:
    """P(t < mean/se): of a mean of no less than 0."""
    if se == 0:
        return 0.5 if mean == 0 else float(mean > 0)
    return t_cdf(mean / se, df)
