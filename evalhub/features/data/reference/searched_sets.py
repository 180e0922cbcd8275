"""The test sets that a training file is searched for: of a home, of a site, or files."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from evalhub.io.items import FieldMapping, read_items
from evalhub.io.rows import DataError
from evalhub.ledger.leakage.matching import ItemTexts, item_texts

if TYPE_CHECKING:
    from evalhub.accounts.models import Project
    from evalhub.client.connection import Connection

type TestSets = dict[str, Iterable[ItemTexts]]
"""By name, the items that a training file is searched for."""


class _Rereadable:
    """Items that can be read as often as a check wants to, and are read when it does."""

    def __init__(self, read: Any, *args: Any) -> None:
        self._read, self._args = read, args

    def __iter__(self) -> Iterator[ItemTexts]:
        return iter(self._read(*self._args))


def test_sets_of_files(paths: Sequence[Path]) -> TestSets:
    """The test sets in these files, by the files' names.

    Raises DataError where one isn't there or two have one name; reading an item, what is wrong
    with it.
    """
    sets: TestSets = {}
    for path in paths:
        if not path.is_file():
            raise DataError("no such file", file=str(path))
        if path.name in sets:
            raise DataError("a test set of this name is there already", file=str(path))
        sets[path.name] = _Rereadable(_items_of_file, path)
    return sets


def test_sets_of_project(project: "Project") -> TestSets:
    """The newest version of each test set of a project of this home. One query."""
    from evalhub.ledger.leakage.overlaps import items_to_search
    from evalhub.registry.models import TestSetVersion

    versions = TestSetVersion.objects.newest_of(project)
    return {str(version): _Rereadable(items_to_search, version) for version in versions}


def test_sets_of_site(connection: "Connection") -> TestSets:
    """The newest version of each test set of a site's project: items are fetched page by page.

    Raises as the connection does.
    """
    sets: TestSets = {}
    for test_set in connection.rows("/test-sets?page_size=500"):
        below = f"/test-sets/{quote(test_set['slug'], safe='')}/versions"
        for version in connection.get(f"{below}?page_size=1").body["results"]:
            name = f"{test_set['slug']} v{version['number']}"
            sets[name] = _Rereadable(
                _items_of_site, connection, f"{below}/{version['number']}/items"
            )
    return sets


def _items_of_file(path: Path) -> Iterator[ItemTexts]:
    for _, item in read_items(path, FieldMapping()):
        yield item_texts(item.key, item.input, item.references)


def _items_of_site(connection: "Connection", path: str) -> Iterator[ItemTexts]:
    for item in connection.rows(f"{path}?page_size=500"):
        yield item_texts(item["id"], item["input"], item["references"])
