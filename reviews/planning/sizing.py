"""How large a review has to be, and what it costs, before anyone starts. Pure.

What its items can show is `evalhub.stats.power_review`, by as many people as there will be.
"""

from collections.abc import Callable
from dataclasses import dataclass

from evalhub.declare.review import SECONDS
from evalhub.stats.errors import StatisticsError
from evalhub.stats.power import effort
from evalhub.stats.power_review import PlannedReview

TIES = 0.25
"""Share of judgments that favour neither side, until there are some of one's own to go by."""
ITEM_CORRELATION = 0.3
"""Intraclass correlation of the judgments of one item, likewise."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a review asks of people. `money` is in the currency of the rate; None without one.

    `judgments` counts all of these: `main` ones, those of `checks` (control and gold pairs),
    `repeats` and `practice`.
    """

    main: int
    checks: int
    repeats: int
    practice: int
    judgments: int
    hours: float
    money: float | None


def planned_review(people: int, reviewers_per_item: int) -> PlannedReview:
    """A review by so many people, with what is assumed until there are judgments of one's own."""
    return PlannedReview(people, reviewers_per_item, TIES, ITEM_CORRELATION)


def cost_of(
    items: int,
    reviewers_per_item: int,
    *,
    combinations: int = 1,
    checks: float = 0.0,
    repeats: float = 0.0,
    practice: int = 0,
    reviewers: int = 0,
    seconds: float = SECONDS,
    rate: float | None = None,
) -> Cost:
    """What `items` cost in judgments, hours and money.

    Args:
        combinations: pairs of arms compared on each item.
        checks: control and gold pairs as a share of the main ones.
        repeats: share of the turns that are asked again.
        practice: comparisons to practise on, for each of `reviewers`.
        rate: what an hour costs.
    """
    if not 0 <= repeats < 1 or checks < 0:
        raise StatisticsError("shares lie between 0 and 1")
    main = items * combinations * reviewers_per_item
    checked = round(items * combinations * checks) * reviewers_per_item
    repeated = round((main + checked) * repeats / (1 - repeats))
    practised = practice * reviewers
    cost = effort(
        main + checked + repeated + practised, judgments_per_item=1, seconds_per_judgment=seconds
    )
    return Cost(
        main=main,
        checks=checked,
        repeats=repeated,
        practice=practised,
        judgments=cost.judgments,
        hours=cost.hours,
        money=None if rate is None else cost.hours * rate,
    )


def items_affordable(budget: float, price: Callable[[int], float | None]) -> int:
    """The most items that a budget pays for; what they show is `score_detected` of them.

    `price` of a number of items grows with it. Raises StatisticsError where items cost nothing.
    """
    if not price(1):
        raise StatisticsError("an hour's rate and a judgment's seconds are above 0")
    low, high = 0, 1
    while (price(high) or 0.0) <= budget:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if (price(middle) or 0.0) <= budget else (low, middle)
    return low
