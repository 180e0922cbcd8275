"""Terms of a comparison of two files: the part of a policy that it can set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalhub.decision.policy import Policy, Rule
from evalhub.declare.answers_rule import ModelChangeUse
from evalhub.declare.declaration import default_of, validate
from evalhub.declare.defaults import MARGIN, MOST_UNANSWERED, PLANNED_GAIN
from evalhub.declare.policy import FailureUse, JumpUse
from evalhub.declare.roles import DemandRole
from evalhub.stats.levels import ALPHA

FAILURES: FailureUse = default_of(Rule, "failures")
JUMPS: JumpUse = default_of(Rule, "jumps")
MODEL_CHANGES: ModelChangeUse = default_of(Rule, "model_changes")


@dataclass(frozen=True, slots=True)
class Terms:
    """The part of a policy that `evalhub compare` has options for.

    Attributes:
        role: of the only criterion; of several tasks each has its own.
        margin: loss that a guard may show, in the metric's own unit.
        min_gain: gain that a primary must pass, in the metric's own unit.
        alpha: one-sided level, so the interval's level is 1 − 2·alpha.
    """

    role: DemandRole = "primary"
    margin: float = MARGIN
    min_gain: float = 0.0
    alpha: float = ALPHA
    planned_gain: float = PLANNED_GAIN
    failures: FailureUse = FAILURES
    jumps: JumpUse = JUMPS
    model_changes: ModelChangeUse = MODEL_CHANGES
    most_unanswered: float = MOST_UNANSWERED

    def demand(self, role: DemandRole) -> dict[str, Any]:
        """The fields of a criterion with this role; fields of the other role are left out."""
        bound = {"margin": self.margin} if role == "guard" else {"min_gain": self.min_gain}
        return {"role": role, **bound}

    def rule(self) -> dict[str, Any]:
        """The fields of a policy, or of a study's, that apply to all criteria."""
        return {
            "alpha": self.alpha,
            "planned_gain": self.planned_gain,
            "failures": self.failures,
            "jumps": self.jumps,
            "model_changes": self.model_changes,
            "most_unanswered": self.most_unanswered,
        }

    def policy(self, criteria: Mapping[str, Mapping[str, Any]]) -> Policy:
        """The policy with these criteria, by name. Raises DeclarationError."""
        document = {"schema": "evalhub.policy/1", **self.rule(), "criteria": dict(criteria)}
        return validate(Policy, document)
