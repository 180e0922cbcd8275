"""What people prefer, when they choose between two answers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.bounded import bounded_limits, numbered
from evalhub.stats.clusters import ClusteredMean, clustered_mean
from evalhub.stats.distributions import t_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import check_alpha
from evalhub.stats.levels import ALPHA

Array = NDArray[np.float64]

CHOICES = ("candidate", "baseline", "tie", "both-bad")


@dataclass(frozen=True, slots=True)
class WinScore:
    """Share of judgments won, a tie or "both bad" being half; counts keep the two apart."""

    score: float
    lower: float
    upper: float
    level: float
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
    alpha: float = ALPHA,
) -> WinScore:
    """The candidate's win score from judgments; entry i of all three is one judgment.

    The interval allows for judgments of one item, and of one rater, being alike: the variance
    is V = V_items + max(0, V_raters - V_judgments), each CR2 (two-way clustering: Cameron,
    Gelbach and Miller 2011), with the degrees of freedom that Satterthwaite gives the two
    estimates, V^2/(V_items^2/df_items + V_raters^2/df_raters). It is never narrower than the
    bounded score interval with one judgment an item, so unanimity isn't taken for certainty.
    Raises StatisticsError for no judgments, an unknown choice or lists of unequal length.
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
    by_item, by_rater = numbered(items), numbered(raters)
    item_mean, rater_mean = clustered_mean(signs, by_item), clustered_mean(signs, by_rater)
    lower, upper = bounded_limits(signs, by_item, reach=1.0, alpha=alpha)
    method = "bounded score interval of a single observation: there is one item"
    if item_mean.df > 0:
        half, method = _t_half_width(signs, item_mean, rater_mean, alpha)
        lower = max(-1.0, min(lower, item_mean.mean - half))
        upper = min(1.0, max(upper, item_mean.mean + half))
    mean = item_mean.mean
    return WinScore(
        score=(1 + mean) / 2,
        lower=(1 + min(lower, mean)) / 2,
        upper=(1 + max(upper, mean)) / 2,
        level=1 - 2 * alpha,
        judgments=n,
        items=item_mean.clusters,
        raters=rater_mean.clusters,
        wins=counts["candidate"],
        losses=counts["baseline"],
        ties=counts["tie"],
        both_bad=counts["both-bad"],
        method=method,
    )


def _t_half_width(
    signs: Array, item_mean: ClusteredMean, rater_mean: ClusteredMean, alpha: float
) -> tuple[float, str]:
    """Half the two-way clustered interval, and the method's name."""
    if rater_mean.df <= 0:
        half = t_quantile(1 - alpha, item_mean.df) * item_mean.se
        return half, f"clustered by item, t({item_mean.df:.3g}); says nothing of other raters"
    of_items, of_raters = item_mean.se**2, rater_mean.se**2
    variance = of_items + max(0.0, of_raters - clustered_mean(signs).se ** 2)
    noise = of_items**2 / item_mean.df + of_raters**2 / rater_mean.df
    df = variance**2 / noise if noise > 0 else item_mean.df
    half = t_quantile(1 - alpha, df) * math.sqrt(variance)
    return half, f"clustered by item and by rater, t({df:.3g})"
