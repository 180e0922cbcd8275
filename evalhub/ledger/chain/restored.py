"""A restored ledger goes on under an id of its own, and its chain says out of which it came."""

from django.db import transaction
from django.db.models import Max

from evalhub.ledger.chain.append import append
from evalhub.ledger.models import Ledger, LedgerRestore
from evalhub.registry.models import TestSetVersion


@transaction.atomic
def note_restore(parent: str) -> LedgerRestore:
    """Adds to the chain that the ledger, which has its new id already, was restored.

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
