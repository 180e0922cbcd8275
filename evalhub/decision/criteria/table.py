"""The table of criteria: every kind of criterion that a policy or a study can ask for. Pure.

A new kind is a file beside this one, and its line here. Rule, sentences, pages, JSON schemas,
`evalhub policy diff` and verification read it from here.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

from pydantic import ConfigDict, with_config

from evalhub.decision.criteria.base import CriterionKind
from evalhub.decision.criteria.budget import BudgetKind, BudgetTerms, RatioBudget
from evalhub.decision.criteria.cost import CostKind
from evalhub.decision.criteria.guard import GuardKind
from evalhub.decision.criteria.judge import JudgeKind
from evalhub.decision.criteria.latency import LatencyKind
from evalhub.decision.criteria.latency_p95 import LatencyP95Kind
from evalhub.decision.criteria.live_guard import LiveGuardKind
from evalhub.decision.criteria.live_primary import LivePrimaryKind
from evalhub.decision.criteria.ownership import OwnershipKind
from evalhub.decision.criteria.preference import PreferenceKind
from evalhub.decision.criteria.primary import PrimaryKind

CRITERIA: tuple[CriterionKind, ...] = (
    PrimaryKind(),
    GuardKind(),
    PreferenceKind(),
    JudgeKind(),
    LatencyKind(),
    LatencyP95Kind(),
    CostKind(),
    OwnershipKind(),
    LivePrimaryKind(),
    LiveGuardKind(),
)

BUDGETS: dict[str, BudgetKind] = {
    kind.key: kind for kind in CRITERIA if isinstance(kind, BudgetKind)
}
"""By its key in a policy's `budgets`."""

AMOUNTS: dict[str, RatioBudget] = {
    kind.metric: kind for kind in reversed(CRITERIA) if isinstance(kind, RatioBudget)
}
"""By the metric that a record calls it, one of the budgets that read this amount of answers."""

OF_ROLE: dict[str, CriterionKind] = {kind.role: kind for kind in reversed(CRITERIA)}
"""By role, the first kind of it."""

ROLES = tuple(dict.fromkeys(kind.role for kind in CRITERIA))

if TYPE_CHECKING:
    type Budgets = Mapping[str, BudgetTerms]
else:
    Budgets = with_config(ConfigDict(extra="forbid"))(
        TypedDict("Budgets", {key: kind.declares for key, kind in BUDGETS.items()}, total=False)
    )
    Budgets.__doc__ = "By name, what may be spent."


def kind_of(role: str, name: str) -> CriterionKind:
    """The kind of a criterion: of several budgets of one role, the one of this name."""
    budget = BUDGETS.get(name)
    return OF_ROLE[role] if budget is None or budget.role != role else budget
