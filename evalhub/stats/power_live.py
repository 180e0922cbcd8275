"""Users that a live experiment needs, looked at any time.

The limits are a confidence sequence tuned to the planned users (evalhub.stats.user_ratios). They
are wider than those of one look at the end, but a true gain is shown as soon as it can be: with 200
looks 80% power needs `LOOKS_FACTOR` times the users of one look.
"""

import math

from evalhub.stats.errors import StatisticsError
from evalhub.stats.levels import ALPHA, EVEN, POWER
from evalhub.stats.power import minimum_detectable_effect, paired_sample_size

LOOKS_FACTOR = 1.66


def users_needed(
    user_sd: float, gap: float, *, weight: float = EVEN, alpha: float = ALPHA, power: float = POWER
) -> int:
    """Users of both arms with which a difference `gap` away from its bound is shown with `power`.

    N = 1.66·(z₁₋α + z_power)²·user_sd²/(weight·(1 − weight)·gap²). `user_sd` is
    `UserSums.user_sd` of what runs now, taken for both arms; `weight` is the candidate's share of
    them. Raises StatisticsError unless user_sd is positive, gap not 0 and weight between 0 and 1.
    """
    fixed = paired_sample_size(_arms_sd(user_sd, weight), gap, alpha=alpha, power=power)
    return math.ceil(LOOKS_FACTOR * fixed)


def smallest_effect(
    users: int, user_sd: float, *, weight: float = EVEN, alpha: float = ALPHA
) -> float:
    """The gap that so many users show with 80% power; the inverse of `users_needed`."""
    if users < 1:
        raise StatisticsError(f"{users} users can show nothing")
    sd = _arms_sd(user_sd, weight) * math.sqrt(LOOKS_FACTOR)
    return minimum_detectable_effect(users, sd, alpha=alpha)


def _arms_sd(user_sd: float, weight: float) -> float:
    """√N times the standard error of the difference of two arms that share N users."""
    if not 0 < weight < 1:
        raise StatisticsError(f"the candidate's weight lies between 0 and 1, not {weight}")
    return user_sd / math.sqrt(weight * (1 - weight))
