"""Ratios of sums over users, two arms beside each other, looked at any time.

A metric of production is a ratio of sums: errors over requests, dollars over requests. A user's
requests depend on each other, so the unit is the user: the ratio R = Σy/Σx has the variance
n/(n − 1)·Σ(y − Rx)²/(Σx)² (delta method with the covariance of y and x; Deng, Knoblich and Lu 2018,
KDD, "Applying the delta method in metric analytics"). A user with x = 0 counts as a user and adds
nothing to either sum.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from evalhub.stats.confidence_sequences import (
    one_sided_always_valid_p,
    one_sided_half_width,
    one_sided_rho,
)
from evalhub.stats.errors import StatisticsError
from evalhub.stats.levels import ALPHA, HARM_ALPHA

FEWEST_USERS = 100
"""Users with x > 0 that each arm of an epoch must have before it counts."""
UNSEEN_USERS = 10.0
"""So many more users of each arm are supposed to deviate as much as those who carry the variance:
of 200 users without one error nobody knows that there are none. By simulated false alarms with .2%
errors (docs/explanation/statistics-of-experiments.md)."""
UNSEEN_IN_HARM = 3.0
"""The same for the upper limit: harm is mostly proven by what was seen, so that fewer do."""

HARM_PLAN = 1 / 8
"""Share of the planned users at which the upper limit is narrowest: harm is to be proven soon, and
at the planned end that costs 6% of the limit's width. By simulation a loss of three points exposes
three tenths fewer users than with limits that are narrowest at the end."""


@dataclass(frozen=True, slots=True)
class UserSums:
    """Sums over the users of one arm of one epoch, for one metric; they may be added.

    Attributes:
        users: all of them, those with x = 0 too.
        measured: users with x > 0.
        y, x: the sums; yy, xy, …: sums of the products that the letters name.
    """

    users: int
    measured: int
    y: float
    x: float
    yy: float
    xy: float
    xx: float
    yyyy: float
    xyyy: float
    xxyy: float
    xxxy: float
    xxxx: float

    @classmethod
    def of(cls, y: ArrayLike, x: ArrayLike) -> "UserSums":
        """From each user's own sums, (n,) each.

        Raises StatisticsError for values that aren't finite, and for an x below 0.
        """
        tops, bottoms = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
        if tops.ndim != 1 or tops.shape != bottoms.shape:
            raise StatisticsError(
                f"y and x are flat and equally long: {tops.shape} and {bottoms.shape}"
            )
        if not (np.isfinite(tops).all() and np.isfinite(bottoms).all() and (bottoms >= 0).all()):
            raise StatisticsError("every user's y is a finite number, and x one of 0 or more")
        yy, xy, xx = tops * tops, bottoms * tops, bottoms * bottoms
        products = (yy, xy, xx, yy * yy, xy * yy, xy * xy, xx * xy, xx * xx)
        return cls(
            len(tops),
            int(np.count_nonzero(bottoms)),
            float(tops.sum()),
            float(bottoms.sum()),
            *(float(product.sum()) for product in products),
        )

    def __add__(self, other: "UserSums") -> "UserSums":
        return UserSums(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def ratio(self) -> float:
        """Σy/Σx. Raises StatisticsError where Σx is 0."""
        if not self.x:
            raise StatisticsError("nothing was measured: every user's x is 0")
        return self.y / self.x

    @property
    def squares(self) -> float:
        """Σ(y − Rx)²; 0 where it is a rounding error of its parts."""
        ratio = self.ratio
        total = self.yy - 2 * ratio * self.xy + ratio * ratio * self.xx
        return total if total > 1e-12 * self.yy else 0.0

    @property
    def fourth_powers(self) -> float:
        """Σ(y − Rx)⁴, at least (Σ(y − Rx)²)²/n."""
        ratio = self.ratio
        total = (
            self.yyyy
            - 4 * ratio * self.xyyy
            + 6 * ratio**2 * self.xxyy
            - 4 * ratio**3 * self.xxxy
            + ratio**4 * self.xxxx
        )
        return max(total, self.squares**2 / self.users)

    @property
    def variance(self) -> float:
        """Of the ratio, by the delta method. Raises StatisticsError for fewer than two users."""
        if self.users < 2:
            raise StatisticsError(f"a variance between users needs two or more, not {self.users}")
        return self.users / (self.users - 1) * self.squares / self.x**2

    @property
    def user_sd(self) -> float:
        """Standard deviation per user: √(n · variance), which users needed are planned by."""
        return math.sqrt(self.users * self.variance)


@dataclass(frozen=True, slots=True)
class Epoch:
    """The two arms of a time in which users were split by one salt and weight."""

    baseline: UserSums
    candidate: UserSums

    @property
    def users(self) -> int:
        return self.baseline.users + self.candidate.users

    @property
    def has_enough_users(self) -> bool:
        """Whether both arms have users enough for a comparison."""
        return min(self.baseline.measured, self.candidate.measured) >= FEWEST_USERS


@dataclass(frozen=True, slots=True)
class UserComparison:
    """How the candidate's ratio differs from the baseline's, at any time; > 0 is better.

    Attributes:
        users: of both arms, in the epochs that count.
        baseline, candidate: the arms' ratios, epochs weighted by their users.
        difference: candidate − baseline, or the other way round where less is better.
        se, upper_se: its standard error, with users that were not seen (`UNSEEN_USERS`; for the
            upper limit `UNSEEN_IN_HARM`); None: it can't be told, since nobody deviates.
        lower, upper: one-sided limits at `alpha` and `upper_alpha`, each at every look together;
            None with `se`.
        lower_rho, upper_rho: to which the two are tuned.
    """

    users: int
    baseline: float
    candidate: float
    difference: float
    se: float | None
    upper_se: float | None
    lower: float | None
    upper: float | None
    alpha: float
    upper_alpha: float
    lower_rho: float
    upper_rho: float

    def p_above(self, bound: float) -> float:
        """Always-valid one-sided p-value that the difference isn't above `bound`; at most alpha
        just when `lower` is at least `bound`."""
        if self.se is None:
            return 1.0
        z = (self.difference - bound) / self.se
        return one_sided_always_valid_p(z, self.users, rho=self.lower_rho)

    def p_below(self, bound: float) -> float:
        """Always-valid one-sided p-value that the difference isn't below `bound`; at most
        upper_alpha just when `upper` is at most `bound`."""
        if self.upper_se is None:
            return 1.0
        z = (bound - self.difference) / self.upper_se
        return one_sided_always_valid_p(z, self.users, rho=self.upper_rho)


def compare_users(
    epochs: Sequence[Epoch],
    *,
    planned_users: int,
    higher_is_better: bool = False,
    events: bool = False,
    alpha: float = ALPHA,
    upper_alpha: float = HARM_ALPHA,
) -> UserComparison | None:
    """Both arms over epochs: difference = Σ n_e/N · difference_e, and its variance alike.

    None before an epoch has `FEWEST_USERS` in each arm; other epochs are left out until they have.

    Args:
        planned_users: users of both arms at which the lower limit is to be narrowest; the upper
            one is at an eighth of them.
        events: y counts some of x, so that where there is none, one user's requests might all be.
        alpha: one-sided level of the lower limit.
        upper_alpha: that of the upper one.
    """
    lower_rho, upper_rho = (
        one_sided_rho(planned_users, alpha),
        one_sided_rho(HARM_PLAN * planned_users, upper_alpha),
    )
    epochs = [epoch for epoch in epochs if epoch.has_enough_users]
    if not epochs:
        return None
    users = sum(epoch.users for epoch in epochs)
    shares = [epoch.users / users for epoch in epochs]
    baseline, candidate = (
        sum(share * arm.ratio for share, arm in zip(shares, arms, strict=True))
        for arms in zip(*((epoch.baseline, epoch.candidate) for epoch in epochs), strict=True)
    )
    se, upper_se = _standard_errors(epochs, shares, events=events)
    difference = candidate - baseline if higher_is_better else baseline - candidate
    lower = upper = None
    if se is not None and upper_se is not None:
        lower = difference - one_sided_half_width(se, users, rho=lower_rho, alpha=alpha)
        upper = difference + one_sided_half_width(upper_se, users, rho=upper_rho, alpha=upper_alpha)
    return UserComparison(
        users,
        baseline,
        candidate,
        difference,
        se,
        upper_se,
        lower,
        upper,
        alpha,
        upper_alpha,
        lower_rho,
        upper_rho,
    )


def _standard_errors(
    epochs: Sequence[Epoch], shares: Sequence[float], *, events: bool
) -> tuple[float | None, float | None]:
    """Of the difference, for the lower limit and for the upper one, each with its unseen users,
    dealt over epochs as users are; None if nobody deviates and y isn't a count."""
    arms = [arm for epoch in epochs for arm in (epoch.baseline, epoch.candidate)]
    typical = _typical_square(arms, events)
    variances = [arm.variance for arm in arms]
    of_arms = [share for share in shares for _ in range(2)]

    def error(unseen: float) -> float | None:
        square = unseen * typical
        variance = sum(
            share**2 * (variance + share * square / arm.x**2)
            for arm, variance, share in zip(arms, variances, of_arms, strict=True)
        )
        return math.sqrt(variance) if variance > 0 else None

    return error(UNSEEN_USERS), error(UNSEEN_IN_HARM)


def _typical_square(arms: Sequence[UserSums], events: bool) -> float:
    """(y − Rx)² of the users who carry the variance: Σ(y − Rx)⁴/Σ(y − Rx)²; where nobody deviates,
    of events the square of the requests that the user of a random request has."""
    squares = sum(arm.squares for arm in arms)
    if squares:
        return sum(arm.fourth_powers for arm in arms) / squares
    return (sum(arm.xx for arm in arms) / sum(arm.x for arm in arms)) ** 2 if events else 0.0
