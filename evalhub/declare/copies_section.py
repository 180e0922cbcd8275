"""The record's section about near-copies of items."""

from evalhub.declare.criteria import Count, Size
from evalhub.declare.declaration import Declaration
from evalhub.declare.sections import Section


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

    test_sets: tuple[CopiesRow, ...]
