"""What owning the candidate costs: assumptions and prices, written down with the record. Pure."""

from collections.abc import Iterator, Mapping
from math import isclose
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from evalhub.decision.cost_model import CostModel
from evalhub.decision.criteria.ownership import OwnershipKind
from evalhub.decision.inconsistent import POLICY_ASKS, Discrepancy
from evalhub.decision.sections.base import Section
from evalhub.decision.wording import money_span
from evalhub.declare.cost_sheet import CostLine, Ends
from evalhub.declare.decision import Arms
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord


class OwnershipSection(Section):
    """What the budget of ownership was judged by, written down: assumptions and prices that change
    later change nothing here."""

    title: ClassVar[str] = "Cost of ownership"
    method: ClassVar[str] = "ownership"
    order: ClassVar[int] = 140

    currency: str
    traffic: float = Field(description="requests a month, as the policy says")
    lines: tuple[CostLine, ...] = Field(description="what is paid once, and what by the month")
    present: Ends | None = Field(description="the baseline's bill a month; null: unknown")
    monthly: Ends | None = Field(description="the candidate's, likewise")
    net: Ends | None = Field(
        description="what is saved a month, with the criterion's interval; null: unknown"
    )
    missing: tuple[str, ...] = Field(
        description="what isn't known, and what would make it known; empty: all is"
    )

    def derive_status(self, arms: Arms) -> Status:
        """Fine where all of it is known."""
        return Status.OPEN if self.missing else Status.PASS

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        """What it rests on, and what isn't known."""
        candidate = arms.candidate.name
        if self.net is not None and self.present is not None and self.monthly is not None:
            yield (
                f"At {self.traffic:,.0f} requests a month {candidate} costs "
                f"{money_span(self.monthly)} {self.currency} a month where the present bill is "
                f"{money_span(self.present)}, as far as assumptions go: each figure stands in the "
                "record with its source."
            )
        for reason in self.missing:
            yield f"What owning {candidate} costs isn't known: {reason}."
        for line in self.lines:
            if line.part == "development":
                yield self._development(line, candidate)

    def _development(self, line: CostLine, candidate: str) -> str:
        """What the initial development cost: it is paid once, and no part of what is saved."""
        if line.amount is None:
            return f"The cost of {candidate}'s initial development isn't known: {line.missing}."
        once = f"{money_span(line.amount)} {self.currency}"
        return (
            f"The initial development of {candidate} cost {once}, paid once: it is no part of "
            "what is saved a month."
        )

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """The criterion is the policy's, and says what the section says; each line's amount is the
        product of its figures."""
        budgets: Any = record.policy.get("budgets")
        budget = budgets.get(OwnershipKind.key) if isinstance(budgets, Mapping) else None
        rows = [
            (i, criterion)
            for i, criterion in enumerate(record.criteria)
            if criterion.role == OwnershipKind.role
        ]
        section = record.ownership
        if budget is None:
            for i, criterion in rows:
                yield Discrepancy(
                    f"{at}criteria[{i}].name", criterion.name, None, "nobody asks for it"
                )
            return
        critical = budget.get("tier", "critical") == "critical"
        if not rows and critical and not record.pending and not record.invalid:
            yield Discrepancy(f"{at}criteria", None, OwnershipKind.key, "the policy asks for it")
        for i, criterion in rows:
            for name, written, due in (
                ("min_gain", criterion.min_gain, budget.get("net_monthly_min")),
                ("tier", criterion.tier, budget.get("tier")),
            ):
                if due is not None and written != due:
                    yield Discrepancy(f"{at}criteria[{i}].{name}", written, due, POLICY_ASKS)
            if section is None or not (section.net and section.present and section.monthly):
                yield Discrepancy(f"{at}ownership", None, None, "a criterion rests on a section")
                continue
            for name, written, due in (
                ("baseline", criterion.baseline, section.present.value),
                (
                    "candidate",
                    criterion.candidate,
                    section.monthly.value,
                ),
                ("difference", criterion.difference, section.net.value),
                ("lower", criterion.lower, section.net.low),
                ("upper", criterion.upper, section.net.high),
            ):
                if not isclose(written, due, rel_tol=1e-6, abs_tol=1e-6):
                    rule = "it is what the record's ownership says"
                    yield Discrepancy(f"{at}criteria[{i}].{name}", written, due, rule)
        due = budget.get("traffic")
        if section is not None and due is not None and section.traffic != due:
            yield Discrepancy(f"{at}ownership.traffic", section.traffic, due, POLICY_ASKS)
        if section is not None:
            yield from section._wrong_amounts(at)

    def _wrong_amounts(self, at: str) -> Iterator[Discrepancy]:
        """The lines whose amounts don't follow from their figures."""
        model = CostModel(self.lines)
        for i, line in enumerate(self.lines):
            due = None if line.missing else model.with_amount(line).amount
            if not _same(line.amount, due):
                rule = "a line is the product of its figures"
                yield Discrepancy(f"{at}ownership.lines[{i}].amount", line.amount, due, rule)


def _same(one: Ends | None, other: Ends | None) -> bool:
    if one is None or other is None:
        return one is other
    pairs = zip(one.model_dump().values(), other.model_dump().values(), strict=True)
    return all(isclose(a, b, rel_tol=1e-6, abs_tol=1e-6) for a, b in pairs)
