"""The cost of several looks at one test set, one after the other. Pure."""

from evalhub.decision.levels import is_spent, items_factor, level_of
from evalhub.declare.plan import LookCost, LooksDocument
from evalhub.stats.levels import POWER
from evalhub.stats.power import minimum_detectable_effect

LOOKS = (1, 2, 3, 5, 7, 10, 20, 30)


def looks_document(n: int, sd: float, *, alpha: float) -> LooksDocument:
    """The k-th look's level, how many times the first's items it needs for the same power, and
    the smallest effect that `n` items show with 80% power at a deviation of `sd`.

    Raises evalhub.stats.errors.StatisticsError for numbers that can't be.
    """
    return LooksDocument(
        n=n,
        sd=sd,
        alpha=alpha,
        power=POWER,
        looks=tuple(
            LookCost(
                number=number,
                level=level_of(number, alpha=alpha),
                items_factor=items_factor(number, alpha=alpha),
                smallest=minimum_detectable_effect(
                    n, sd, alpha=level_of(number, alpha=alpha), power=POWER
                ),
                spent=is_spent(number, alpha=alpha),
            )
            for number in LOOKS
        ),
    )
