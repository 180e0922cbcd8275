"""How large a review has to be, and what it costs, before anyone starts. Pure.

All sizes rest on what is planned (a gain worth having), never on what was observed.
"""

from collections.abc import Callable
from dataclasses import dataclass

from evalhub.schemas.review import SECONDS
from evalhub.stats.errors import StatisticsError
from evalhub.stats.levels import ALPHA, POWER
from evalhub.stats.power import design_effect_of, effort, preference_sample_size

TIES = 0.25
"""Share of judgments that favour neither side, until there are some of one's own to go by."""
ITEM_CORRELATION = 0.3
"""Intraclass correlation of the judgments of one item, likewise."""
_CLOSE = 1e-4


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What a size is computed with.

    `alpha` is the error rate of one side. `ties` is the share of judgments that favour neither;
    `correlation` that of two judgments of one item.
    """

    ties: float = TIES
    correlation: float = ITEM_CORRELATION
    alpha: float = ALPHA
    power: float = POWER


ASSUMED = Assumptions()


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


def items_needed(score: float, reviewers_per_item: int, assumed: Assumptions = ASSUMED) -> int:
    """Items with which a preference of `score` (a tie is half a win) shows as above one half.

    Judgments of one item are alike, by the design effect of its reviewers (Kish 1965): more
    reviewers an item agree better but are no substitute for items. Raises StatisticsError.
    """
    judgments = preference_sample_size(
        score,
        ties=assumed.ties,
        alpha=assumed.alpha,
        power=assumed.power,
        design_effect=design_effect_of(reviewers_per_item, assumed.correlation),
    )
    return -(-judgments // reviewers_per_item)


def score_detected(
    items: int, reviewers_per_item: int, assumed: Assumptions = ASSUMED
) -> float | None:
    """The smallest preference that this many items show; None where they could show none."""
    low, high = 0.5, 0.5 + (1 - assumed.ties) / 2 - _CLOSE
    if items < 1 or items_needed(high, reviewers_per_item, assumed) > items:
        return None
    while high - low > _CLOSE:
        middle = (low + high) / 2
        enough = items_needed(middle, reviewers_per_item, assumed) <= items
        low, high = (low, middle) if enough else (middle, high)
    return high


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
    found = effort(
        main + checked + repeated + practised, judgments_per_item=1, seconds_per_judgment=seconds
    )
    return Cost(
        main=main,
        checks=checked,
        repeats=repeated,
        practice=practised,
        judgments=found.judgments,
        hours=found.hours,
        money=None if rate is None else found.hours * rate,
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
