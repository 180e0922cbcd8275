"""What a planned review can show, with as many people as there will be, before anybody judges.

People differ in what they like. What they share out among them is an error that more judgments
don't take away, and few people can't even show how large it is.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from evalhub.stats.distributions import chi_square_quantiles, normal_cdfs, t_quantiles
from evalhub.stats.errors import StatisticsError
from evalhub.stats.levels import ALPHA, EVEN, LEAN, POWER
from evalhub.stats.power import design_effect_of, judgment_sd

_QUANTILES = (np.arange(400) + 0.5) / 400
_DOUBLINGS = 21
_CLOSE = 1e-4


@dataclass(frozen=True, slots=True)
class PlannedReview:
    """How judgments are given.

    Attributes:
        people: who judge, each about as much as the next.
        per_item: judgments an item, each by another of them.
        ties: share of judgments that favour neither side.
        correlation: that of two judgments of one item.
        lean: deviation of the people's own win scores from everybody's.
    """

    people: int
    per_item: float = 1.0
    ties: float = 0.0
    correlation: float = 0.0
    lean: float = LEAN

    def __post_init__(self) -> None:
        if self.people < 1 or not 1 <= self.per_item <= self.people:
            raise StatisticsError(
                f"{self.people} people can't give {self.per_item:g} judgments an item"
            )
        if not self.lean >= 0:
            raise StatisticsError(f"a lean is a deviation of 0 or more, not {self.lean:g}")


def review_power(
    items: float,
    score: float,
    review: PlannedReview,
    *,
    threshold: float = EVEN,
    alpha: float = ALPHA,
) -> float:
    """Chance that `items` show a score of `score` to lie above `threshold`, as win_score() asks.

    The score errs by V_items + lean^2/people; the interval takes V_items + max(0, V_raters -
    V_judgments), of which V_raters, from as many means as there are people, is chi-square with
    people - 1 degrees of freedom, and Student's t with Satterthwaite's. So the power is the mean
    over what V_raters may be. One person's interval is of that person's judgments alone, and so is
    the power.
    """
    sd = judgment_sd(score, review.ties)
    n = items * review.per_item
    of_judgments = sd**2 / n
    of_items = of_judgments * design_effect_of(review.per_item, review.correlation)
    df_items = max(items - 1, 1.0)
    leaning = review.lean**2 / review.people if review.people > 1 else 0.0
    variance, df = np.array([of_items]), np.array([df_items])
    if review.people > 1:
        df_raters = review.people - 1
        seen = (leaning + of_judgments) * chi_square_quantiles(_QUANTILES, df_raters) / df_raters
        variance = of_items + np.maximum(0.0, seen - of_judgments)
        df = variance**2 / (of_items**2 / df_items + seen**2 / df_raters)
    needed = t_quantiles(1 - alpha, df) * np.sqrt(variance)
    chances = normal_cdfs((score - threshold - needed) / math.sqrt(of_items + leaning))
    return float(chances.mean())


@lru_cache(4096)
def review_items(
    score: float,
    review: PlannedReview,
    *,
    threshold: float = EVEN,
    alpha: float = ALPHA,
    power: float = POWER,
) -> int | None:
    """The fewest items with that power; None where no number up to a million has it: too few
    people."""

    def enough(items: float) -> bool:
        chance = review_power(items, score, review, threshold=threshold, alpha=alpha)
        return chance >= power

    # By doubling: with very few people more items can take power away.
    sizes = [1 << step for step in range(_DOUBLINGS)]
    first_size = next((size for size in sizes if enough(size)), None)
    if first_size is None:
        return None
    low, high = first_size // 2, first_size
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


@lru_cache(4096)
def review_detects(
    items: int,
    review: PlannedReview,
    *,
    threshold: float = EVEN,
    alpha: float = ALPHA,
    power: float = POWER,
) -> float | None:
    """The smallest win score above `threshold` that so many items show; None where they show
    none."""
    highest = 1 - review.ties / 2 - _CLOSE

    def shows(score: float) -> bool:
        return review_power(items, score, review, threshold=threshold, alpha=alpha) >= power

    if items < 1 or highest <= threshold or not shows(highest):
        return None
    low, high = threshold, highest
    while high - low > _CLOSE:
        middle = (low + high) / 2
        low, high = (low, middle) if shows(middle) else (middle, high)
    return high
