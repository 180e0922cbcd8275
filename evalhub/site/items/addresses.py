"""Where a list of items and its items are."""

from dataclasses import asdict, dataclass

from django.urls import reverse

from evalhub.site.items.filters import ItemFilters
from evalhub.site.items.naming import item_address

TAB = "answers"
"""The tab of a study's page that lists items, and the id of its part of the page."""


@dataclass(frozen=True, slots=True)
class ItemUrls:
    """The names of their addresses, and whose they are. `tab`: the list is a tab of the study's
    page, and not a page of its own."""

    name: str
    pk: int
    test_set: str = ""
    version: int = 0
    tab: bool = False

    @property
    def list_address(self) -> str:
        """The list's address, without what it asks for."""
        if self.tab:
            return f"{reverse(f'site:{self.name}', args=[self.pk])}#{TAB}"
        return reverse(f"site:{self.name}_items", args=[self.pk])

    def fields(self, filters: ItemFilters) -> list[tuple[str, str]]:
        """What the list's address asks for, without its columns: (name, value)."""
        values = asdict(filters.but(columns=())) | self._fixed
        return [(name, str(value)) for name, value in values.items() if value]

    def items(self, filters: ItemFilters, **more: object) -> str:
        address, _, part = self.list_address.partition("#")
        return address + filters.query(**self._fixed, **more) + (f"#{part}" if part else "")

    def item(self, key: str, filters: ItemFilters, **more: object) -> str:
        which = [self.pk, self.test_set] if self.test_set else [self.pk]
        version = {"version": self.version} if self.version else {}
        query = asdict(filters.but(test_set="")) | version | more
        return item_address(self.name, *which, key=key, **query)

    def file(self, form: str, filters: ItemFilters) -> str:
        address = reverse(f"site:{self.name}_items_file", args=[self.pk, form])
        return address + filters.query(**self._fixed)

    @property
    def _fixed(self) -> dict[str, object]:
        if self.tab:
            return {"tab": TAB}
        return {"version": self.version} if self.version else {}
