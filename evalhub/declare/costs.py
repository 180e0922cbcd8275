"""The section of a record on the prices by which costs are money."""

from typing import Literal

from pydantic import Field

from evalhub.declare.declaration import Declaration
from evalhub.declare.prices import Listed, Price
from evalhub.declare.sections import Section


class ArmPrice(Declaration):
    """What a million tokens of an arm cost, as the decision took it."""

    price: Price
    said_by: Literal["study", "run"] = Field(
        description="study: its file says it of the arm; run: it held when the arm was asked, and "
        "is kept with its run"
    )
    listed: Listed | None = Field(
        None, description="where it stood in a table; null: a study's file said it"
    )


class PricesSection(Section):
    """By which prices answers were put into money, written down: a price that changes later
    changes nothing here. Null: none is known of that arm, so that its cost isn't either."""

    baseline: ArmPrice | None
    candidate: ArmPrice | None
