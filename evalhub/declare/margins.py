"""Numbers in a metric's unit, and the loss that is allowed."""

from typing import Annotated

from pydantic import AfterValidator, Field

from evalhub.declare.declaration import invalid
from evalhub.io.numbers import LARGEST, finite_number

Measured = Annotated[float, AfterValidator(finite_number)]
"""A number in a metric's unit."""


def _above_0(margin: float) -> float:
    if margin == 0:
        raise invalid(
            "must be above 0: no number of items shows that nothing at all is lost; say how much "
            "may be, or make it a primary, which must gain"
        )
    return margin


Margin = Annotated[
    Measured,
    Field(
        ge=0,
        le=LARGEST,
        description="a margin is how much may be lost, above 0, in the metric's unit",
        json_schema_extra={"exclusiveMinimum": 0},
    ),
    AfterValidator(_above_0),
]
RelativeMargin = Annotated[
    Measured,
    Field(gt=0, lt=1, description="the share of the baseline's value that may be lost, as 0.1"),
]
KeptMargin = Annotated[float, Field(ge=0)]
"""As it is measured by and stands in a record: 0 was allowed once."""
