"""Decisions, what the ledger has been charged for them, who stands by them, and which stage they
moved a version to."""

from evalhub.gate.models.blessings import Blessing, StageMove
from evalhub.gate.models.chain import LedgerLink, LinkKind
from evalhub.gate.models.decisions import Decision, DecisionQuerySet, SignOff, SignOffAction
from evalhub.gate.models.looks import GuardLook, Ledger, Look, SharedLook

__all__ = [
    "Blessing",
    "Decision",
    "DecisionQuerySet",
    "GuardLook",
    "Ledger",
    "LedgerLink",
    "LinkKind",
    "Look",
    "SharedLook",
    "SignOff",
    "SignOffAction",
    "StageMove",
]
