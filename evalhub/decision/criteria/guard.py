"""A guard: what the candidate must not lose. Pure."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from evalhub.decision.criteria.base import CriterionKind, Terms
from evalhub.decision.wording import count_text, percent, plain, shows_nothing
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    from evalhub.decision.criterion import Criterion
    from evalhub.decision.requirements import Requirement


class GuardKind(CriterionKind):
    """Scores that must not lose `margin` or more, or that share of the baseline's: a demand of the
    role `guard` (`evalhub.declare.policy.Demand`)."""

    role: ClassVar = "guard"
    order: ClassVar = 3
    keeps_to: ClassVar[Literal["min_gain", "margin", "max_ratio"]] = "margin"
    demanded: ClassVar[tuple[str, ...]] = ("margin",)
    by_metric: ClassVar = True
    by_item: ClassVar = True
    same_run_passes: ClassVar = True
    spared_without_power: ClassVar = True
    plans_gain: ClassVar = False
    unplanned: ClassVar = (
        "the margin is 0, and nothing shows that no loss is less than that: give a margin"
    )
    other_measure: ClassVar = "give a margin in the metric's unit"
    _past: ClassVar = "beyond"

    def bound(self, terms: Terms) -> float:
        return -(terms.margin or 0.0)

    def factor(self, terms: Terms) -> float | None:
        """Of a relative guard; it must stay below it where less of the metric is better, else
        above."""
        share = terms.relative_margin
        if share is None:
            return None
        return 1 - share if terms.higher_is_better else 1 + share

    def may_lose(self, terms: Terms) -> bool:
        return True

    def allowed_loss(self, terms: Terms) -> float:
        return terms.margin or 0.0

    def gap(self, requirement: "Requirement", planned_gain: float) -> float:
        return requirement.margin

    def requires(self, requirement: "Requirement") -> str:
        share = requirement.relative_margin
        return f"may lose {plain(requirement.margin) if share is None else percent(share)}"

    def limit(self, c: "Criterion") -> str:
        if c.relative_margin is not None:
            return f"the {percent(c.relative_margin)} of it that may be lost"
        return f"the margin of {plain(c.margin)}"

    def bearable(self, c: "Criterion") -> str:
        return self.limit(c)

    def headline_passes(self, criteria: "Sequence[Criterion]") -> list[str]:
        """How many pass, and how many supporting ones are open."""
        guards = [c for c in criteria if c.tier != "advisory"]
        passed = sum(c.status is Status.PASS for c in guards)
        doubt = sum(c.status is Status.OPEN and not shows_nothing(c) for c in guards)
        clauses = []
        if passed:
            every = "all " if passed == len(guards) > 1 else ""
            clauses.append(
                "passes its guard"
                if len(guards) == 1
                else f"passes {every}{count_text(passed, 'guard')}"
            )
        if doubt:
            clauses.append(f"leaves {count_text(doubt, 'supporting guard')} open")
        return clauses

    def assumption(self, c: "Criterion") -> str:
        return "nothing is really lost"

    def demand(self, fields: Mapping[str, Any]) -> tuple[str, float] | None:
        if fields.get("relative_margin") is not None:
            return "share", -fields["relative_margin"]
        return "difference", -(fields.get("margin") or 0.0)
