"""Users' counts by category, added up so far that shares and their variances can be computed, and
nothing of any one user is left.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.errors import StatisticsError

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CategorySums:
    """Sums over users.

    Attributes:
        users: those with a count above 0.
        totals: (categories,) all their counts.
        products: (categories, categories) sum over users of the product of both counts.
    """

    users: int
    totals: Array
    products: Array

    @classmethod
    def of(cls, counts: ArrayLike) -> Self:
        """From (users, categories), how many requests of each category a user had.

        Raises StatisticsError for counts that are none.
        """
        rows = np.asarray(counts, dtype=float)
        if rows.ndim != 2 or not np.isfinite(rows).all() or not (rows >= 0).all():
            raise StatisticsError("a sample has a row a user, with a count of 0 or more a category")
        users = int(np.count_nonzero(rows.sum(axis=1)))
        return cls(users, rows.sum(axis=0), np.asarray(rows.T @ rows))

    @property
    def total(self) -> float:
        return float(self.totals.sum())

    def in_groups(self, groups: NDArray[np.intp], count: int) -> Self:
        """With categories of the same group (categories,), numbered 0 to `count` − 1, as one."""
        members = np.zeros((len(groups), count))
        members[np.arange(len(groups)), groups] = 1
        products = members.T @ self.products @ members
        return type(self)(self.users, self.totals @ members, products)

    def __add__(self, other: "CategorySums") -> "CategorySums":
        """Of the users of both, who are taken for different ones."""
        return CategorySums(
            self.users + other.users,
            self.totals + other.totals,
            self.products + other.products,
        )

    @property
    def effective_users(self) -> Array:
        """(categories,) by Kish: (Σc)²/Σc² over users; 0 where nobody has any."""
        squares = np.diag(self.products)
        return np.asarray(self.totals**2 / np.where(squares > 0, squares, 1.0))

    @property
    def effective_users_of_all(self) -> float:
        """The same of all categories together."""
        return self.total**2 / float(self.products.sum())

    def share_covariance(self) -> Array:
        """Of the categories' shares, ratios of sums over users, by the delta method: of residuals
        c − p·Σc of each user."""
        shares = self.totals / self.total
        with_all = self.products.sum(axis=1)
        crossed = np.outer(with_all, shares)
        products = self.products - crossed - crossed.T + with_all.sum() * np.outer(shares, shares)
        return np.asarray(self.users / (self.users - 1) * products / self.total**2)
