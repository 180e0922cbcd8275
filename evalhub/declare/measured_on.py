"""What a demand says of the items and scores that it is measured on: which they are, how far scores
reach, what each item stands for."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field

from evalhub.declare.declaration import Declaration, invalid
from evalhub.io.numbers import LARGEST


def _adds_up(mix: dict[str, float]) -> dict[str, float]:
    total = sum(mix.values())
    if abs(total - 1) > 0.01:
        raise invalid(f"the shares add up to {total:g}, and must to 1")
    return mix


Mix = Annotated[
    dict[str, Annotated[float, Field(gt=0, le=1)]],
    Field(min_length=1, description="share of each tag in production, adding up to 1"),
    AfterValidator(_adds_up),
]
NO_WEIGHTS = "a score of all answers together counts each alike: leave out weights and mix"
"""Its values have the score as their mean; a weighted mean of them is no score at all."""


def _in_order(bounds: tuple[float, float]) -> tuple[float, float]:
    if not bounds[0] < bounds[1]:
        raise invalid(f"the least stands first: {bounds[0]:g} isn't below {bounds[1]:g}")
    return bounds


_End = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Bounds = Annotated[
    tuple[_End, _End],
    Field(description="the least and the most that one score can be, such as [0, 1]"),
    AfterValidator(_in_order),
]


NO_WORST = (
    "failures: worst needs the least and the most that one score by {} can be, such as [0, 1]"
)

NO_TAIL = "tails: bounded needs the least and the most that one score by {} can be, such as [0, 1]"


def beyond(bounds: tuple[float, float], difference: float | None) -> str:
    """Why scores within `bounds` can't differ by so much; "" where they can."""
    least, most = bounds
    if difference is None or abs(difference) < most - least:
        return ""
    return (
        f"scores lie between {least:g} and {most:g}, so that a difference of {difference:g} is "
        f"none to look for: below {most - least:g} is needed"
    )


class ExpectedItems(Declaration):
    """The items that a criterion is to be judged on, as an earlier record names them."""

    count: int = Field(ge=1, description="how many there are: `items` of a record's evidence")
    digest: str = Field(
        pattern="^[0-9a-f]{64}$", description="of the items: `digest` of a record's evidence"
    )


def check_criterion_names(names: Iterable[str], criteria: Iterable[str], *at: str) -> None:
    """Refuse, in the field `at`, a name that isn't a criterion's."""
    criterion_names = list(criteria)
    for name in names:
        if name not in criterion_names:
            raise invalid(
                f"there is no criterion of this name; there are {', '.join(criterion_names)}",
                *at,
                name,
            )
