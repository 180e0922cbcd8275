"""The ids of a ledger: the current one, and those from before it was restored."""

from evalhub.ledger.chain.links import start
from evalhub.ledger.models import Ledger, LedgerRestore


def first_head(ledger: Ledger) -> str:
    """The head that the chain's first link is added to."""
    first = LedgerRestore.objects.values_list("began_as", flat=True).first()
    return start(first or str(ledger))


def ids_of(ledger: Ledger) -> set[str]:
    """All ids that this ledger has had: decisions made under any of them are its own."""
    parents = LedgerRestore.objects.values_list("parent", flat=True)
    return {str(ledger), *parents} - {""}
