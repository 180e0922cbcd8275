"""How many users would settle an open criterion of a live experiment. Pure."""

from collections.abc import Callable
from math import ceil, sqrt

from evalhub.decision.criterion import Criterion
from evalhub.decision.wording import count_text
from evalhub.stats.confidence_sequences import one_sided_half_width, one_sided_rho
from evalhub.stats.distributions import normal_quantile
from evalhub.stats.power_live import users_needed
from evalhub.stats.user_ratios import HARM_PLAN

MOST_USERS = 10**12
"""Beyond so many no number is near."""


def users_for(criterion: Criterion, distance: float, power: float) -> int | None:
    """Users of both arms, those who came already included, with whom it passes (fails, where
    `distance` to the bound is below 0) with this power; None: no number near does.

    From the start it is the planned number of a sequence. Once half of these have come, what they
    show counts: it is the number at whose end the sequence is likely enough to pass the bound.
    """
    level = criterion.alpha if distance > 0 else criterion.harm_alpha
    # Its sd is √N times the standard error: that of two halves is twice a user's.
    planned = users_needed(criterion.sd / 2, abs(distance), alpha=level, power=power)
    if planned >= MOST_USERS:
        return None
    if criterion.n <= planned / 2:
        return planned
    return _users_after(criterion, distance, level, power)


def users_text(criterion: Criterion, users: int) -> str:
    """So many users in words, with the days that they take at the present traffic."""
    more = users - criterion.n
    text = count_text(more, "more user")
    a_day = criterion.users.a_day if criterion.users else 0.0
    if not a_day:
        return text
    return f"{text} (about {count_text(ceil(more / a_day), 'day')} at {a_day:,.0f} a day)"


def _users_after(criterion: Criterion, distance: float, level: float, power: float) -> int | None:
    seen = criterion.difference - (criterion.bound or 0.0)
    seen, sd, n = (seen if distance > 0 else -seen), criterion.sd, criterion.n
    assert criterion.users is not None
    tuned_at = criterion.users.tuned_at * (1.0 if distance > 0 else HARM_PLAN)
    rho, z = one_sided_rho(tuned_at, level), normal_quantile(power)

    def passes(users: int) -> bool:
        expected = (n * seen + (users - n) * abs(distance)) / users
        width = one_sided_half_width(sd / sqrt(users), users, rho=rho, alpha=level)
        return expected - width >= z * sd * sqrt(users - n) / users

    return _smallest(passes, n + 1)


def _smallest(holds: Callable[[int], bool], first: int) -> int | None:
    """The smallest number from `first` on for which it holds, where it holds from there on."""
    low, high = first - 1, first
    while not holds(high):
        if high > MOST_USERS:
            return None
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
