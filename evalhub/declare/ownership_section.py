"""The section of a record on what owning the candidate costs."""

from pydantic import Field

from evalhub.declare.cost_sheet import CostLine, Ends
from evalhub.declare.sections import Section


class OwnershipSection(Section):
    """What the budget of ownership was judged by, written down: assumptions and prices that change
    later change nothing here."""

    currency: str
    traffic: float = Field(description="requests a month, as the policy says")
    lines: tuple[CostLine, ...] = Field(description="what is paid once, and what by the month")
    present: Ends | None = Field(description="the baseline's bill a month; null: unknown")
    monthly: Ends | None = Field(description="the candidate's, likewise")
    net: Ends | None = Field(
        description="what is saved a month, with the criterion's interval; null: unknown"
    )
    missing: tuple[str, ...] = Field(
        description="what isn't known, and what would make it known; empty: all is"
    )
