"""What a decision pays for its looks: the level of each of its criteria. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evalhub.decision.criterion import NextLook
from evalhub.decision.requirements import Requirement
from evalhub.decision.sections.ledger import LedgerRow, LedgerSection


@dataclass(frozen=True, slots=True)
class Charge:
    """What the ledger leaves.

    Attributes:
        level: one-sided, of all that has no level of its own.
        alphas: by test set, the levels that differ from it.
        extended: by test set, how it would be judged once items were added to it.
        rows: which look judges each test set.
        section: the record's `ledger`; None where no ledger counts.
        refused: why nothing is left to judge by, one sentence each.
    """

    level: float
    alphas: Mapping[str, float] = field(default_factory=dict)
    extended: Mapping[str, NextLook] = field(default_factory=dict)
    rows: Sequence[LedgerRow] = ()
    section: LedgerSection | None = None
    refused: Sequence[str] = ()

    def by_criterion(self, requirements: Sequence[Requirement]) -> dict[str, float]:
        """By criterion name, the level of its test set where it isn't the decision's level."""
        return {
            requirement.name: self.alphas[requirement.test_set]
            for requirement in requirements
            if requirement.test_set in self.alphas
        }
