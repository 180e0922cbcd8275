"""Two answers judged in both orders: what the judge holds to, and how often it turns."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np

from evalhub.stats.bounded import bounded_limits, number_labels
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import clopper_pearson
from evalhub.stats.levels import ALPHA
from evalhub.stats.preference import CHOICES

ARMS = frozenset({"candidate", "baseline"})


@dataclass(frozen=True, slots=True)
class BothOrders:
    """A judge's verdicts on pairs that it saw in both orders.

    `votes` has a choice for each such pair: what it said both times, and a tie where it didn't.
    `flipped` are those where it named one arm first and then the other: it went by the order, or
    by chance. `wavered` are those where it named an arm once and none the other time. `flip_rate`
    is flipped/pairs with its limits; None without a pair.
    """

    votes: dict[Hashable, str]
    flipped: int
    wavered: int
    flip_rate: float | None
    lower: float
    upper: float

    @property
    def pairs(self) -> int:
        return len(self.votes)


def both_orders(
    first: Mapping[Hashable, str],
    second: Mapping[Hashable, str],
    *,
    clusters: Mapping[Hashable, Hashable] | None = None,
    alpha: float = ALPHA,
) -> BothOrders:
    """The votes of a judge that chose `first[pair]` and, with the sides swapped, `second[pair]`.

    Choices name the arm: "candidate", "baseline", "tie" or "both-bad". A pair with one of the two
    alone has no vote. The limits are exact (Clopper and Pearson); with `clusters`, a label a pair,
    they are the score interval over clusters.

    Raises StatisticsError for an unknown choice.
    """
    unknown = sorted({*first.values(), *second.values()} - set(CHOICES))
    if unknown:
        raise StatisticsError(f"unknown choice {unknown[0]!r}; use one of {', '.join(CHOICES)}")
    both = {pair: (first[pair], second[pair]) for pair in first if pair in second}
    votes = {pair: one if one == other else "tie" for pair, (one, other) in both.items()}
    flips = [{one, other} == ARMS for one, other in both.values()]
    wavered = sum(len({one, other} & ARMS) == 1 and one != other for one, other in both.values())
    lower, upper = 0.0, 1.0
    if flips and clusters is None:
        lower, upper = clopper_pearson(sum(flips), len(flips), alpha=alpha)
    elif flips and clusters is not None:
        of = number_labels([clusters[pair] for pair in both])
        low, high = bounded_limits(np.array(flips, dtype=float) - 0.5, of, reach=0.5, alpha=alpha)
        lower, upper = low + 0.5, high + 0.5
    return BothOrders(
        votes=votes,
        flipped=sum(flips),
        wavered=wavered,
        flip_rate=sum(flips) / len(flips) if flips else None,
        lower=lower,
        upper=upper,
    )
