"""What people prefer, when they choose between two answers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.clusters import ClusteredMean, clustered_mean
from evalhub.stats.distributions import t_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import check_alpha, score_interval

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
    alpha: float = 0.025,
) -> WinScore:
    """The candidate's win score from judgments; entry i of all three is one judgment.

    The interval allows for judgments of one item, and of one rater, being alike: the variance
    is the items' CR2 variance plus what raters add to it (two-way clustering: Cameron, Gelbach
    and Miller 2011), with Satterthwaite's degrees of freedom. It is never narrower than the
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
    by_item, by_rater = _numbered(items), _numbered(raters)
    item_mean = clustered_mean(signs, by_item)
    rater_mean = clustered_mean(signs, by_rater)
    lower, upper, method = _limits(signs, item_mean, rater_mean, alpha)
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


def _limits(
    signs: NDArray[np.float64],
    by_item: ClusteredMean,
    by_rater: ClusteredMean,
    alpha: float,
) -> tuple[float, float, str]:
    n = signs.size
    values, where = np.unique(signs, return_inverse=True)
    counts = np.bincount(where).astype(float)
    size = by_item.clusters / max(1.0, by_item.design_effect * by_item.clusters / n)
    lower, upper = score_interval(values, counts * (size / n), reach=1.0, alpha=alpha)
    if by_item.df <= 0:
        return lower, upper, "one item: bounded score interval of 1"
    variance, df = by_item.se**2, by_item.df
    method = "clustered by item; one rater, so nothing is known of other raters"
    if by_rater.df > 0:
        alone = float(by_item.sums.size and (signs - by_item.mean) @ (signs - by_item.mean))
        extra = max(0.0, by_rater.se**2 - alone / n**2)
        total = variance + extra
        if extra > 0:
            df = total**2 / (variance**2 / by_item.df + extra**2 / by_rater.df)
        variance = total
        method = f"clustered by item and by rater, t({df:.3g})"
    half = t_quantile(1 - alpha, df) * math.sqrt(variance)
    mean = by_item.mean
    return max(-1.0, min(lower, mean - half)), min(1.0, max(upper, mean + half)), method


def _numbered(labels: Sequence[object]) -> NDArray[np.intp]:
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], np.intp)
