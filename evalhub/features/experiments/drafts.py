"""A plan that leaves the number of users open gets as many as its planned gain needs."""

from datetime import datetime

from evalhub.accounts.models import Project
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.experiment import ExperimentPlan, PlanDraft
from evalhub.features.experiments.planning import PowerPlan, plan_experiment

UNKNOWN = 2
"""Planned users of a plan whose needed number isn't known yet: none of it depends on them."""


def draft_power(project: Project, draft: PlanDraft, *, now: datetime) -> PowerPlan:
    """What an experiment by this plan needs and notices, with its users settled.

    Raises DeclarationError where the traffic doesn't say how many are needed.
    """
    plan = settled_plan(project, draft, now=now)
    return plan_experiment(project, plan, now=now)


def settled_plan(project: Project, draft: PlanDraft, *, now: datetime) -> ExperimentPlan:
    """The plan with its number of users: what it says, or what the gain needs.

    Raises DeclarationError where the traffic doesn't say how many are needed.
    """
    if draft.planned_users is not None:
        return draft.with_users(draft.planned_users)
    power = plan_experiment(project, draft.with_users(UNKNOWN), now=now)
    if power.planned_users is None:
        problem = power.primary.spread.problem
        raise DeclarationError(
            f"say how many: the traffic tells nothing of {draft.primary.metric} ({problem})",
            "plan.planned_users",
        )
    return draft.with_users(power.planned_users)
