"""The significance level of the k-th look at the same items. Pure.

Trying one candidate after another on the same items makes a false *ship* ever likelier. The k-th
claim is judged at alpha·6/(π²k²): these levels add up to alpha however many there are, so the
chance that any of them is shipped wrongly stays below alpha.
"""

from collections.abc import Sequence
from functools import cache
from math import pi
from typing import NamedTuple

from evalhub.decision.criterion import NextLook
from evalhub.stats.distributions import normal_quantile
from evalhub.stats.levels import ALPHA
from evalhub.stats.max_t import level_per_arm
from evalhub.stats.sequential import final_level

POWER = 0.8
CHOSEN = 3
"""How often each claim counts that was read beside others, where one is chosen by what was read.

What is read together has one number, which judges one claim. A claim that is chosen of g read ones
errs g times as often as one: at 1 + 3 times the claims read, all choices together add at most .023
of alpha to what the numbers themselves may spend, however many there are.
"""
FREE_RIVALS = 3
"""How many arms may be shown beside candidates on some items without a number of their own: the
prompt, examples and documents that a fine-tune meets beside the best of them. The ledger can't tell
a copy of one that is called a fine-tune; of so many the luckiest doesn't break the level."""
REST = 0.023
"""Share of alpha beside the whole of it that is left for a candidate whose first items were drawn
from a pool: as much as the choices that `CHOSEN` pays for may add, and no item has both."""
AFTER_ALL = 26
"""How many numbers are passed over by who was judged at the whole of alpha before: the levels of
all that follow, 28, 29, …, add up to less than `REST` of alpha."""


class Together(NamedTuple):
    """The arms that share one look, as they were registered before any of them was read.

    Attributes:
        arms: how many they are.
        correlations: by critical criterion, how alike the arms' differences are at least
            (`evalhub.stats.max_t.correlation_floor`).
        readings: as how many the look counts for whoever comes next (`readings_worth`).
    """

    arms: int
    correlations: tuple[float, ...]
    readings: int = 1

    def with_criteria(self, count: int) -> "Together":
        """Padded to `count` criteria, with correlation 0 for those that were added later."""
        more = count - len(self.correlations)
        return self._replace(correlations=self.correlations + (0.0,) * more) if more > 0 else self


def readings_worth(arms: int, correlation: float) -> int:
    """As how many readings a shared look counts, by the number of arms and their correlation.

    The arms are tested at one look's level, but the luckiest of them is known afterwards, and who
    tries a variant of it has chosen among as many as they are worth: the look's level over one
    arm's, less one, by simulation with variants of any likeness. Alike by .8, five are worth one.
    """
    whole = level_of(1, alpha=ALPHA)
    return max(1, int(whole / level_per_arm(whole, arms, (correlation,)) - 1 + 1e-6))


def level_of(number: int, *, alpha: float) -> float:
    """The one-sided level of the `number`-th claim, 1 for the first."""
    return alpha * 6 / (pi * number) ** 2


def level_of_draw(number: int, *, alpha: float) -> float:
    """The one-sided level of a candidate's `number`-th try, on items that were drawn from a pool.

    The first has the whole of alpha, since nobody else is judged on these items; the later ones
    share `REST` of it.
    """
    return alpha if number == 1 else REST * level_of(number - 1, alpha=alpha)


@cache
def _combine_levels(spent: float, due: float) -> float:
    """The level of the second of two stages, so that both together err at most at `spent + due`
    (the first was judged at `spent`). Rounded to 12 digits, on which every machine's exp and erf
    agree."""
    first_size, second_size = stage_weights(2)
    level = final_level(spent, (first_size, second_size), alpha=spent + due)
    return float(f"{level:.12g}")


def level_of_stages(
    looks: Sequence[int],
    *,
    alpha: float,
    arms: int | None = None,
    tries: Sequence[int] = (),
    together: Sequence[Together | None] = (),
) -> float:
    """The level of a claim that was looked at by these numbers, oldest first, with items added
    before each look but the first.

    One: `level_of`. Two: that at which both looks together spend what the ledger leaves for both
    (0.0064 for looks 1 and 2 of .025). From three on that of the last look, by which the chance of
    an error at any of them is at most the sum of what they may spend.

    Args:
        arms: of items that were drawn from a pool for this candidate: the arms that share the whole
            of alpha.
        tries: of such items, which of the candidate's tries each stage is, by `level_of_draw`;
            empty: the first.
        together: by look, the arms that share that one; empty: no look is shared. What it may spend
            is then spent once over all of them, at first by their joint law, and where items were
            added by equal parts (Bonferroni).
    """
    if arms is not None:
        levels = [level_of_draw(each, alpha=alpha / arms) for each in tries or (1,)]
    else:
        levels = [level_of(each, alpha=alpha) for each in looks]
    if together and (first := together[0]):
        levels[0] = level_per_arm(levels[0], first.arms, first.correlations)
    if len(levels) == 1:
        return levels[0]
    if together and (last := together[-1]):
        levels[-1] /= last.arms
    return _combine_levels(*levels) if len(levels) == 2 else levels[-1]


def stage_weights(stages: int) -> tuple[float, ...]:
    """Planned sizes of a test set and of what is added to it: each time as many items again as
    there are by then (1, 1, 2, 4, …), however many come."""
    return (1.0, *(2.0**i for i in range(stages - 1)))


def next_look(
    looks: Sequence[int],
    following: int,
    *,
    alpha: float,
    arms: int | None = None,
    together: Sequence[Together | None] = (),
) -> NextLook:
    """How a claim with these looks is judged once items are added, at look `following`, which the
    arms that share the last look share, too; with `arms` both count the candidate's tries on items
    that were drawn."""
    *_, added = weights = stage_weights(len(looks) + 1)
    numbers = [*looks, following]
    level = level_of_stages(
        numbers, alpha=alpha, arms=arms, tries=numbers, together=(*together, *together[-1:])
    )
    return NextLook(alpha=level, weights=(sum(weights) - added, added))


def items_factor(number: int, *, alpha: float) -> float:
    """Sample size of the `number`-th candidate as a multiple of the first one's, for the same
    power."""
    power = normal_quantile(POWER)
    first, due = ((power - normal_quantile(level_of(k, alpha=alpha))) ** 2 for k in (1, number))
    return due / first


def is_spent(number: int, *, alpha: float) -> bool:
    """Whether a candidate now needs at least twice the items that the first needed."""
    return items_factor(number, alpha=alpha) >= 2
