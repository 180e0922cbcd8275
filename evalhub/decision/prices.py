"""The prices by which costs are money, in words, and whether they are those of the policy. Pure."""

from collections.abc import Iterator

from evalhub.declare.costs import ArmPrice, PricesSection
from evalhub.declare.decision import Arms
from evalhub.declare.prices import UsedPrice


def price_sentences(section: PricesSection, arms: Arms) -> Iterator[str]:
    for name, found in (
        (arms.baseline.name, section.baseline),
        (arms.candidate.name, section.candidate),
    ):
        if found is None:
            yield f"No price of {name} is known."
        else:
            yield f"{name} costs {_rates(found)}, {_source(found)}."


def _rates(found: ArmPrice) -> str:
    return UsedPrice(price=found.price).rates_in_words


def _source(found: ArmPrice) -> str:
    if found.said_by == "study":
        return "as the study says"
    if found.listed is None:
        return "as the study said that had it asked"
    return f"{found.listed.in_words}, as it was when it was asked"
