"""How far a home's ledger was when a decision was recorded."""

from typing import Annotated

from pydantic import Field

from evalhub.declare.declaration import Declaration
from evalhub.declare.home_bound import HOME_BOUND


class LedgerHead(Declaration):
    """The chain of a home's looks, decisions and sign-offs just before this decision, its own
    looks included: whoever keeps the record can tell later whether all before it is as it was."""

    home: Annotated[str, HOME_BOUND] = Field(description="the ledger's random id")
    links: int = Field(ge=0, description="how many rows there are in the chain")
    head: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 that the chain leads to")
