"""What a reader of a verdict must know beside it, said wherever its headline is."""

from pydantic import Field

from evalhub.schemas.declaration import Declaration


class Caveat(Declaration):
    """A sentence that belongs to the headline.

    Attributes:
        code: which caveat it is, the same in every record: "ledger-begun".
        holds: whether it keeps a ship back.
    """

    code: str = Field(pattern="^[a-z][a-z0-9-]*$", description="which caveat it is")
    sentence: str = Field(min_length=1)
    holds: bool = Field(False, description="whether it keeps a ship back")
