"""Write the items of a working set: one by one, in rows, or many by a filter."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Max, TextField
from django.db.models.functions import Cast

from evalhub.accounts.models import User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.declaration import DeclarationError
from evalhub.features.working_sets.models import (
    ItemChange,
    SplitPart,
    WorkingItem,
    WorkingItemFilter,
    WorkingSet,
)
from evalhub.features.working_sets.sets import (
    COLUMNS,
    ChangedMeanwhileError,
    begin_writing,
    column_values,
    search_text,
)
from evalhub.io.items import LABEL_LIMIT, ItemContent
from evalhub.registry.rows import insert, update

TOGETHER = 500
BLOCK = 10_000
# By item: one update for each list of tags would read all items as often.
TAGS = """
    UPDATE working_sets_workingitem SET tags = %s, by_id = %s, revision = revision + 1,
    change = CASE change WHEN '' THEN 'changed' ELSE change END WHERE id = %s
"""


@dataclass(frozen=True, slots=True)
class AddedRows:
    """Number of added rows, and the lines that weren't added: (line, why)."""

    added: int
    left_out: list[tuple[int, str]]


@transaction.atomic
def add_item(working_set: WorkingSet, content: ItemContent, *, by: User | None) -> WorkingItem:
    """Adds an item at the end. Raises as `begin_writing`, and DeclarationError if the set has an
    item of this id."""
    begin_writing(working_set, by=by)
    item = WorkingItem(
        working_set=working_set,
        position=_next_position(working_set),
        change="added",
        by=by,
        **_columns(content),
    )
    _save(item)
    return item


@transaction.atomic
def change_item(
    item: WorkingItem, content: ItemContent, *, revision: int, by: User | None
) -> WorkingItem:
    """Replaces the item's content.

    Args:
        revision: that of the item which whoever changes it has seen.

    Raises as `begin_writing`; ChangedMeanwhileError where the item is gone or another by now;
    DeclarationError where another has this id.
    """
    begin_writing(item.working_set, by=by)
    same_revision = WorkingItem.objects.filter(pk=item.pk, revision=revision)
    if not same_revision.update(revision=F("revision") + 1):
        raise ChangedMeanwhileError("somebody has changed or deleted this item since you opened it")
    item.refresh_from_db()
    for name, value in _columns(content).items():
        setattr(item, name, value)
    item.by, item.alike = by, ""
    _save(item)
    WorkingItem.objects.filter(pk=item.pk).mark_changes()
    return item


def add_rows(
    working_set: WorkingSet,
    rows: Iterable[tuple[int, ItemContent]],
    *,
    tag: str,
    by: User | None,
    on_added: Callable[[AddedRows], None] = lambda added: None,
) -> AddedRows:
    """Appends items, except those whose question is already in the set or earlier in the rows.

    The rows are read, and those that are left out chosen, before the transaction that writes them.

    Args:
        rows: each with the line it stands on. One without an id gets one from what it asks.
        tag: is given to each that is added, unless it is empty.
        on_added: is called in that transaction.

    Raises as `begin_writing`, and whatever reading the rows raises: then nothing was added.
    """
    check_evaluates(by, working_set.project)
    prepared = [_prepare(line, content, tag) for line, content in rows]
    while True:
        revisions = WorkingSet.objects.filter(pk=working_set.pk).values_list("revision", flat=True)
        revision = revisions.first()
        values, left_out = _new_rows(working_set, prepared)
        added = AddedRows(len(values), left_out)
        try:
            with transaction.atomic():
                begin_writing(working_set, by=by, revision=revision)
                insert(WorkingItem, COLUMNS, values, returning=("id",))
                on_added(added)
        except ChangedMeanwhileError:
            continue  # chosen again, with what somebody has just written
        return added


@dataclass(frozen=True, slots=True)
class _PreparedRow:
    line: int
    key: str
    fingerprint: int
    values: tuple[object, ...]


def _prepare(line: int, item: ItemContent, tag: str) -> _PreparedRow:
    content = _with_key_and_tag(item, tag)
    values = column_values(content, content.input_bytes())
    return _PreparedRow(line, content.key, content.fingerprint_in_context(), values)


def _new_rows(
    working_set: WorkingSet, prepared: Iterable[_PreparedRow]
) -> tuple[list[tuple[object, ...]], list[tuple[int, str]]]:
    """(values to write, lines left out with the reason), compared with the items of the set."""
    fingerprints = dict(working_set.items.order_by().values_list("fingerprint_in_context", "key"))
    keys = set(working_set.items.order_by().values_list("key", flat=True))
    position = _next_position(working_set)
    left_out: list[tuple[int, str]] = []
    values: list[tuple[object, ...]] = []
    for row in prepared:
        if row.fingerprint in fingerprints:
            left_out.append((row.line, f"asks the same as item '{fingerprints[row.fingerprint]}'"))
        elif row.key in keys:
            left_out.append((row.line, f"'{row.key}' is the id of another item"))
        else:
            fingerprints[row.fingerprint] = row.key
            keys.add(row.key)
            values.append((working_set.pk, position + len(values), *row.values))
    return values, left_out


