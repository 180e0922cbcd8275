"""Where a home's ledger comes from, as far as a decision's reader has to know it."""

from typing import Literal

from pydantic import Field

from evalhub.declare.amounts import Count
from evalhub.declare.declaration import Declaration


class LedgerBeginning(Declaration):
    """The decision rests on looks that are among the first in its ledger.

    Attributes:
        by: "this-command": the command that made the decision began the ledger; "its-command": the
            one that took the look did, and this one decides on it again; "this-study": the ledger
            is a site's, and the study's looks are its first; "first-day-in-ci": the look was taken
            in CI less than a day after the ledger's first; "first-day": files were judged by a
            server's ledger less than a day after its first look.
        in_ci: the look was taken in CI.
    """

    by: Literal["this-command", "its-command", "this-study", "first-day-in-ci", "first-day"]
    in_ci: bool


class RestoredLedger(Declaration):
    """The decision rests on items that were in a backup, out of which the ledger was restored."""

    parent: str = Field(description="id of the backup's ledger; empty: it held none")
    entries: Count = Field(description="how many entries that had")
    restored: str = Field(description="when it was restored, as ISO 8601 has it")
