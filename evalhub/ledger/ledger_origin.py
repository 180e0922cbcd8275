"""Where this home's ledger comes from, for a decision's record: just begun, or restored. And
whether it is a server's, where the policy wants one (`ledger_at: server`).

A ledger is begun with its first look. Which looks are of its beginning is written with them, so
that deciding on them again says the same.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.conf import settings
from django.db import connection
from django.utils import timezone

from evalhub.accounts.addresses import address_or_empty
from evalhub.decision.caveats import with_caveats, without_caveats
from evalhub.decision.document import DecisionRecord
from evalhub.decision.ledger_origin import BEGUN, RESTORED, LedgerElsewhereError
from evalhub.decision.record import with_sentences
from evalhub.decision.sections.ledger import LedgerSection, ledger_caveats
from evalhub.declare.ledger_origin import LedgerBeginning, RestoredLedger
from evalhub.declare.policy import LedgerPlace
from evalhub.ledger.ledger import Standing
from evalhub.ledger.models import LedgerRestore, Look, LookBeginning
from evalhub.ledger.same_items import SameItems
from evalhub.registry.models import TestSetVersion

_LATER_FIRST = ["", LookBeginning.CI_DAY, LookBeginning.COMMAND, LookBeginning.CI_COMMAND]
FIRST_DAY = timedelta(days=1)
"""A job of a CI ends before. A home that its cache keeps is older from the next day on."""


@dataclass(slots=True)
class FirstLooks:
    """Whether this command began the ledger; one object for all arms that it decides."""

    began: bool = False

    def marks(self, standing: Standing) -> str:
        """The `beginning` of a look that is taken now. At most one query."""
        oldest = None if self.began or standing.entries == 0 else _oldest_look()
        if oldest is None:  # what was read from files alone begins no ledger
            return LookBeginning.CI_COMMAND if settings.IN_CI else LookBeginning.COMMAND
        is_young = timezone.now() - oldest < FIRST_DAY
        return LookBeginning.CI_DAY if settings.IN_CI and is_young else ""

    def note(self, marks: str) -> None:
        """Remember that looks with these marks were taken."""
        first = LookBeginning.COMMAND, LookBeginning.CI_COMMAND
        self.began = self.began or marks in first


def _oldest_look() -> datetime | None:
    return Look.objects.order_by("id").values_list("created", flat=True).first()


def _is_young() -> bool:
    """Whether the ledger has no look yet, or its first look is less than a day old."""
    oldest = _oldest_look()
    return oldest is None or timezone.now() - oldest < FIRST_DAY


def with_ledger_origin(
    record: DecisionRecord, standing: Standing, shared: SameItems, first: FirstLooks
) -> DecisionRecord:
    """Add the ledger's origin to a record without caveats; unchanged where no ledger counts."""
    begun = _beginning(standing, first)
    versions = [claim.version for claim in standing.claims]
    restored = newest_restore(versions, shared)
    if record.ledger is None or (begun is None and restored is None):
        return record
    return _with(record, begun, restored)


def origin_for_files(
    section: LedgerSection | None, versions: Collection[int], *, of_server: bool
) -> LedgerSection | None:
    """The section of files with where its ledger comes from, as far as it may belong to the
    headline: less than a day after the first look, in CI or of a server, and after a restore.

    Args:
        versions: ids of those that hold some of the files' items.
        of_server: whether the ledger is a server's.
    """
    if section is None:
        return None
    begun = None
    if (settings.IN_CI or of_server) and _is_young():
        by: Literal["first-day-in-ci", "first-day"]
        by = "first-day-in-ci" if settings.IN_CI else "first-day"
        begun = LedgerBeginning(by=by, in_ci=settings.IN_CI)
    restore = LedgerRestore.objects.order_by("-id").first()
    if restore is not None and min(versions) > restore.newest_version:
        restore = None
    restored = None if restore is None else _restore_mark(restore)
    return section.model_copy(update={"begun": begun, "restored": restored})


def with_first_origin(record: DecisionRecord, stored: DecisionRecord) -> DecisionRecord:
    """The record as the command that began the ledger wrote it, if that made the decision `stored`:
    a command that decides the same again makes no other decision."""
    if record.ledger is None or stored.ledger is None or stored.ledger.begun is None:
        return record
    if record.ledger.begun is None:
        return record
    same = _with(without_caveats(record), stored.ledger.begun, record.ledger.restored)
    others = [each for each in record.caveats if each.code not in (BEGUN, RESTORED)]
    return with_caveats(same, [*others, *ledger_caveats(same)])


def _with(
    record: DecisionRecord, begun: LedgerBeginning | None, restored: RestoredLedger | None
) -> DecisionRecord:
    assert record.ledger is not None
    section = record.ledger.model_copy(update={"begun": begun, "restored": restored})
    return with_sentences(record.model_copy(update={"ledger": section}))


def _beginning(standing: Standing, first: FirstLooks) -> LedgerBeginning | None:
    """The mark of the look that is taken now, else of the last one, in the record's form."""
    again = not first.began and all(at.taken for at in standing.positions)
    beginnings = (at.beginning for at in standing.positions)
    mark = min(beginnings, key=_LATER_FIRST.index, default="") if again else first.marks(standing)
    in_ci = mark in (LookBeginning.CI_COMMAND, LookBeginning.CI_DAY)
    if mark in (LookBeginning.COMMAND, LookBeginning.CI_COMMAND):
        if address_or_empty():
            return LedgerBeginning(by="this-study", in_ci=in_ci)
        return LedgerBeginning(by="its-command" if again else "this-command", in_ci=in_ci)
    return LedgerBeginning(by="first-day-in-ci", in_ci=True) if in_ci else None


def newest_restore(versions: Sequence[TestSetVersion], shared: SameItems) -> RestoredLedger | None:
    """The newest restore, if the backup held items of one of the versions.

    The home of the backup may have looked at them since; items that came later can't be known to it
    by the backup.
    """
    restore = LedgerRestore.objects.order_by("-id").first()
    if restore is None:
        return None
    if all(min(shared.of(version)) > restore.newest_version for version in versions):
        return None
    return _restore_mark(restore)


def _restore_mark(restore: LedgerRestore) -> RestoredLedger:
    return RestoredLedger(
        parent=restore.parent,
        entries=restore.entries,
        restored=restore.created.isoformat(timespec="seconds"),
    )


def is_a_servers_home() -> bool:
    """Whether others than this command take their looks from this ledger: a site runs from the home
    or is this very process, EVALHUB_URL says which site it belongs to, or the database is a server.
    """
    return connection.vendor == "postgresql" or bool(address_or_empty())


def check_ledger_place(ledger_at: LedgerPlace) -> None:
    """Raise LedgerElsewhereError where the policy wants a server's ledger and this is none."""
    if why := why_not_here(ledger_at):
        raise LedgerElsewhereError(why)


def why_not_here(ledger_at: LedgerPlace) -> str:
    """Why this home may not decide, and what to do instead; "" where it may."""
    if ledger_at == "home" or is_a_servers_home():
        return ""
    return (
        "the policy says `ledger_at: server`, so that its looks stand in a server's ledger, and "
        "this home isn't a server's: let the site decide, by `evalhub gate STUDY --server URL`. "
        "(A home is a server's while `evalhub up` runs from it, where EVALHUB_URL is set, or where "
        "its database is PostgreSQL)"
    )
