"""How many users and days an experiment needs, said before it is started.

All of it rests on what the project's own users did in the last days. Where they say nothing of a
metric, that is said, and no number is given.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from evalhub.accounts.models import Project
from evalhub.decision.wording import count_text
from evalhub.declare.experiment import ExperimentPlan, LiveGuard, LiveMeasure, LivePrimary
from evalhub.features.experiments.recent_users import RecentUsers, recent_users
from evalhub.features.experiments.starting import WEIGHT
from evalhub.stats.power_live import smallest_effect, users_needed
from evalhub.stats.user_ratios import FEWEST_USERS, UserSums

LONGEST_DAYS = 1_000.0
HOURS = 24.0
PRECISION = 1e-3
"""Of a time in days."""


@dataclass(frozen=True, slots=True)
class MetricSpread:
    """A metric over users, as they were in the last days: a ratio of their sums.

    Attributes:
        users: that were read and have it.
        mean: of all requests, in the metric's unit; None: nothing to divide by.
        sd: `UserSums.user_sd`; None where nothing can be planned by it.
        problem: why; "" where it can.
    """

    users: int
    mean: float | None
    sd: float | None
    problem: str = ""


_NO_USERS = MetricSpread(0, None, None, "no request of these days names a user")


@dataclass(frozen=True, slots=True)
class PrimaryPower:
    """What the primary needs.

    Attributes:
        users: of both arms, by which the planned gain is found with 80% power, however often one
            looks; None: it can't be said.
        days: until that many are in it, at the present traffic and with the plan's ramp at its
            fastest; None: it can't be said, or they never come.
    """

    measure: LivePrimary
    spread: MetricSpread
    users: int | None
    days: int | None


@dataclass(frozen=True, slots=True)
class GuardPower:
    """What a guard notices.

    Attributes:
        noticed: the smallest loss, in the metric's unit, that is proven with 80% power by the
            planned number of users; None: it can't be said.
        users: of both arms, until a loss of twice the margin is proven; None likewise.
        days: until that many are in it.
    """

    measure: LiveGuard
    spread: MetricSpread
    noticed: float | None
    users: int | None
    days: int | None


@dataclass(frozen=True, slots=True)
class PowerPlan:
    """What an experiment by this plan would need and notice, by the traffic of the last days.

    Attributes:
        recent: None: no request of the plan's route named a user, so that nothing can be said and
            nobody would be in the experiment.
        planned_users: what the plan should say; None: it can't be said.
    """

    plan: ExperimentPlan
    recent: RecentUsers | None
    primary: PrimaryPower
    guards: Sequence[GuardPower]

    @property
    def planned_users(self) -> int | None:
        return self.primary.users

    @property
    def users_a_day(self) -> float | None:
        """Different users on a day; None: no request names one."""
        return None if self.recent is None else self.recent.users_a_day

    @property
    def without_user(self) -> float:
        """The share of the last day's requests that name no user."""
        return self.recent.without_user if self.recent else 0.0


def plan_experiment(project: Project, plan: ExperimentPlan, *, now: datetime) -> PowerPlan:
    """What an experiment by this plan needs and notices. Three queries."""
    recent = recent_users(project, plan, now=now)
    spreads = [*map(_spread, recent.sums)] if recent else [_NO_USERS] * len(plan.measures)
    return PowerPlan(
        plan,
        recent,
        primary=_primary(plan, spreads[0], recent),
        guards=[
            _guard(plan, guard, spread, recent)
            for guard, spread in zip(plan.guards, spreads[1:], strict=True)
        ],
    )


def _spread(sums: UserSums) -> MetricSpread:
    if not sums.x:
        return MetricSpread(sums.measured, None, None, "no request of these days says it")
    if sums.measured < FEWEST_USERS:
        few = f"{count_text(sums.measured, 'user')} are too few to plan by"
        return MetricSpread(sums.measured, sums.ratio, None, few)
    if not sums.user_sd:
        alike = "it never differed, so that its spread is unknown"
        return MetricSpread(sums.measured, sums.ratio, None, alike)
    return MetricSpread(sums.measured, sums.ratio, sums.user_sd)


def _primary(
    plan: ExperimentPlan, spread: MetricSpread, recent: RecentUsers | None
) -> PrimaryPower:
    if recent is None or spread.sd is None:
        return PrimaryPower(plan.primary, spread, None, None)
    users = _users(spread.sd, plan.primary.planned_gain, plan.alpha)
    return PrimaryPower(plan.primary, spread, users, _days(users, plan, plan.primary, recent))


def _guard(
    plan: ExperimentPlan, guard: LiveGuard, spread: MetricSpread, recent: RecentUsers | None
) -> GuardPower:
    """Harm is proven once the loss is shown to be beyond the margin, at the guard's share of the
    level."""
    if recent is None or spread.sd is None:
        return GuardPower(guard, spread, None, None, None)
    level = plan.harm_alpha / len(plan.guards)
    noticed = guard.margin + smallest_effect(
        plan.planned_users, spread.sd, weight=WEIGHT, alpha=level
    )
    users = _users(spread.sd, guard.margin, level)
    return GuardPower(guard, spread, noticed, users, _days(users, plan, guard, recent))


def _users(sd: float, gap: float, alpha: float) -> int:
    """Users of both arms; an arm with fewer than `FEWEST_USERS` shows nothing."""
    return max(2 * FEWEST_USERS, users_needed(sd, gap, weight=WEIGHT, alpha=alpha))


def _days(
    users: int, plan: ExperimentPlan, measure: LiveMeasure, recent: RecentUsers
) -> int | None:
    """Whole days until so many users are in both arms together; None: they never come.

    A user is in it from their first request on after the ramp has reached their place. So after D
    days the users are the sum over steps i of (c_i − c_{i−1})·U(D − t_i), c_i the coverage from t_i
    on, and U the different users who are expected within a time. Feedback counts once its window
    has closed.
    """
    if recent.new_users_a_day is None or _exposed(LONGEST_DAYS, plan, recent) < users:
        return None
    low, high = 0.0, LONGEST_DAYS
    while high - low > PRECISION:
        middle = (low + high) / 2
        low, high = (low, middle) if _exposed(middle, plan, recent) >= users else (middle, high)
    wait = plan.feedback_hours / HOURS if measure.is_feedback else 0.0
    return math.ceil(low + wait)


def _exposed(days: float, plan: ExperimentPlan, recent: RecentUsers) -> float:
    """Users who are in the experiment after so many days, where the ramp is at its fastest."""
    users, before = 0.0, 0.0
    for step, share in enumerate(plan.ramp):
        coverage, began = share / WEIGHT, step * plan.ramp_hours / HOURS
        users += (coverage - before) * recent.arrivals(max(0.0, days - began))
        before = coverage
    return users
