"""The requirements of a policy, as they are measured. Pure but for reading the file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from evalhub.decision.criteria import Requirement
from evalhub.declare.declaration import read_declaration
from evalhub.declare.policy import (
    CostName,
    OwnershipBudget,
    Policy,
    PolicyCriterion,
    PreferenceRule,
    Rule,
)
from evalhub.declare.study import StudyReview, StudySettings

SCHEMA: Literal["evalhub.policy/1"] = "evalhub.policy/1"


class Measured(NamedTuple):
    """The measure of a budget, and its quantile; None: the mean."""

    metric: str
    quantile: float | None = None


COSTS: dict[CostName, Measured] = {
    "cost": Measured("cost"),
    "latency": Measured("latency_ms"),
    "latency_p95": Measured("latency_ms", 0.95),
}
COST_METRICS = tuple(dict.fromkeys(each.metric for each in COSTS.values()))


def read_policy(path: Path) -> Policy:
    """Read and check a policy document, YAML or JSON.

    Raises:
        evalhub.io.rows.DataError: what is wrong, with file, line and field.
    """
    from evalhub.io.document import Document  # it loads YAML, and `evalhub compare` needs none

    start = f"a policy is a mapping that starts with schema: {SCHEMA}"
    return read_declaration(Policy, Document(path), start=start)


def policy_of_study(
    settings: StudySettings, review: StudyReview | None, criteria: Mapping[str, PolicyCriterion]
) -> Policy:
    """A study's policy, from its settings, its review and its test sets' criteria."""
    shared = {name: getattr(settings, name) for name in (*Rule.model_fields, "noise_floor")}
    preference = None
    if review is not None:
        preference = PreferenceRule(
            required=review.required,
            min_gain=review.min_gain,
            min_agreement=settings.min_agreement,
            min_reviewers=settings.min_reviewers,
            unconfirmed_reviewers=settings.unconfirmed_reviewers,
        )
    return Policy(schema_=SCHEMA, criteria=dict(criteria), preference=preference, **shared)


def requirement_of(name: str, criterion: PolicyCriterion, *, form: bool = False) -> Requirement:
    """A policy criterion as a requirement; `form`: its metric checks the form of answers alone."""
    return Requirement(
        name=name,
        role=criterion.role,
        test_set=criterion.test_set or name,
        metric=criterion.metric,
        margin=criterion.margin,
        min_gain=criterion.min_gain,
        higher_is_better=criterion.higher_is_better,
        tier=criterion.tier,
        relative_margin=criterion.relative_margin,
        planned_gain=criterion.planned_gain,
        bounds=criterion.bounds,
        items=criterion.items,
        unit=criterion.unit,
        form=form,
        tails=criterion.tails,
    )


def requirements_of(policy: Policy) -> list[Requirement]:
    """All requirements on scores: the criteria, then the budgets.

    A budget that names no test set is measured on the first primary's.
    """
    criteria = [requirement_of(name, criterion) for name, criterion in policy.criteria.items()]
    return [*criteria, *budget_requirements(policy)]


def budget_requirements(policy: Policy) -> list[Requirement]:
    """The budgets on ratios, in the order of `COSTS`, since a database keeps no other order."""
    first = _first_primary(policy)
    return [
        Requirement(
            name=name,
            role="budget",
            test_set=where,
            metric=COSTS[name].metric,
            quantile=COSTS[name].quantile,
            higher_is_better=False,
            tier=budget.tier,
            max_ratio=budget.max_ratio,
        )
        for name in COSTS
        if (budget := policy.budgets.get(name)) is not None
        if (where := budget.test_set or first) is not None
    ]


def ownership_budget_of(policy: Policy) -> tuple[OwnershipBudget, str] | None:
    """The budget of ownership, and the test set whose items its requests are priced on; None
    without one."""
    budget = policy.budgets.get("ownership")
    if budget is None:
        return None
    where = budget.test_set or _first_primary(policy)
    return None if where is None else (budget, where)


def _first_primary(policy: Policy) -> str | None:
    primaries = (each for each in policy.criteria.items() if each[1].role == "primary")
    return next((criterion.test_set or name for name, criterion in primaries), None)
