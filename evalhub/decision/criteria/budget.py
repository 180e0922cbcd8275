"""What every budget has: a key of the policy's `budgets`, and where its amounts are read. Pure."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from pydantic import Field

from evalhub.decision.criteria.base import Kind, Terms
from evalhub.decision.wording import loss_shown, percent
from evalhub.declare.declaration import Declaration, default_of
from evalhub.declare.policy import Demand, MaxRatio, Named, Tier
from evalhub.declare.prices import Price
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    from evalhub.decision.criterion import Criterion
    from evalhub.decision.requirements import Requirement


class BudgetTerms(Protocol):
    """What every budget of a policy says: how much it counts, and on whose items it is measured
    (None: the first primary's)."""

    @property
    def tier(self) -> Tier: ...

    @property
    def test_set(self) -> str | None: ...


class Budget(Declaration):
    """What a candidate may cost beside the baseline.

    Attributes:
        test_set: on whose items; None: the first primary's.
    """

    max_ratio: MaxRatio
    tier: Tier = default_of(Demand, "tier")
    test_set: Named | None = Field(
        None, description="the test set whose items are used; default: the first primary's"
    )


class Row(Protocol):
    """A row of a file of scores, by the names that its evidence document gives to fields."""

    def number(self, field: str) -> float | None: ...

    def output(self) -> str | None: ...


class BudgetKind(Kind):
    """A kind of criterion that a policy asks for under its `budgets`.

    Attributes:
        key: its key there, which is the criterion's name too.
        declares: what the policy says under it.
        columns: the fields of an answer in the database that its amounts are read from: answers
            recorded again with other values are another claim.
        not_in_files: why files of scores can't show it, where it isn't measured item by item.
    """

    order: ClassVar = 4
    of_quality: ClassVar = False
    group: ClassVar = "Cost"
    key: ClassVar[str]
    declares: ClassVar[type[Declaration]]
    columns: ClassVar[tuple[str, ...]]
    not_in_files: ClassVar[str] = ""


class RatioBudget(BudgetKind):
    """An amount that must stay below `max_ratio` times the baseline's. Ratios of means are judged
    by Fieller's interval, those of quantiles by test inversion.

    Attributes:
        metric: what a record calls the amount. Budgets of one metric read it alike.
        quantile: at which quantile of the amounts; None: at their mean.
        resource: the amount, for the headline: "at 18% of the cost".
        field: the field of a row of a file of scores that it is read from.
        priced: its amounts are money, by the price of each arm's tokens.
    """

    role: ClassVar = "budget"
    keeps_to: ClassVar[Literal["min_gain", "margin", "max_ratio"]] = "max_ratio"
    by_item: ClassVar = True
    plans_gain: ClassVar = False
    unplanned: ClassVar = "no saving was planned from which a number of items would follow"
    assessed: ClassVar[Mapping[str, Literal["stricter", "easier"]]] = {"max_ratio": "easier"}
    declares: ClassVar = Budget
    metric: ClassVar[str]
    quantile: ClassVar[float | None] = None
    resource: ClassVar[str]
    field: ClassVar[str]
    priced: ClassVar[bool] = False

    def amount(self, answer: Mapping[str, Any], price: Price) -> float | None:
        """The amount of one answer, from its `columns`; None where it isn't known."""
        (column,) = self.columns
        value: float | None = answer[column]
        return value

    def amount_in_file(self, row: Row) -> float | None:
        """The amount of the answer that a row of a file of scores is on; None where it doesn't
        say."""
        return row.number(self.field)

    def factor(self, terms: Terms) -> float | None:
        return terms.max_ratio

    def gap_to(self, factor: float, baseline: float) -> float:
        """A budget below the baseline's own amount asks for a saving, of which none is planned."""
        return max(factor - 1, 0.0) * abs(baseline)

    def requires(self, requirement: "Requirement") -> str:
        return f"below {percent(requirement.max_ratio)}"

    def limit(self, c: "Criterion") -> str:
        return f"the budget of {percent(c.max_ratio)}"

    def passes(self, c: "Criterion") -> str:
        return f"stays within {self.limit(c)}"

    def fails(self, c: "Criterion") -> str:
        return f"over {self.limit(c)}"

    def facts(
        self, c: "Criterion", *, interval: str, candidate: str, baseline: str
    ) -> tuple[str, str]:
        return (
            f"of the baseline’s {c.name}, {interval}, where it must stay {c.requires}",
            f"{candidate} where it was {baseline}, by {c.metric} on {c.test_set}",
        )

    def headline_passes(self, criteria: "Sequence[Criterion]") -> list[str]:
        """That all budgets are kept; nothing where one isn't."""
        if any(c.status is not Status.PASS for c in criteria):
            return []
        return ["stays within its budget" if len(criteria) == 1 else "stays within its budgets"]

    def at_cost(self, c: "Criterion") -> str:
        return f"{percent(c.ratio)} of the {self.resource}"

    def headline_fails(self, c: "Criterion") -> str:
        share = percent(c.ratio)
        return f"takes {share} of the baseline's {self.resource}, over {self.limit(c)}"

    def partly_shown(self, c: "Criterion") -> str:
        if loss_shown(c):
            return f"a higher cost is shown, but not whether it is over {self.limit(c)}: "
        return ""

    def effect_shown(self, c: "Criterion", *, passing: bool) -> str:
        return f"that it {'stays within' if passing else 'goes over'} {self.limit(c)}"

    def assumption(self, c: "Criterion") -> str:
        return "it really costs no more"

    def no_number(self, c: "Criterion") -> str:
        if c.ratio_upper is not None or (c.quantile is not None and c.gap > 0 and c.sd > 0):
            return ""
        if "no interval" in c.method:
            return f"there is {c.method}"
        return "the baseline's mean can't be told from 0"
