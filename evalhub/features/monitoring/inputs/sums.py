"""Requests by slice, added up over users: what is kept of a reference, and compared. Pure."""

from functools import reduce
from operator import add
from typing import Self

import numpy as np

from evalhub.declare.amounts import Amount, Count
from evalhub.declare.declaration import Declaration
from evalhub.features.monitoring.inputs.user_counts import UserCounts
from evalhub.stats.category_sums import CategorySums

MOST_STORED = 50
"""Values of a reference, the largest; the others are added up as one."""
MOST_COMPARED = 20
"""Values that a test compares, the largest of both sides together; the others are one."""

USERS_AT_ONCE = 20_000
"""Whose requests are laid out at once: a few megabytes."""


class SliceSums(Declaration):
    """Sums over users, of values and, last, of all other values together.

    Attributes:
        values: that with most requests first; "" is that nothing is known.
        totals: requests of each, and of all others.
        products: (values + 1) squared, as in `CategorySums`.
    """

    values: tuple[str, ...]
    users: Count
    totals: tuple[Amount, ...]
    products: tuple[tuple[Amount, ...], ...]

    @classmethod
    def of(cls, counts: UserCounts) -> Self:
        """The largest values of these."""
        values = counts.values[:MOST_STORED]
        sums = category_sums(counts, values)
        return cls(
            values=values,
            users=sums.users,
            totals=tuple(sums.totals.tolist()),
            products=tuple(map(tuple, sums.products.tolist())),
        )

    def in_categories(self, values: tuple[str, ...]) -> CategorySums:
        """By these values, and all others as the last."""
        place = {value: position for position, value in enumerate(values)}
        own = [place.get(value, len(values)) for value in self.values]
        sums = CategorySums(self.users, np.array(self.totals), np.array(self.products))
        return sums.in_groups(np.array([*own, len(values)]), len(values) + 1)


def compared_values(reference: SliceSums, week: UserCounts) -> tuple[str, ...]:
    """Values that are compared one by one: the largest of both sides, each side weighing alike.

    A value that the reference never had is one of them, but where some of the reference's values
    were added up as others: it may have been among those.
    """
    totals = dict(zip(week.values, week.totals, strict=True))
    all_of_week = sum(totals.values())
    weights = {value: total / all_of_week for value, total in totals.items()}
    if reference.totals[-1]:
        weights = {value: weights.get(value, 0.0) for value in reference.values}
    all_of_reference = sum(reference.totals)
    for value, total in zip(reference.values, reference.totals, strict=False):
        weights[value] = weights.get(value, 0.0) + total / all_of_reference
    largest = sorted(weights, key=lambda value: (-weights[value], value))
    return tuple(largest[:MOST_COMPARED])


def category_sums(counts: UserCounts, values: tuple[str, ...]) -> CategorySums:
    """Users' requests by these values, and all others as the last category."""
    place = {value: position for position, value in enumerate(values)}
    categories = np.array([place.get(value, len(values)) for value in counts.values], dtype=int)
    order = np.argsort(counts.units, kind="stable")
    units, columns = counts.units[order], categories[counts.columns[order]]
    cells = counts.counts[order]
    sums = []
    for first in range(0, len(counts.requests), USERS_AT_ONCE):
        rows = slice(*np.searchsorted(units, [first, first + USERS_AT_ONCE]))
        matrix = np.zeros((USERS_AT_ONCE, len(values) + 1))
        np.add.at(matrix, (units[rows] - first, columns[rows]), cells[rows])
        sums.append(CategorySums.of(matrix))
    return reduce(add, sums)
