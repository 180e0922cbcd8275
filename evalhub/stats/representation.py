"""Is a part of production represented among training examples? Two shares beside each other.

The share of production is a ratio over users, who are its clusters (`evalhub.stats.user_shares`);
that of the examples has Clopper and Pearson's exact limits, and where examples share a source the
same limits as production's. A part is surely under-represented where production's lower limit lies
above the examples' upper one. Of k parts each of these limits errs with rate level/(2k), so that
the chance of any false one is at most `level` (Bonferroni): a file that is a random sample of
production is called unrepresentative no oftener.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import clopper_pearson
from evalhub.stats.user_shares import UserShare, user_share

FAR_BELOW = 0.5
"""Examples' share of production's below which a sure difference is worth a finding."""


@dataclass(frozen=True, slots=True)
class RepresentedPart:
    """A part of production and of the examples, with simultaneous limits.

    Attributes:
        production, lower, upper: share of the requests.
        examples: rows in the part.
        share, share_lower, share_upper: of the rows.
    """

    production: float
    lower: float
    upper: float
    examples: int
    share: float
    share_lower: float
    share_upper: float

    @property
    def difference(self) -> float:
        """Of the shares: examples − production."""
        return self.share - self.production

    @property
    def is_under(self) -> bool:
        """Surely rarer among the examples, and by their shares at most half as frequent."""
        return self.lower > self.share_upper and self.share <= FAR_BELOW * self.production

    @property
    def is_missing(self) -> bool:
        """No example, which isn't chance."""
        return self.is_under and not self.examples


def represented_parts(
    production: Sequence[ArrayLike],
    requests: ArrayLike,
    examples: Sequence[ArrayLike],
    rows: ArrayLike,
    *,
    level: float,
) -> list[RepresentedPart]:
    """Each of k parts in production and among the examples.

    Args:
        production: of each part, each user's requests in it, k × (users,).
        requests: all requests of each user, (users,); weights will do.
        examples: of each part, the rows in it of each source, k × (sources,).
        rows: all rows of each source, (sources,): of a user, or copies of one text.
        level: chance of any false "under-represented" among the k parts.

    Raises StatisticsError for a level outside (0, 1), no rows, and where nobody sent a request.
    """
    if not 0 < level < 1:
        raise StatisticsError(f"a level lies between 0 and 1, not {level}")
    alpha = level / (2 * max(len(production), 1))
    sizes = np.asarray(rows, dtype=float)
    parts = []
    for of_users, of_sources in zip(production, examples, strict=True):
        share = user_share(of_users, requests, alpha=alpha)
        hits = np.asarray(of_sources, dtype=float)
        own = _share_of_rows(hits, sizes, alpha)
        parts.append(
            RepresentedPart(
                share.share,
                share.lower,
                share.upper,
                int(hits.sum()),
                own.share,
                own.lower,
                own.upper,
            )
        )
    return parts


def _share_of_rows(
    hits: NDArray[np.float64], sizes: NDArray[np.float64], alpha: float
) -> UserShare:
    if not sizes.sum() > 0:
        raise StatisticsError("there are no rows to count")
    if (sizes == 1).all():
        n, count = len(sizes), int(hits.sum())
        return UserShare(count / n, *clopper_pearson(count, n, alpha=alpha), n)
    return user_share(hits, sizes, alpha=alpha)


def needed_examples(share: float, examples: int, rows: int, *, fewest: int = 0) -> int:
    """How many examples bring a part to a share, all others staying: x with
    (examples + x)/(rows + x) = share; and to that share of the `fewest` that a file should have.

    A share of 1 can't be reached that way: as many as there are other rows then.
    """
    if not 0 <= share <= 1:
        raise StatisticsError(f"a share lies between 0 and 1, not {share}")
    others = rows - examples
    by_share = others if share == 1 else (share * rows - examples) / (1 - share)
    return max(0, math.ceil(by_share - 1e-9), math.ceil(share * fewest - 1e-9) - examples)
