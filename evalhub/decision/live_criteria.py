"""Criteria of a live experiment from users' sums: the delta method, and confidence sequences. Pure.

Epochs and arms are compared by `evalhub.stats.user_ratios`. Both ends of an interval are one-sided
confidence sequences, tuned at the planned users of the first experiment of those that continue each
other. The lower ends are at alpha each, since all must pass; of the guards the upper ends share
harm's level, since any of them rolls back.
"""

from collections.abc import Sequence
from math import sqrt

from evalhub.decision.criteria.live_guard import LiveGuardKind
from evalhub.decision.criteria.live_primary import LivePrimaryKind
from evalhub.decision.criterion import Criterion, Measurement, PlannedUsers, Tested
from evalhub.decision.levels import level_of_draw
from evalhub.decision.measuring import requirement_at
from evalhub.decision.requirements import Requirement
from evalhub.declare.experiment import ExperimentPlan, LiveGuard, LiveMetric, LivePrimary
from evalhub.declare.live_sums import ArmSums, MetricSums
from evalhub.stats.user_ratios import FEWEST_USERS, Epoch, UserSums, compare_users

METHOD = "asymptotic confidence sequence"
TEST = "always-valid p-value"
UNITS = {
    LiveMetric.ERRORS: "errors",
    LiveMetric.SLOW: "slow requests",
    LiveMetric.COST: "",
    LiveMetric.REFUSALS: "refusals",
    LiveMetric.THUMBS_DOWN: "thumbs-down",
    LiveMetric.RETRIES: "retries",
}
"""What a metric of requests counts, after "fewer" and "more"."""


def primary_level(plan: ExperimentPlan, metric_number: int) -> float:
    """One-sided level of the primary's lower end: another primary metric of the same pair is
    another try."""
    return level_of_draw(metric_number, alpha=plan.alpha)


def guard_harm_level(plan: ExperimentPlan) -> float:
    """One-sided level of the upper end of each guard."""
    return plan.harm_alpha / max(len(plan.guards), 1)


def live_criteria(
    metrics: Sequence[MetricSums], plan: ExperimentPlan, *, metric_number: int, users: PlannedUsers
) -> list[Criterion]:
    """The criteria that can be measured: of a metric that no epoch has users enough for in both
    arms there is none.

    Args:
        metric_number: which primary metric of this pair of versions it is, from 1.
    """
    rows = {row.metric: row for row in metrics}
    return [
        criterion
        for measure in plan.measures
        if (row := rows.get(measure.metric)) is not None
        and (criterion := _criterion(measure, row, plan, metric_number, users)) is not None
    ]


def waiting_criteria(criteria: Sequence[Criterion], plan: ExperimentPlan) -> list[str]:
    """What a ship waits for: critical criteria that can't be measured yet, a sentence each."""
    measured = {row.name for row in criteria}
    return [
        f"{measure.metric} can't be measured yet: it takes {FEWEST_USERS} users in each arm, and "
        "some that differ"
        for measure in plan.measures
        if measure.metric not in measured
        and (isinstance(measure, LivePrimary) or measure.tier == "critical")
    ]


def _criterion(
    measure: LivePrimary | LiveGuard,
    row: MetricSums,
    plan: ExperimentPlan,
    metric_number: int,
    users: PlannedUsers,
) -> Criterion | None:
    primary = isinstance(measure, LivePrimary)
    comparison = compare_users(
        [Epoch(_sums(epoch.champion), _sums(epoch.challenger)) for epoch in row.epochs],
        planned_users=users.tuned_at,
        higher_is_better=measure.higher_is_better,
        events=measure.counts_events,
        alpha=primary_level(plan, metric_number) if primary else plan.alpha,
        upper_alpha=plan.harm_alpha if primary else guard_harm_level(plan),
    )
    if comparison is None or comparison.se is None:
        return None
    assert comparison.lower is not None
    assert comparison.upper is not None
    requirement = _requirement(measure)
    bound = requirement.bound
    return Criterion.of(
        requirement_at(requirement, comparison.baseline),
        Measurement(
            n=comparison.users,
            clusters=None,
            baseline=comparison.baseline,
            candidate=comparison.candidate,
            difference=comparison.difference,
            lower=comparison.lower,
            upper=comparison.upper,
            ratio=None,
            ratio_lower=None,
            ratio_upper=None,
            alpha=comparison.alpha,
            harm_alpha=comparison.upper_alpha,
            wins=0,
            losses=0,
            ties=0,
        ),
        Tested(
            p_value=min(1.0, 2 * min(comparison.p_above(0.0), comparison.p_below(0.0))),
            p_harm=comparison.p_below(min(bound, 0.0)),
            p_bound=comparison.p_above(bound),
            method=METHOD,
            test=TEST,
            sd=comparison.se * sqrt(comparison.users),
            design_effect=1.0,
            gap=requirement.kind.gap(requirement, 0.0),
            users=users,
        ),
    )


def _sums(arm: ArmSums) -> UserSums:
    return UserSums(**dict(arm))


def _requirement(measure: LivePrimary | LiveGuard) -> Requirement:
    metric = measure.signal or measure.metric
    unit = "" if measure.signal else UNITS[LiveMetric(metric)]
    if isinstance(measure, LivePrimary):
        return Requirement(
            name=measure.metric,
            role=LivePrimaryKind.role,
            test_set="",
            metric=metric,
            unit=unit,
            min_gain=measure.min_gain,
            planned_gain=measure.planned_gain,
            higher_is_better=measure.higher_is_better,
        )
    return Requirement(
        name=measure.metric,
        role=LiveGuardKind.role,
        test_set="",
        metric=metric,
        unit=unit,
        margin=measure.margin,
        tier=measure.tier,
        higher_is_better=measure.higher_is_better,
    )
