"""Test sets that were added to after a look, and how their stages are combined. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.levels import stage_weights
from evalhub.decision.sections.base import Section
from evalhub.decision.sections.ledger import LedgerRow
from evalhub.decision.wording import count_text
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.verdicts import Status


class ExtensionRow(Declaration):
    """A test set that was added to: its looks' numbers, and the items and weights of each stage."""

    test_set: str
    level: float
    looks: tuple[int, ...]
    items: tuple[int, ...]
    weights: tuple[float, ...]


class ExtensionSection(Section):
    """How items that were added for another look are combined with what was seen."""

    title: ClassVar[str] = "Extension"
    method: ClassVar[str] = "extension"
    order: ClassVar[int] = 160

    test_sets: tuple[ExtensionRow, ...]

    def derive_status(self, arms: Arms) -> Status:
        return Status.PASS

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        for row in self.test_sets:
            (first, *_), (old, *added) = row.looks, row.items
            news = "; ".join(
                f"{new:,} {'was' if new == 1 else 'were'} added for look {look}"
                for new, look in zip(added, row.looks[-len(added) :], strict=False)
            )
            yield (
                f"{row.test_set} held {count_text(old, 'item')} at look {first}; {news}. "
                "Each part is tested by itself, and the tests are combined."
            )


def extension_section(
    rows: Sequence[LedgerRow], look_stages: Mapping[str, NDArray[np.intp]]
) -> ExtensionSection | None:
    """The record's `extension`: the stages of each test set that was added to; None without any.

    Args:
        look_stages: by test set, the look that each item was added for, shape (n,), from 0 for the
            first; only of test sets that were added to.
    """
    extended = [
        _extension_row(row, np.bincount(look_stages[row.test_set]).tolist())
        for row in rows
        if row.test_set in look_stages
    ]
    return ExtensionSection(test_sets=tuple(extended)) if extended else None


def _extension_row(row: LedgerRow, sizes: Sequence[int]) -> ExtensionRow:
    return ExtensionRow(
        test_set=row.test_set,
        level=row.level,
        looks=row.looks,
        items=tuple(sizes),
        weights=stage_weights(len(sizes)),
    )
