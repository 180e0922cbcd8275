"""A restored ledger continues under a new id, and its chain records where it was restored from."""

from django.db import transaction
from django.db.models import Max

from evalhub.ledger.chain.append import append
from evalhub.ledger.models import Ledger, LedgerRestore
from evalhub.registry.models import TestSetVersion


@transaction.atomic
def note_restore(parent: str) -> LedgerRestore:
    """Add the restore to the chain of a ledger that has its new id already.

    `parent` is the id of the ledger that the backup held, by which its chain begins; "" where it
    held none.
    """
    ledger = Ledger.of_home()
    before = LedgerRestore.objects.values_list("began_as", flat=True).first()
    newest = TestSetVersion.objects.aggregate(newest=Max("pk"))["newest"]
    restore = LedgerRestore.objects.create(
        parent=parent,
        name=str(ledger),
        began_as=before or parent or str(ledger),
        entries=ledger.entries,
        newest_version=newest or 0,
    )
    append(restore)
    return restore
