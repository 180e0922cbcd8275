"""May this home decide under a policy that wants a server's ledger (`ledger_at: server`)?"""

from django.db import connection

from evalhub.accounts.addresses import address_or_empty
from evalhub.decision.ledger_origin import LedgerElsewhereError
from evalhub.declare.policy import LedgerPlace


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
