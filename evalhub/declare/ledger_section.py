"""Which looks a decision's test sets are judged by: the record's `ledger`."""

from typing import Annotated

from pydantic import Field

from evalhub.declare.criteria import Size
from evalhub.declare.declaration import Declaration
from evalhub.declare.home_bound import HOME_BOUND
from evalhub.declare.ledger_origin import LedgerBeginning, RestoredLedger
from evalhub.declare.policy import LedgerScope
from evalhub.declare.sections import Section


class SharedBy(Declaration):
    """The arms of one study that share a look, since they were registered before any was read."""

    arms: Size = Field(description="how many, this one included")
    correlations: tuple[Annotated[float, Field(ge=0, le=1)], ...] = Field(
        description="by critical criterion, how alike the arms' differences are at least: the "
        "smallest correlation of two arms, less its standard error"
    )
    readings: Size = Field(description="as how many the look counts for whoever comes next")


class LedgerRow(Declaration):
    """Which look judged a test set.

    Attributes:
        number: the last of `looks`.
        looks: numbers, oldest first; several where items were added before each but the first.
        arms: of items that were drawn from a pool for this candidate, how many arms share the
            whole of alpha.
        tries: of such items, which of the candidate's tries each stage is; empty: the first.
        elsewhere: the candidate was tried on other items before, and `number` counts those tries.
        claim: SHA-256 by which the ledger knows what was claimed; empty in older records.
        together: by look, the arms that share what it may spend; empty: no look is shared.
        counted: the look was taken for this test set; else it is that of the primaries, which a
            guard comes with.
    """

    test_set: str
    number: Size
    looks: tuple[Size, ...] = Field(min_length=1)
    arms: Size | None = None
    tries: tuple[Size, ...] = ()
    elsewhere: bool = False
    claim: str = ""
    together: tuple[SharedBy | None, ...] = Field(
        (), description="by look, the arms that share what it may spend; empty: none is shared"
    )
    level: float
    counted: bool
    spent: bool


class LedgerSection(Section):
    """Which look at its test sets this one is, by whose ledger, and what is left of alpha."""

    home: Annotated[str, HOME_BOUND] = Field(
        description="the ledger's random id: its home's, and no other's"
    )
    counts: LedgerScope
    alpha: float
    level: float = Field(description="of what has no level of its own")
    test_sets: tuple[LedgerRow, ...]
    spent: bool
    begun: Annotated[LedgerBeginning | None, HOME_BOUND] = Field(
        None, description="null: the looks aren't among the ledger's first, or nobody noted it then"
    )
    restored: Annotated[RestoredLedger | None, HOME_BOUND] = Field(
        None, description="null: the items weren't in a backup that the ledger was restored from"
    )
