"""Shares of production's requests by slice, next to those of a test set's items. Pure."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from evalhub.declare.amounts import Count, Probability, Size
from evalhub.declare.declaration import Declaration


class SharedKind(StrEnum):
    """A kind of slice that requests and items have."""

    LANGUAGE = "language"
    ROUTE = "route"
    TAG = "tag"
    LENGTH = "length"


BY_NAME = (SharedKind.ROUTE, SharedKind.TAG)
"""Kinds whose values a team names: a request or an item may have none of them."""


def slice_name(kind: SharedKind, value: str) -> str:
    """A slice as people read it: `language de`, `no route`."""
    if value:
        return f"{kind} {value}"
    return f"no {kind}" if kind in BY_NAME else f"{kind} unknown"


class SliceShare(Declaration):
    """A slice of production's requests, and of a test set's items.

    Attributes:
        value: as `de`; "": not known.
        production: share of the requests, with the 95% limits `lower` and `upper`; users are its
            clusters.
        items: of the test set, that are in the slice.
    """

    kind: SharedKind
    value: Annotated[str, Field(max_length=100)]
    production: Probability
    lower: Probability
    upper: Probability
    items: Count

    @property
    def name(self) -> str:
        """As people read it: `language de`."""
        return slice_name(self.kind, self.value)


class SliceShares(Declaration):
    """A week of production next to the items of one version of a test set.

    Attributes:
        week: its Monday, in UTC, as 2026-12-07.
        requests, users: of that week; a request without a user counts as one.
        size: items of the version.
        slices: those whose shares differ most, the largest difference first.
        unmatched: kinds of which no item has a slice that production has.
    """

    week: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    requests: Size
    users: Size
    size: Size
    slices: tuple[SliceShare, ...]
    unmatched: tuple[SharedKind, ...] = ()

    def of_items(self, row: SliceShare) -> float:
        """The share of the items that are in a slice."""
        return row.items / self.size

    @property
    def rows(self) -> list[tuple[SliceShare, float]]:
        """The slices with their shares of the items."""
        return [(row, self.of_items(row)) for row in self.slices]
