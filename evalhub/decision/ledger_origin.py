"""Sentences on where a ledger comes from, and the caveats that follow from it. Pure.

A ledger counts what it knows. One that was begun a moment ago, or restored from a backup, doesn't
know the looks that were taken elsewhere at the same items.
"""

from datetime import UTC, datetime

from evalhub.declare.caveats import Caveat
from evalhub.declare.ledger_origin import LedgerBeginning, RestoredLedger

BEGUN, RESTORED = "ledger-begun", "ledger-restored"

_BEGUN_BY = {
    "this-command": "was begun by this command",
    "its-command": "was begun by the command that took this look",
    "this-study": "was begun with this study",
    "first-day-in-ci": "was begun less than a day before this look",
    "first-day": "was begun less than a day before this look",
}


class LedgerElsewhereError(Exception):
    """The policy asks for a server's ledger, and this isn't one; the message says what to do."""


def beginning_sentence(begun: LedgerBeginning) -> str:
    beginning = _beginning(begun)
    return f"This ledger {beginning}: it counts no look that was taken before, in another home."


def restore_sentence(restored: RestoredLedger) -> str:
    return (
        f"This ledger was restored {_backup(restored)}: it counts no look that was taken elsewhere "
        "since that backup was written."
    )


def _beginning(begun: LedgerBeginning) -> str:
    return _BEGUN_BY[begun.by] + (", in CI" if begun.in_ci else "")


def _backup(restored: RestoredLedger) -> str:
    moment = datetime.fromisoformat(restored.restored).astimezone(UTC)
    entries = f"{restored.entries:,} {'entry' if restored.entries == 1 else 'entries'}"
    parent = (
        f"from a backup of the ledger {restored.parent}, {entries},"
        if restored.parent
        else f"from a backup without a ledger, {entries},"
    )
    return f"{parent} at {moment:%Y-%m-%d %H:%M} UTC"


def beginning_caveat(begun: LedgerBeginning) -> Caveat:
    return Caveat(code=BEGUN, sentence=f"this ledger {_beginning(begun)}")


def restore_caveat(restored: RestoredLedger) -> Caveat:
    return Caveat(code=RESTORED, sentence=f"this ledger was restored {_backup(restored)}")
