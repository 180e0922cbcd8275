"""Data of a working set's pages: its items, one page at a time, and what publishing changes."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.core.paginator import Page, Paginator

from evalhub.features.working_sets.forms import WorkingFilterForm
from evalhub.features.working_sets.models import ItemChange, WorkingItem, WorkingSet
from evalhub.features.working_sets.sets import (
    SetDifference,
    difference,
    missing_items,
    newer_version,
)
from evalhub.io.word_diff import Piece, word_diff
from evalhub.registry.contents import content_of
from evalhub.registry.models import Item, TestSetVersion
from evalhub.report.flips import FoldedText, input_text, passage, references_text

PAGE = 25
REMEMBERED = 100
"""States of working sets of which it is kept what takes a look at all items."""
MOST_TAGS = 200
DIFFERENCES = 50
COMPARED = 40_000
FIELDS = {
    "key": "id",
    "input": "input",
    "references": "right answers",
    "context": "context",
    "choices": "choices",
    "tools": "tools",
    "relevant": "relevant passages",
    "answerable": "answerable",
    "tags": "tags",
    "cluster": "cluster",
    "weight": "weight",
    "metadata": "anything else",
}


@dataclass(frozen=True, slots=True)
class ShownWorkingItem:
    item: WorkingItem
    question: FoldedText
    reference: FoldedText


@dataclass(frozen=True, slots=True)
class WorkingItemsPage:
    """One page of the items that a filter selects."""

    form: WorkingFilterForm
    page: "Page[WorkingItem]"
    items: Sequence[ShownWorkingItem]


def items_page(working_set: WorkingSet, query: Mapping[str, Any]) -> WorkingItemsPage:
    """The page of items for the address's query. Three queries: tags, count, one page."""
    form = filter_of(working_set, query)
    items = WorkingItem.objects.filter(working_set=working_set).matching(form.wanted)
    page = Paginator(items.defer("text").order_by("position"), PAGE).get_page(query.get("page"))
    rows = [
        ShownWorkingItem(
            item, passage(input_text(item.input)), passage(references_text(item.references))
        )
        for item in page
    ]
    return WorkingItemsPage(form, page, rows)


def filter_of(working_set: WorkingSet, query: Mapping[str, Any]) -> WorkingFilterForm:
    """The filter form for the address's query, with the existing tags, the commonest first."""
    tags, times = _tags(*_state(working_set))
    asked_for = query.get("tag", "")
    if asked_for and asked_for not in dict(tags):
        tags = [*tags, (asked_for, times[asked_for])]
    return WorkingFilterForm(query, tags=tags)


def changes_of(working_set: WorkingSet) -> SetDifference:
    """As `difference`, cached as long as nobody writes to the set."""
    changes = _difference(*_state(working_set))
    return replace(changes, newer=newer_version(working_set))


def _state(working_set: WorkingSet) -> tuple[int, int, datetime]:
    """The cache key of a working set's state: each write raises its revision and sets its time."""
    return working_set.pk, working_set.revision, working_set.changed


@lru_cache(maxsize=REMEMBERED)
def _tags(pk: int, revision: int, changed: datetime) -> tuple[list[tuple[str, int]], Counter[str]]:
    """The commonest tags, and the number of items by tag for all tags."""
    times: Counter[str] = Counter()
    for tags_json, n in WorkingItem.objects.filter(working_set=pk).tag_lists():
        times.update(dict.fromkeys(json.loads(tags_json), n))
    return times.most_common(MOST_TAGS), times


@lru_cache(maxsize=REMEMBERED)
def _difference(pk: int, revision: int, changed: datetime) -> SetDifference:
    return difference(WorkingSet.objects.get(pk=pk))


@dataclass(frozen=True, slots=True)
class ChangedField:
    name: str
    before: Sequence[Piece]
    after: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class ChangedWorkingItem:
    item: WorkingItem
    fields: Sequence[ChangedField]


@dataclass(frozen=True, slots=True)
class PublishPage:
    """What publishing would make, and the items that it changes: at most DIFFERENCES of each
    kind."""

    against: TestSetVersion | None
    difference: SetDifference
    changed: Sequence[ChangedWorkingItem]
    added: Sequence[WorkingItem]
    removed: Sequence[Item]


def publish_page(working_set: WorkingSet) -> PublishPage:
    rows = WorkingItem.objects.filter(working_set=working_set).order_by("position").defer("text")
    changed = rows.filter(change=ItemChange.CHANGED).select_related("was")[:DIFFERENCES]
    return PublishPage(
        against=working_set.origin,
        difference=changes_of(working_set),
        changed=[ChangedWorkingItem(each, _changes(each)) for each in changed],
        added=list(rows.filter(change=ItemChange.ADDED)[:DIFFERENCES]),
        removed=list(missing_items(working_set)[:DIFFERENCES]),
    )


def _changes(item: WorkingItem) -> list[ChangedField]:
    assert item.was is not None
    before, after = content_of(item.was), content_of(item)
    changes = []
    for name, label in FIELDS.items():
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            was, now, _ = word_diff(_text(old), _text(new), most=COMPARED)
            changes.append(ChangedField(label, was, now))
    return changes


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "\n".join(value)
    return "" if value in (None, {}) else json.dumps(value, ensure_ascii=False)
