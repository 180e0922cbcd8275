"""The prices by which costs are money, in words, and whether they are those of the policy. Pure."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from evalhub.decision.inconsistent import Discrepancy
from evalhub.decision.sections.base import Section
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.prices import Listed, Price, UsedPrice
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord


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

    title: ClassVar[str] = "Prices"
    method: ClassVar[str] = "prices"
    order: ClassVar[int] = 130

    baseline: ArmPrice | None
    candidate: ArmPrice | None

    def derive_status(self, arms: Arms) -> Status:
        both = self.baseline is not None and self.candidate is not None
        return Status.PASS if both else Status.OPEN

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        for name, price in (
            (arms.baseline.name, self.baseline),
            (arms.candidate.name, self.candidate),
        ):
            if price is None:
                yield f"No price of {name} is known."
            else:
                yield f"{name} costs {_rates(price)}, {_source(price)}."

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """A price that the study's file says is the one that it says."""
        prices: Any = record.policy.get("prices")
        if record.prices is None or not isinstance(prices, dict):
            return
        for side in ("baseline", "candidate"):
            due, price = prices.get(getattr(record.arms, side).name), getattr(record.prices, side)
            by_study = price is not None and price.said_by == "study"
            written = price.price.as_json() if by_study else None
            if written != due:
                rule = "it is what the study says of the arm"
                yield Discrepancy(f"{at}prices.{side}.price", written, due, rule)


def _rates(price: ArmPrice) -> str:
    return UsedPrice(price=price.price).rates_in_words


def _source(price: ArmPrice) -> str:
    if price.said_by == "study":
        return "as the study says"
    if price.listed is None:
        return "as the study said that had it asked"
    return f"{price.listed.in_words}, as it was when it was asked"
