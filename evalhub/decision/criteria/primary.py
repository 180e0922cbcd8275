"""A primary: what the candidate must gain. Pure."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from evalhub.decision.criteria.base import CriterionKind, gain_clause, loss_clause
from evalhub.decision.wording import NOTHING, gain_shown, join, plain
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    from evalhub.decision.criterion import Criterion


class PrimaryKind(CriterionKind):
    """Scores that must gain more than `min_gain`: a demand of the role `primary`
    (`evalhub.declare.policy.Demand`)."""

    role: ClassVar = "primary"
    order: ClassVar = 0
    always_critical: ClassVar = True
    one_may_do: ClassVar = True
    must_gain: ClassVar = True
    demanded: ClassVar[tuple[str, ...]] = ("min_gain", "planned_gain")
    by_metric: ClassVar = True
    by_item: ClassVar = True

    def headline_passes(self, criteria: "Sequence[Criterion]") -> list[str]:
        """The largest gain, and the largest loss within a margin."""
        passed = [c for c in criteria if c.status is Status.PASS]
        gains = [c for c in passed if gain_shown(c) or not self.may_lose(c)]
        equals = [c for c in passed if c not in gains]
        clauses = []
        if gains:
            best = max(gains, key=lambda c: c.difference)
            clauses.append(f"{gain_clause(best)} {self.where(best)}{_more(gains)}")
        if equals:
            worst = min(equals, key=lambda c: c.difference)
            if worst.difference < -NOTHING:
                lost = f"{loss_clause(worst)} {self.where(worst)}{_more(equals)}"
                clauses.append(f"{lost}, less than {self.limit(worst)}")
            else:
                clauses.append(f"is as good {within([worst])} on {worst.name}{_more(equals)}")
        return clauses

    def demand(self, fields: Mapping[str, Any]) -> tuple[str, float] | None:
        return "difference", fields.get("min_gain") or 0.0


def within(primaries: "Sequence[Criterion]") -> str:
    """The margins by which they may be worse, as "within …"; one number where it is the same for
    all."""
    margins = {c.name: plain(-(c.min_gain or 0.0)) for c in primaries}
    if len(set(margins.values())) == 1:
        return f"within {next(iter(margins.values()))}"
    return "within " + join([f"{margin} on {name}" for name, margin in margins.items()])


def _more(criteria: "Sequence[Criterion]") -> str:
    return f" and {len(criteria) - 1} more" if len(criteria) > 1 else ""
