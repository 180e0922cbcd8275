"""What the promise of a decision's level doesn't cover: said in its headline, by every door."""

from typing import Annotated

from pydantic import Field

from evalhub.declare.declaration import Declaration


def _is_empty(value: str) -> bool:
    return not value


class Caveat(Declaration):
    """One thing that the promise doesn't cover in this decision.

    Attributes:
        code: what kind of thing it is, for programs: such as "policy-eased".
        sentence: in a few words, without its stop: it stands in the headline.
        holds: a ship is held because of it.
        subject: SHA-256 of what an owner may accept, so that it doesn't hold any more; "" where
            nobody can.
        accepted: the reason of who accepted it; "" where nobody has.
    """

    code: Annotated[str, Field(pattern="^[a-z][a-z-]*$")]
    sentence: Annotated[str, Field(min_length=1)]
    holds: bool = False
    subject: Annotated[str, Field(pattern="^([0-9a-f]{64})?$", exclude_if=_is_empty)] = ""
    accepted: Annotated[str, Field(exclude_if=_is_empty)] = ""
