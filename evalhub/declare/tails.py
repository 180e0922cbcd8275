"""Heavy losses that a criterion's items are too few to rule out: the demand, and the finding."""

from typing import Annotated, Literal

from pydantic import Field

from evalhub.declare.declaration import Declaration

Tails = Literal["bounded"]
BoundedTails = Annotated[
    Tails | None,
    Field(
        description="bounded: the lower end pays for a tail of heavy losses that the items hold "
        "none of, as if one more item had lost the whole scale; null: it rests on what was seen"
    ),
]


class UnseenTail(Declaration):
    """What so few items can't rule out: a tail of heavy losses, of which they hold none or few."""

    units: float = Field(gt=0, description="items, or clusters, by their effective number")
    seen: float = Field(ge=0, description="how many of them lost `loss` or more")
    loss: float = Field(
        ge=0, description="what each must lose so that the share unseen by so many costs the margin"
    )
    share: float = Field(
        ge=0,
        le=1,
        description="the largest share that may do so at the level of alpha: 1 − alpha^(1/units) "
        "where none did, else Clopper and Pearson's upper limit",
    )
    most: float = Field(gt=0, description="the most that an item can lose")
