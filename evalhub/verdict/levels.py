"""What the k-th look at a test set costs. Pure.

Trying one candidate after another on the same items makes a false *ship* ever likelier. The k-th
claim is judged at alpha·6/(π²k²): these levels add up to alpha however many there are, so the
chance that any of them is shipped wrongly stays below alpha.
"""

from math import pi

from evalhub.stats.distributions import normal_quantile
from evalhub.stats.sequential import final_level

POWER = 0.8
STAGES = (1.0, 1.0)
"""Planned sizes of a test set and of its one extension: as many items again."""


def level_of(number: int, *, alpha: float) -> float:
    """The one-sided level of the `number`-th claim, 1 for the first."""
    return alpha * 6 / (pi * number) ** 2


def extended_level(first: int, second: int, *, alpha: float) -> float:
    """The level of both stages together, where stage one was look `first` and this is `second`.

    What both looks may spend, alpha·6/π²·(1/first² + 1/second²), is what stage one spent and what
    the combined test adds to it: it lies above `level_of(second)`.
    """
    spent, due = level_of(first, alpha=alpha), level_of(second, alpha=alpha)
    return final_level(spent, STAGES, alpha=spent + due)


def items_factor(number: int, *, alpha: float) -> float:
    """How many times the first candidate's items the `number`-th needs for the same power."""
    power = normal_quantile(POWER)
    first, due = ((power - normal_quantile(level_of(k, alpha=alpha))) ** 2 for k in (1, number))
    return due / first


def is_spent(number: int, *, alpha: float) -> bool:
    """Whether a candidate now needs twice the items that the first needed, or more."""
    return items_factor(number, alpha=alpha) >= 2
