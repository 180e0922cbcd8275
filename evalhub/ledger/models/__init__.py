"""Decisions, their cost on the ledger, sign-offs, and the stage that they moved a version to."""

from evalhub.ledger.models.acceptances import Acceptance
from evalhub.ledger.models.chain import LedgerLink, LedgerRestore, LinkKind
from evalhub.ledger.models.copies import NearCopies
from evalhub.ledger.models.data_sign_offs import DataSignOff, DataVerdictChoice
from evalhub.ledger.models.decisions import Decision, DecisionQuerySet, SignOff, SignOffAction
from evalhub.ledger.models.looks import GuardLook, Ledger, Look, LookBeginning, SharedLook
from evalhub.ledger.models.peeks import Peek
from evalhub.ledger.models.promotions import Promotion, StageMove
from evalhub.ledger.models.trials import PromptTrial

__all__ = [
    "Acceptance",
    "DataSignOff",
    "DataVerdictChoice",
    "Decision",
    "DecisionQuerySet",
    "GuardLook",
    "Ledger",
    "LedgerLink",
    "LedgerRestore",
    "LinkKind",
    "Look",
    "LookBeginning",
    "NearCopies",
    "Peek",
    "Promotion",
    "PromptTrial",
    "SharedLook",
    "SignOff",
    "SignOffAction",
    "StageMove",
]
