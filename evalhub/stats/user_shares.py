"""The share of production's requests that are of a kind, with users as clusters.

The limits are Clopper and Pearson's at the effective number of requests: as many independent ones
would have the variance that the share has between users (Korn and Graubard 1998, Survey
Methodology 24, 193–201). Where all or none are of the kind, nothing says how users differ, and the
effective number is that of the users.
"""

from dataclasses import dataclass

from numpy.typing import ArrayLike

from evalhub.stats.distributions import beta_quantile
from evalhub.stats.levels import ALPHA
from evalhub.stats.user_ratios import UserSums


@dataclass(frozen=True, slots=True)
class UserShare:
    """A share with two-sided limits.

    Attributes:
        effective: independent requests that tell as much.
    """

    share: float
    lower: float
    upper: float
    effective: float


def user_share(of_kind: ArrayLike, requests: ArrayLike, *, alpha: float = ALPHA) -> UserShare:
    """The share of users' requests that are of a kind; each limit errs with rate `alpha`.

    Args:
        of_kind, requests: of each user, (n,) each; weights will do, too.

    Raises StatisticsError for values that aren't finite, and where nobody sent a request.
    """
    sums = UserSums.of(of_kind, requests)
    share = min(1.0, max(0.0, sums.ratio))
    effective = float(sums.measured)
    if 0 < share < 1 and sums.users > 1 and sums.squares:
        effective = min(sums.x, share * (1 - share) / sums.variance)
    hits, misses = share * effective, (1 - share) * effective
    lower = beta_quantile(alpha, hits, misses + 1) if hits else 0.0
    upper = beta_quantile(1 - alpha, hits + 1, misses) if misses else 1.0
    return UserShare(share, min(lower, share), max(upper, share), effective)
