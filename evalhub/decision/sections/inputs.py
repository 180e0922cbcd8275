"""What production is asked, by slice, next to a study's items: it informs, and decides nothing.

Pure.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field

from evalhub.decision.inconsistent import Discrepancy
from evalhub.decision.sections.base import Section
from evalhub.decision.wording import count_text
from evalhub.declare.decision import Arms
from evalhub.declare.slice_shares import SliceShare, SliceShares
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord

FAR = 0.1
"""Production's share above the items' by which a test set is worth a look, at the lower limit."""
MOST_SENTENCES = 3


class InputsRow(SliceShares):
    """A test set next to production."""

    test_set: str

    @classmethod
    def beside(cls, test_set: str, shares: SliceShares) -> Self:
        """A week next to a version, as the row of a test set of this name."""
        fields = {name: getattr(shares, name) for name in SliceShares.model_fields}
        return cls(test_set=test_set, **fields)

    def is_far(self, row: SliceShare) -> bool:
        """Whether production is proven to have more of a slice than the items, by FAR."""
        return row.lower - self.of_items(row) > FAR


class InputsSection(Section):
    """Shares of production's requests by slice, next to the shares of each test set's items."""

    title: ClassVar[str] = "Asked in production"
    method: ClassVar[str] = "inputs"
    order: ClassVar[int] = 38

    test_sets: tuple[InputsRow, ...] = Field(min_length=1)

    def derive_status(self, arms: Arms) -> Status:
        """Worth a look where a slice of production is rare among the items."""
        far = any(test_set.is_far(row) for test_set in self.test_sets for row in test_set.slices)
        return Status.OPEN if far else Status.PASS

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        for test_set in self.test_sets:
            yield (
                f"{test_set.test_set} next to {count_text(test_set.requests, 'request')} of "
                f"{count_text(test_set.users, 'user')} in the week of {test_set.week}; the verdict "
                "doesn't rest on it."
            )
            far = [row for row in test_set.slices if test_set.is_far(row)]
            for row in far[:MOST_SENTENCES]:
                yield (
                    f"{row.name}: {row.production:.0%} of the requests ({row.lower:.0%} to "
                    f"{row.upper:.0%}), {test_set.of_items(row):.0%} of the items."
                )

    def without_results(self) -> Self:
        """All of it: what is asked says nothing of any answer."""
        return self

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """A share lies within its limits, and a slice has no more items than there are."""
        for i, test_set in enumerate(record.inputs.test_sets if record.inputs else ()):
            for j, row in enumerate(test_set.slices):
                inner = f"{at}inputs.test_sets[{i}].slices[{j}]."
                if not row.lower <= row.production <= row.upper:
                    limits = f"{row.lower} to {row.upper}"
                    yield Discrepancy(
                        f"{inner}production", row.production, limits, "it lies within its limits"
                    )
                if row.items > test_set.size:
                    yield Discrepancy(
                        f"{inner}items", row.items, test_set.size, "the test set has no more"
                    )
