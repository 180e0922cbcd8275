"""What must hold on one test set, before it is measured; and all that a policy asks so. Pure."""

from typing import Self

from pydantic import ConfigDict, model_validator
from pydantic.dataclasses import dataclass

from evalhub.decision.criteria.base import CriterionKind
from evalhub.decision.criteria.budget import Budget, RatioBudget
from evalhub.decision.criteria.ownership import OwnershipBudget, OwnershipKind
from evalhub.decision.criteria.primary import PrimaryKind
from evalhub.decision.criteria.table import BUDGETS, kind_of
from evalhub.decision.criterion import Role
from evalhub.decision.policy import Policy
from evalhub.declare.declaration import default_of, invalid
from evalhub.declare.margins import KeptMargin, RelativeMargin
from evalhub.declare.measured_on import Bounds, ExpectedItems
from evalhub.declare.policy import Demand, MaxRatio, MinGain, PlannedGain, PolicyCriterion, Tier
from evalhub.declare.tails import Tails


@dataclass(frozen=True, slots=True, config=ConfigDict(strict=True, allow_inf_nan=False))
class Requirement:
    """What must hold on one test set by one metric.

    Attributes:
        name: the criterion's name in reports.
        role: of its kind (`evalhub.decision.criteria`).
        margin: loss that a guard may show, in the metric's own unit; 0 in studies of before it was
            refused.
        min_gain: gain that a primary must pass, in the metric's own unit.
        higher_is_better: whether more of the metric is better.
        tier: "critical" must be shown for a ship; harm to a "supporting" one holds, doubt about
            it doesn't keep a ship back; "advisory" is reported and decides nothing.
        relative_margin: the share of the baseline's mean that a guard may lose, above 0 and below
            1; it stands in for `margin`.
        planned_gain: gain beyond `min_gain` that the study is to detect, in the metric's own
            unit; None: the policy's.
        max_ratio: what a budget's candidate/baseline must stay below.
        bounds: the least and the most that one score can be; None where nothing is known.
        items: the items that must be judged on; None: whatever items there are.
        quantile: of a budget, at which quantile of the costs it is judged; None: at their mean.
        unit: what the metric counts, "" where it is a share.
        form: whether the metric says how an answer looks or what it cost, by no reference and no
            judge.
        tails: "bounded": the lower end pays for an unseen tail; None: it rests on what was seen.

    Raises:
        pydantic.ValidationError: a value of the wrong sign or that isn't finite.
    """

    name: str
    role: Role
    test_set: str
    metric: str
    margin: KeptMargin = default_of(Demand, "margin")
    min_gain: MinGain = default_of(Demand, "min_gain")
    higher_is_better: bool = True
    tier: Tier = default_of(Demand, "tier")
    relative_margin: RelativeMargin | None = None
    planned_gain: PlannedGain | None = None
    max_ratio: MaxRatio | None = None
    bounds: Bounds | None = None
    items: ExpectedItems | None = None
    quantile: float | None = None
    unit: str = ""
    form: bool = False
    tails: Tails | None = None

    @model_validator(mode="after")
    def _fits_its_role(self) -> Self:
        if self.kind.always_critical and self.tier != "critical":
            raise invalid(f"a {self.role} is critical, it can't be {self.tier}", "tier")
        if (self.kind.keeps_to == "max_ratio") != (self.max_ratio is not None):
            raise invalid("a budget has a max_ratio, and nothing else has", "max_ratio")
        return self

    @property
    def kind(self) -> CriterionKind:
        """What is the same for all criteria of its kind."""
        return kind_of(self.role, self.name)

    @property
    def bound(self) -> float:
        """The difference that the interval's lower end must pass."""
        return self.kind.bound(self)

    @property
    def factor(self) -> float | None:
        """The ratio to the baseline that the candidate must keep to, None where none is asked.

        A budget must stay below it, and so must a relative guard of which less is better; another
        relative guard must stay above it.
        """
        return self.kind.factor(self)

    @property
    def worst(self) -> float | None:
        """The score that is the worst; None where nothing bounds it."""
        return None if self.bounds is None else self.bounds[0 if self.higher_is_better else 1]

    @property
    def best(self) -> float | None:
        """The score that is the best; None where nothing bounds it."""
        return None if self.bounds is None else self.bounds[1 if self.higher_is_better else 0]


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
    """The budgets on ratios, by their names, since a database keeps no other order."""
    first = _first_primary(policy)
    return [
        Requirement(
            name=name,
            role=kind.role,
            test_set=where,
            metric=kind.metric,
            quantile=kind.quantile,
            higher_is_better=False,
            tier=budget.tier,
            max_ratio=budget.max_ratio,
        )
        for name, budget in sorted(policy.budgets.items())
        if isinstance(kind := BUDGETS[name], RatioBudget) and isinstance(budget, Budget)
        if (where := budget.test_set or first) is not None
    ]


def amount_of(requirement: Requirement) -> RatioBudget:
    """The budget whose amounts a requirement compares."""
    assert isinstance(requirement.kind, RatioBudget)
    return requirement.kind


def ownership_budget_of(policy: Policy) -> tuple[OwnershipBudget, str] | None:
    """The budget of ownership, and the test set whose items its requests are priced on; None
    without one."""
    budget = policy.budgets.get(OwnershipKind.key)
    if not isinstance(budget, OwnershipBudget):
        return None
    where = budget.test_set or _first_primary(policy)
    return None if where is None else (budget, where)


def _first_primary(policy: Policy) -> str | None:
    primaries = (each for each in policy.criteria.items() if each[1].role == PrimaryKind.role)
    return next((criterion.test_set or name for name, criterion in primaries), None)
