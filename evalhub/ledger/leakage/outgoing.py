"""Test items in rows that are to go out to training: what is judged on is never trained on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

from django.db.models import QuerySet

from evalhub.accounts.models import Project
from evalhub.io.json_values import parse_json
from evalhub.io.rows import Row
from evalhub.ledger.leakage.matching import ItemTexts, find_leakage, item_texts
from evalhub.ledger.leakage.rows_with_items import SearchedRows
from evalhub.ledger.leakage.training import training_of
from evalhub.registry.models import Item, TestSetVersion, TrainingFileLine
from evalhub.registry.models.retirements import versions_in_use

AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class OutgoingRow:
    """A row as it would be written, and the fingerprint of what it asks."""

    values: Any
    fingerprint: int


@dataclass(frozen=True, slots=True)
class ItemInRow:
    """A test item that a row holds, and how it was found: "exact", "near-duplicate", "13-gram"."""

    version: TestSetVersion
    key: str
    how: str

    def __str__(self) -> str:
        return f"'{self.key}' of {self.version} ({self.how})"


def items_in_rows(project: Project, rows: Sequence[OutgoingRow]) -> dict[int, ItemInRow]:
    """By index, the rows that hold an item of a version in use: the same question however it is
    spelt, or a copy or near-copy of one of its texts, as a decision finds leaks.

    Each of the project's versions that isn't retired is searched for, but those whose items a
    newer one holds too.
    """
    matches: dict[int, ItemInRow] = {}
    if not rows:
        return matches
    searched, seen = SearchedRows(row.values for row in rows), set[str]()
    versions = versions_in_use(project).select_related("test_set").order_by("-pk")
    for version in versions:
        items = Item.objects.filter(version=version)
        digests = set(items.order_by().values_list("digest", flat=True))
        if digests <= seen:
            continue
        seen |= digests
        same = dict(items.order_by("-position").values_list("fingerprint", "key"))
        for index, row in enumerate(rows):
            if row.fingerprint in same:
                matches.setdefault(index, ItemInRow(version, same[row.fingerprint], "exact"))
        for index, (key, match) in searched.holding(_texts(version)).items():
            matches.setdefault(index, ItemInRow(version, key, match.how))
    return dict(sorted(matches.items()))


def _texts(version: TestSetVersion) -> Iterator[ItemTexts]:
    rows = Item.objects.filter(version=version, redacted=None).order_by("position")
    columns = rows.values_list("key", "input", "references")
    for key, input_, references in columns.iterator(chunk_size=AT_ONCE):
        yield item_texts(key, input_, references)


@dataclass(frozen=True, slots=True)
class TrainedRow:
    """A row of a training file that went out, which holds a test item, and how."""

    file: str
    line: int
    how: str

    def __str__(self) -> str:
        return f"line {self.line} of {self.file} ({self.how})"


def rows_that_hold(
    project: Project, items: Sequence[tuple[ItemTexts, int]]
) -> dict[str, TrainedRow]:
    """By an item's key, a row of a training file that went out from the project and holds it: the
    same question however it is spelt, or a copy or near-copy of one of its texts.

    Args:
        items: of each its texts and the fingerprint of its question.
    """
    rows = TrainingFileLine.objects.filter(file__project=project).select_related("file")
    ordered = rows.order_by("-file_id", "line")
    same: dict[int, TrainedRow] = {}
    wanted = [fingerprint for _, fingerprint in items]
    for some in batched(wanted, AT_ONCE):
        for row in ordered.filter(fingerprint__in=some):
            same.setdefault(row.fingerprint, TrainedRow(str(row.file), row.line, "exact"))
    trained = {texts.key: same[fingerprint] for texts, fingerprint in items if fingerprint in same}
    if leakage := _search(ordered, [texts for texts, _ in items]):
        for key, match in leakage.items():
            trained.setdefault(key, match)
    return trained


def _search(rows: QuerySet[TrainingFileLine], items: Sequence[ItemTexts]) -> dict[str, TrainedRow]:
    places: dict[int, tuple[str, int]] = {}

    def read() -> Iterator[Row]:
        for number, row in enumerate(rows.exclude(text="").iterator(chunk_size=AT_ONCE), 1):
            places[number] = str(row.file), row.line
            yield Row(number, {"row": parse_json(row.text)})

    source = read()
    first = next(source, None)
    if first is None or not items:
        return {}
    [leakage] = find_leakage(training_of(first, source, "training files"), items)
    return {
        key: TrainedRow(*places[matches[0].line], matches[0].how)
        for key, matches in leakage.leaked.items()
    }
