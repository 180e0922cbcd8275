"""What the k-th look at some items costs. Pure.

Trying one candidate after another on the same items makes a false *ship* ever likelier. The k-th
claim is judged at alpha·6/(π²k²): these levels add up to alpha however many there are, so the
chance that any of them is shipped wrongly stays below alpha.
"""

from collections.abc import Sequence
from functools import cache
from math import pi

from evalhub.schemas.criteria import NextLook
from evalhub.stats.distributions import normal_quantile
from evalhub.stats.sequential import final_level

POWER = 0.8
CHOSEN = 3
"""How often each claim counts that was read beside others, where one is chosen by what was read.

What is read together has one number, which judges one claim. A claim that is chosen of g read ones
errs g times as often as one: at 1 + 3 times the claims read, all choices together add at most .023
of alpha to what the numbers themselves may spend, however many there are.
"""

REST = 0.023
"""Share of alpha beside the whole of it that is left for a candidate whose first items were drawn
from a pool: as much as the choices that `CHOSEN` pays for may add, and no item has both."""
AFTER_ALL = 26
"""How many numbers are passed over by who was judged at the whole of alpha before: the levels of
all that follow, 28, 29, …, add up to less than `REST` of alpha."""


def level_of(number: int, *, alpha: float) -> float:
    """The one-sided level of the `number`-th claim, 1 for the first."""
    return alpha * 6 / (pi * number) ** 2


def drawn_level(number: int, *, alpha: float) -> float:
    """The one-sided level of a candidate's `number`-th try, on items that were drawn from a pool.

    The first has the whole of alpha, since nobody else is judged on these items; the later ones
    share `REST` of it.
    """
    return alpha if number == 1 else REST * level_of(number - 1, alpha=alpha)


@cache
def _combined(spent: float, due: float) -> float:
    """The level of two stages, of which the first was judged at `spent`, so that both together err
    at `spent + due`: above `due`. To 12 digits, which every machine's exp and erf agree on."""
    first_size, second_size = stage_weights(2)
    level = final_level(spent, (first_size, second_size), alpha=spent + due)
    return float(f"{level:.12g}")


def staged_level(
    looks: Sequence[int], *, alpha: float, arms: int | None = None, tries: Sequence[int] = ()
) -> float:
    """The level of a claim that was looked at by these numbers, oldest first, with items added
    before each look but the first.

    One: `level_of`. Two: that at which both looks together spend what the ledger leaves for both
    (0.0064 for looks 1 and 2 of .025). From three on that of the last look, by which the chance of
    an error at any of them is at most the sum of what they may spend.

    Args:
        arms: of items that were drawn from a pool for this candidate: the arms that share the whole
            of alpha.
        tries: of such items, which of the candidate's tries each stage is, by `drawn_level`; empty:
            the first.
    """
    if arms is None:
        levels = [level_of(each, alpha=alpha) for each in looks]
    else:
        levels = [drawn_level(each, alpha=alpha / arms) for each in tries or (1,)]
    return _combined(*levels) if len(levels) == 2 else levels[-1]


def stage_weights(stages: int) -> tuple[float, ...]:
    """Planned sizes of a test set and of what is added to it: each time as many items again as
    there are by then (1, 1, 2, 4, …), however many come."""
    return (1.0, *(2.0**i for i in range(stages - 1)))


def next_look(
    looks: Sequence[int], following: int, *, alpha: float, arms: int | None = None
) -> NextLook:
    """How a claim with these looks is judged once items are added, at look `following`; with `arms`
    both count the candidate's tries on items that were drawn."""
    *_, added = weights = stage_weights(len(looks) + 1)
    numbers = [*looks, following]
    return NextLook(
        alpha=staged_level(numbers, alpha=alpha, arms=arms, tries=numbers),
        weights=(sum(weights) - added, added),
    )


def items_factor(number: int, *, alpha: float) -> float:
    """How many times the first candidate's items the `number`-th needs for the same power."""
    power = normal_quantile(POWER)
    first, due = ((power - normal_quantile(level_of(k, alpha=alpha))) ** 2 for k in (1, number))
    return due / first


def is_spent(number: int, *, alpha: float) -> bool:
    """Whether a candidate now needs twice the items that the first needed, or more."""
    return items_factor(number, alpha=alpha) >= 2