@transaction.atomic
def tag_items(
    working_set: WorkingSet,
    wanted: WorkingItemFilter,
    *,
    tag: str,
    by: User | None,
    take: bool = False,
    revision: int | None = None,
) -> int:
    """Adds a tag to the items that the filter selects; with `take`, removes it.

    How many it changed. Raises as `begin_writing`, and DeclarationError for what is no tag.
    """
    tag = tag.strip()
    if not 0 < len(tag) <= LABEL_LIMIT:
        raise DeclarationError(f"a tag has 1 to {LABEL_LIMIT} characters", "tag")
    begin_writing(working_set, by=by, revision=revision)
    items = working_set.items.matching(wanted).order_by("pk")
    others: dict[str, str | None] = {}
    writer = None if by is None else by.pk
    written: list[tuple[str, int | None, int]] = []
    perhaps_as_before: list[int] = []
    for pk, change, tags_json in items.values_list("pk", "change", Cast("tags", TextField())):
        if tags_json not in others:
            others[tags_json] = _retag(tags_json, tag, take)
        if (other := others[tags_json]) is not None:
            written.append((other, writer, pk))
            if change == ItemChange.CHANGED:
                perhaps_as_before.append(pk)
    with connection.cursor() as cursor:
        cursor.executemany(TAGS, written)
    for first in range(0, len(perhaps_as_before), BLOCK):
        some = perhaps_as_before[first : first + BLOCK]
        working_set.items.filter(pk__in=some).mark_changes()
    return len(written)


@transaction.atomic
def delete_items(
    working_set: WorkingSet,
    wanted: WorkingItemFilter,
    *,
    by: User | None,
    revision: int | None = None,
) -> int:
    """Deletes the items that the filter selects. Returns their number. Raises as
    `begin_writing`."""
    begin_writing(working_set, by=by, revision=revision)
    deleted, _ = working_set.items.matching(wanted).order_by().delete()
    return deleted


@transaction.atomic
def delete_item(item: WorkingItem, *, revision: int, by: User | None) -> None:
    """Deletes one item. Raises as `change_item`."""
    begin_writing(item.working_set, by=by)
    deleted, _ = WorkingItem.objects.filter(pk=item.pk, revision=revision).delete()
    if not deleted:
        raise ChangedMeanwhileError("somebody has changed or deleted this item since you opened it")


@transaction.atomic
def set_parts(
    working_set: WorkingSet,
    development: Collection[int] | None,
    *,
    by: User | None,
    revision: int | None = None,
) -> None:
    """Puts these items (primary keys) into the development part and all others into the test part;
    None removes the split. Raises as `begin_writing`."""
    begin_writing(working_set, by=by, revision=revision)
    rows = working_set.items.order_by()
    rows.update(part="" if development is None else SplitPart.TEST)
    chosen = list(development or ())
    for first in range(0, len(chosen), TOGETHER):
        rows.filter(pk__in=chosen[first : first + TOGETHER]).update(part=SplitPart.DEVELOPMENT)


@transaction.atomic
def note_alike(
    working_set: WorkingSet,
    copies: Mapping[int, str],
    *,
    by: User | None,
    revision: int | None = None,
) -> None:
    """Notes what these items (by primary key) are near-copies of, and clears the note of all
    others. Raises as `begin_writing`."""
    begin_writing(working_set, by=by, revision=revision)
    before = dict(working_set.items.exclude(alike="").order_by().values_list("pk", "alike"))
    after = {pk: copy_of[:300] for pk, copy_of in copies.items()}
    changed = [(after.get(pk, ""), pk) for pk in before.keys() | after.keys()]
    update(WorkingItem, ["alike"], [row for row in changed if before.get(row[1], "") != row[0]])


def _retag(tags_json: str, tag: str, take: bool) -> str | None:
    """The list of tags (JSON) with the tag added or removed; None if nothing changes."""
    tags = json.loads(tags_json)
    if (tag in tags) != take:
        return None
    return json.dumps([each for each in tags if each != tag] if take else [*tags, tag])


def _with_key_and_tag(content: ItemContent, tag: str) -> ItemContent:
    key = content.key or f"p-{content.fingerprint_in_context() & (2**64 - 1):016x}"
    tags = content.tags if not tag or tag in content.tags else [*content.tags, tag]
    return replace(content, key=key, tags=tags)


def _next_position(working_set: WorkingSet) -> int:
    last: int = working_set.items.aggregate(last=Max("position", default=-1))["last"]
    return last + 1


def _columns(content: ItemContent) -> dict[str, object]:
    return {
        "key": content.key,
        "input": content.input,
        "references": content.references,
        "context": content.context,
        "choices": content.choices,
        "tools": content.tools,
        "relevant": content.relevant,
        "answerable": content.answerable,
        "tags": content.tags,
        "cluster": content.cluster,
        "metadata": content.metadata,
        "weight": content.weight,
        "digest": hashlib.sha256(content.input_bytes()).hexdigest(),
        "fingerprint": content.fingerprint(),
        "fingerprint_in_context": content.fingerprint_in_context(),
        "text": search_text(content),
    }


def _save(item: WorkingItem) -> None:
    try:
        with transaction.atomic():
            item.save()
    except IntegrityError as error:
        others = WorkingItem.objects.filter(working_set=item.working_set, key=item.key)
        if others.exclude(pk=item.pk).exists():
            raise DeclarationError(f"'{item.key}' is the id of another item", "id") from error
        raise
