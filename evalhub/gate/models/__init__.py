"""Decisions, what the ledger has been charged for them, who stands by them, and which stage they
moved a version to."""

from evalhub.gate.models.acceptances import Acceptance
from evalhub.gate.models.blessings import Blessing, StageMove
from evalhub.gate.models.chain import LedgerLink, LedgerRestore, LinkKind
from evalhub.gate.models.copies import NearCopies
from evalhub.gate.models.decisions import Decision, DecisionQuerySet, SignOff, SignOffAction
from evalhub.gate.models.looks import GuardLook, Ledger, Look, LookBeginning, SharedLook
from evalhub.gate.models.peeks import Peek

__all__ = [
    "Acceptance",
    "Blessing",
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
    "SharedLook",
    "SignOff",
    "SignOffAction",
    "StageMove",
]
