"""Add rows to the chain, in the transaction that writes them.

The ledger's row is locked meanwhile, so that of two processes one adds after the other.
"""

from django.db.models import Model

from evalhub.declare.ledger_origin import LedgerHead
from evalhub.ledger.chain.homes import first_head
from evalhub.ledger.chain.links import COLUMNS, head_after
from evalhub.ledger.models import (
    DataSignOff,
    Decision,
    GuardLook,
    Ledger,
    LedgerLink,
    LedgerRestore,
    LinkKind,
    Look,
    Peek,
    SharedLook,
    SignOff,
)
from evalhub.registry.models import TestSetRetirement

MODELS: dict[str, type[Model]] = {
    LinkKind.LOOK: Look,
    LinkKind.READING: Look,
    LinkKind.GUARD: GuardLook,
    LinkKind.ARMS: SharedLook,
    LinkKind.DECISION: Decision,
    LinkKind.SIGN_OFF: SignOff,
    LinkKind.DATA_SIGN_OFF: DataSignOff,
    LinkKind.RESTORE: LedgerRestore,
    LinkKind.PEEK: Peek,
    LinkKind.RETIREMENT: TestSetRetirement,
}


def append(*rows: Model) -> None:
    """Add rows that were just written to the chain: by kind, in the order of MODELS, then by id."""
    if not rows:
        return
    ledger = _lock()
    head, added = ledger.head or first_head(ledger), list[LedgerLink]()
    for kind, model in MODELS.items():
        if kind == LinkKind.LOOK:  # as looks were chained once
            continue
        keys = [row.pk for row in rows if isinstance(row, model)]
        # as the database holds them: its times are its own
        stored = model._default_manager.filter(pk__in=keys).order_by("pk")
        for key, values in zip(
            sorted(keys), stored.values_list(*COLUMNS[kind]) if keys else (), strict=True
        ):
            head = head_after(head, kind, values)
            number = ledger.links + len(added) + 1
            added.append(LedgerLink(place=number, kind=kind, row=key, head=head))
    LedgerLink.objects.bulk_create(added)
    ledger.links, ledger.head = ledger.links + len(added), head
    ledger.save(update_fields=["links", "head"])


def ledger_head() -> LedgerHead:
    """The chain's head as it is now, for a record; the chain doesn't grow until the transaction
    ends."""
    ledger = _lock()
    return LedgerHead(home=str(ledger), links=ledger.links, head=ledger.head or first_head(ledger))


def _lock() -> Ledger:
    Ledger.of_home()
    return Ledger.objects.select_for_update().get(pk=Ledger.HOME)
