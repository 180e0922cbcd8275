"""What owning the candidate saves a month, by all that it costs. Pure."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from evalhub.decision.criteria.budget import BudgetKind
from evalhub.decision.wording import money, money_span
from evalhub.declare.cost_sheet import Ends
from evalhub.declare.declaration import Declaration, default_of
from evalhub.declare.margins import Measured
from evalhub.declare.policy import Demand, Named, Tier
from evalhub.declare.verdicts import Status
from evalhub.io.numbers import LARGEST

if TYPE_CHECKING:
    from evalhub.decision.criterion import Criterion
    from evalhub.decision.requirements import Requirement


class OwnershipBudget(Declaration):
    """What a candidate must save a month, by all that it costs.

    Attributes:
        test_set: on whose items requests are priced; None: the first primary's.
    """

    net_monthly_min: Measured = Field(
        0.0,
        ge=-LARGEST,
        le=LARGEST,
        description="what must be saved a month at least: the present bill less the candidate's "
        "serving, upkeep and retraining",
    )
    traffic: Measured = Field(gt=0, le=LARGEST, description="requests a month")
    tier: Tier = default_of(Demand, "tier")
    test_set: Named | None = Field(
        None,
        description="the test set whose items price requests; default: the first primary's",
    )


class Ownership(BudgetKind):
    """Money a month, of which `min_gain` or more must be saved: measured by
    `evalhub.decision.ownership`, with the record's section `ownership`."""

    role: ClassVar = "ownership"
    order: ClassVar = 5
    passes_at_bound: ClassVar = True
    not_by_number: ClassVar = (
        "more items tell what requests cost, and narrower assumptions the rest: its cost sheet "
        "says on which it hangs"
    )
    assessed: ClassVar[Mapping[str, Literal["stricter", "easier"]]] = {
        "net_monthly_min": "stricter"
    }
    key: ClassVar = "ownership"
    declares: ClassVar = OwnershipBudget
    not_in_files: ClassVar = (
        "What owning the candidate costs isn't known from files of scores: a study knows it, with "
        "its prices and its ownership"
    )
    columns: ClassVar = ("prompt_tokens", "completion_tokens")

    def requires(self, requirement: "Requirement") -> str:
        return f"saves {money(requirement.min_gain)} or more a month"

    def limit(self, c: "Criterion") -> str:
        return f"the {money(c.min_gain or 0.0)} a month that is asked"

    def measured(self, c: "Criterion") -> str:
        ends = money_span(Ends(low=c.lower, value=c.difference, high=c.upper))
        return f"{c.name} saves {money(c.difference)} {c.unit} a month [{ends}]"

    def passes(self, c: "Criterion") -> str:
        return f"at least {self.limit(c)}"

    def fails(self, c: "Criterion") -> str:
        return f"less than {self.limit(c)}"

    def facts(
        self, c: "Criterion", *, interval: str, candidate: str, baseline: str
    ) -> tuple[str, str]:
        return (
            f"{c.unit} saved a month, {interval}, where it is asked that it {c.requires}",
            f"{candidate} where it is {baseline} now, priced on {c.test_set}",
        )

    def headline_passes(self, criteria: "Sequence[Criterion]") -> list[str]:
        return [
            f"saves {money(c.difference)} {c.unit} a month"
            for c in criteria
            if c.status is Status.PASS
        ]

    def headline_fails(self, c: "Criterion") -> str:
        return f"saves {money(c.difference)} {c.unit} a month, less than {self.limit(c)}"
