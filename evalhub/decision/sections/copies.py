"""What a record says of near-copies, and from when on a ship is held because of them. Pure."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from evalhub.decision.code import code_digest
from evalhub.decision.inconsistent import Discrepancy
from evalhub.decision.sections.base import Section
from evalhub.decision.wording import count_text, is_or_are, percent
from evalhub.declare.amounts import Count, Size
from evalhub.declare.caveats import Caveat
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.verdicts import Verdict

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord

NEAR_COPIES, REPEATED = "near-copies", "repeated-items"
COPIES_CODES = (NEAR_COPIES, REPEATED)
"""Of caveats."""
MANY = 0.5
"""Share of a test set's items from which the headline says it."""


class CopiesRow(Declaration):
    """A test set of which some items are near-copies.

    Attributes:
        looked_at: how many of them are near-copies of items that the ledger doesn't take for the
            same and that were looked at before, one to one.
        repeated: how many are near-copies of an item before them in the same set.
    """

    test_set: str
    items: Size
    looked_at: Count
    repeated: Count


class CopiesSection(Section):
    """Items that ask nearly what others ask: said, and never taken for the same."""

    title: ClassVar[str] = "Near-copies"
    method: ClassVar[str] = "near-copies"
    order: ClassVar[int] = 50

    test_sets: tuple[CopiesRow, ...]

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        for row in self.test_sets:
            of = f"of the {count_text(row.items, 'item')} of {row.test_set}"
            if row.looked_at:
                yield (
                    f"{row.looked_at} {of} {is_or_are(row.looked_at)} near-copies of items that "
                    "were looked at before, under other words: to the ledger they are new."
                )
            if row.repeated:
                yield (
                    f"{row.repeated} {of} {is_or_are(row.repeated)} near-copies of another of "
                    "them, and tell less than as many items: their intervals take them for items "
                    "of their own."
                )

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """Many near-copies are caveats. Earlier code had none."""
        invalid = record.verdict is Verdict.INVALID
        if invalid or record.copies is None or record.code.digest != code_digest():
            return
        written = [each.code for each in record.caveats if each.code in COPIES_CODES]
        if written != (due := due_codes(record.copies)):
            yield Discrepancy(f"{at}caveats", written, due, "it is what the near-copies come to")


def of_looked_at(row: CopiesRow) -> bool:
    """Whether so many are near-copies of items looked at that a ship is held for it."""
    return row.looked_at >= MANY * row.items


def caveat_on_copies(row: CopiesRow, *, subject: str = "", accepted: str = "") -> Caveat:
    """Caveat that holds a ship until an owner confirms that the items are new.

    Args:
        subject: SHA-256 of what is accepted: the items, and whose near-copies they are.
        accepted: the reason of who accepted it; "": nobody has.
    """
    share = percent(row.looked_at / row.items)
    return Caveat(
        code=NEAR_COPIES,
        sentence=f"near-copies of items looked at: {share} of {row.test_set}"
        + (" (accepted as new)" if accepted else ""),
        holds=not accepted,
        subject=subject,
        accepted=accepted,
    )


def caveats_on_repeats(section: CopiesSection) -> list[Caveat]:
    """A caveat for each test set half of whose items repeat another one of it."""
    return [
        Caveat(
            code=REPEATED,
            sentence=f"{row.repeated} of {row.items} items of {row.test_set} are near-copies of "
            "another of them",
        )
        for row in section.test_sets
        if row.repeated >= MANY * row.items
    ]


def due_codes(section: CopiesSection) -> list[str]:
    """Codes of the caveats that follow from this section."""
    holding = [NEAR_COPIES for row in section.test_sets if of_looked_at(row)]
    return [*holding, *(each.code for each in caveats_on_repeats(section))]
