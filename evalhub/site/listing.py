"""Lists: filters, order and search, all of them in the address.

A list is declared once, as a `Listing`; `list_page` answers an address. What the address asks for
that isn't there changes nothing and is said on the page: a link that was shared years ago still
leads to a list. Two queries beside those of the choices, whatever there is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.http import QueryDict

PAGE = 25
LONGEST = 200
"""Characters of a text that is searched for; what is longer is cut."""


class Order(Enum):
    """What a column holds: how it is called to sort it rising and falling, and whether a first
    click falls, as one wants dates and counts."""

    WORDS = "A to Z", "Z to A", False
    DATES = "oldest first", "newest first", True
    COUNTS = "fewest first", "most first", True

    @property
    def rising(self) -> str:
        return self.value[0]

    @property
    def falling(self) -> str:
        return self.value[1]

    @property
    def falls(self) -> bool:
        return self.value[2]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table. `by` names what it is sorted by; without it, it isn't."""

    name: str
    label: str
    by: str = ""
    order: Order = Order.WORDS
    number: bool = False


@dataclass(frozen=True, slots=True)
class Filter[Rows: QuerySet[Any, Any]]:
    """One thing that a list is narrowed by. `narrow` gets one of the values of `choices`."""

    name: str
    label: str
    choices: Sequence[tuple[str, str]]
    narrow: Callable[[Rows, str], Rows]


@dataclass(frozen=True, slots=True)
class Listing[Rows: QuerySet[Any, Any]]:
    """A list as it is declared. `sort` is a column's name, with - before it for falling.

    `search`: the rows that a text is found in; None where there is nothing to search.
    `what` is what it lists, in the plural, and `one` one of it.
    """

    what: str
    one: str
    columns: Sequence[Column]
    sort: str
    filters: Sequence[Filter[Rows]] = ()
    search: Callable[[Rows, str], Rows] | None = None
    searched: str = "Name"
    size: int = PAGE


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's head: where a click leads, and how the list is sorted by it now, if it is."""

    column: Column
    query: str
    sorted: str


@dataclass(frozen=True, slots=True)
class Control:
    """A filter with its options: value, label, whether it is chosen."""

    filter: Filter[Any]
    options: list[tuple[str, str, bool]]


@dataclass(frozen=True, slots=True)
class ListPage:
    """A list as an address asks for it: a page of rows, and the controls as they stand."""

    listing: Listing[Any]
    page: Page[Any]
    headings: list[Heading]
    controls: list[Control]
    orders: list[tuple[str, str, bool]]
    text: str
    ignored: list[str] = field(default_factory=list)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text) or any(
            chosen for control in self.controls for _, _, chosen in control.options
        )

    @property
    def count(self) -> int:
        return self.page.paginator.count

    @property
    def searchable(self) -> bool:
        return self.listing.search is not None


def list_page[Rows: QuerySet[Any, Any]](
    listing: Listing[Rows], rows: Rows, query: Mapping[str, str]
) -> ListPage:
    """One page of the rows that the address's query selects."""
    ignored: list[str] = []
    controls = []
    for list_filter in listing.filters:
        chosen = _choice(list_filter, query.get(list_filter.name, ""), ignored)
        if chosen:
            rows = list_filter.narrow(rows, chosen)
        options = [(value, label, value == chosen) for value, label in list_filter.choices]
        controls.append(Control(list_filter, options))
    text = query.get("q", "").strip()[:LONGEST] if listing.search else ""
    if listing.search is not None and text:
        rows = listing.search(rows, text)
    sort = _sort(listing, query.get("sort", ""), ignored)
    page = Paginator(_order(listing, rows, sort), listing.size).get_page(query.get("page"))
    return ListPage(
        listing=listing,
        page=page,
        headings=[_heading(each, sort, query) for each in listing.columns],
        controls=controls,
        orders=[(*each, each[0] == sort) for each in _orders(listing)],
        text=text,
        ignored=ignored,
    )


def _choice(by: Filter[Any], value: str, ignored: list[str]) -> str:
    if value and value not in {each for each, _ in by.choices}:
        ignored.append(f"Nothing is listed by the {by.label.lower()} “{value[:40]}”")
        return ""
    return value


def _sort(listing: Listing[Any], wanted: str, ignored: list[str]) -> str:
    if wanted and wanted not in {value for value, _ in _orders(listing)}:
        ignored.append(f"Nothing is sorted by “{wanted[:40]}”")
        return listing.sort
    return wanted or listing.sort


def _orders(listing: Listing[Any]) -> list[tuple[str, str]]:
    """The orders of a list, each in both directions, the more useful direction first."""
    orders = []
    for column in listing.columns:
        if column.by:
            rising = column.name, f"{column.label}, {column.order.rising}"
            falling = f"-{column.name}", f"{column.label}, {column.order.falling}"
            orders += [falling, rising] if column.order.falls else [rising, falling]
    return orders


def _order[Rows: QuerySet[Any, Any]](listing: Listing[Rows], rows: Rows, sort: str) -> Rows:
    """Sorts as requested, then by primary key; missing values come last."""
    by = next(each.by for each in listing.columns if each.name == sort.removeprefix("-"))
    if sort.startswith("-"):
        return rows.order_by(F(by).desc(nulls_last=True), "-pk")
    return rows.order_by(F(by).asc(nulls_last=True), "pk")


def _heading(column: Column, sort: str, address_query: Mapping[str, str]) -> Heading:
    if not column.by:
        return Heading(column, "", "")
    now = {column.name: "ascending", f"-{column.name}": "descending"}.get(sort, "")
    falls = column.order.falls if not now else now == "ascending"
    query = QueryDict(mutable=True)
    query.update({key: value for key, value in address_query.items() if key != "page" and value})
    query["sort"] = f"-{column.name}" if falls else column.name
    return Heading(column, query.urlencode(), now)
