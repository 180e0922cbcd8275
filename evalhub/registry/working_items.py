"""The items of a working set: written one by one, in rows, or many at once by a filter."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from django.db import IntegrityError, connection, transaction
from django.db.models import Case, F, Max, TextField, Value, When
from django.db.models.functions import Cast

from evalhub.accounts.models import User
from evalhub.files.items import LABEL_LIMIT, ItemContent
from evalhub.registry.models import WorkingItem, WorkingSet
from evalhub.registry.models.working_sets import ItemChange, SplitPart, WorkingItemFilter
from evalhub.registry.rows import insert
from evalhub.registry.working_sets import (
    COLUMNS,
    ChangedMeanwhileError,
    begin_writing,
    searched,
    written_values,
)
from evalhub.schemas.declaration import DeclarationError

TOGETHER = 500
BLOCK = 10_000
# By item: an update by each list of tags that there is would read all items as often.
TAGS = """
    UPDATE registry_workingitem SET tags = %s, by_id = %s, revision = revision + 1,
    change = CASE change WHEN '' THEN 'changed' ELSE change END WHERE id = %s
"""


@dataclass(frozen=True, slots=True)
class AddedRows:
    """How many rows became items, and why others didn't: (line, why)."""

    added: int
    left_out: list[tuple[int, str]]


@transaction.atomic
def add_item(working_set: WorkingSet, content: ItemContent, *, by: User | None) -> WorkingItem:
    """A new item at the end. Raises as `begin_writing`, and DeclarationError where the set has an
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
    """The item says this from now on.

    Args:
        revision: that of the item which whoever changes it has seen.

    Raises as `begin_writing`; ChangedMeanwhileError where the item is gone or another by now;
    DeclarationError where another has this id.
    """
    begin_writing(item.working_set, by=by)
    there = WorkingItem.objects.filter(pk=item.pk, revision=revision)
    if not there.update(revision=F("revision") + 1):
        raise ChangedMeanwhileError("somebody has changed or deleted this item since you opened it")
    item.refresh_from_db()
    for name, value in _columns(content).items():
        setattr(item, name, value)
    item.by, item.alike = by, ""
    _save(item)
    WorkingItem.objects.filter(pk=item.pk).mark_changes()
    return item


@transaction.atomic
def add_rows(
    working_set: WorkingSet,
    rows: Iterable[tuple[int, ItemContent]],
    *,
    tag: str,
    by: User | None,
) -> AddedRows:
    """Appends items, but for those that ask what another asks already, in the set or in the rows.

    Args:
        rows: each with the line it stands on. One without an id gets one from what it asks.
        tag: is given to each that is added, unless it is empty.

    Raises as `begin_writing`, and whatever reading the rows raises: then nothing was added.
    """
    begin_writing(working_set, by=by)
    asks = dict(working_set.items.order_by().values_list("fingerprint", "key"))
    keys = set(working_set.items.order_by().values_list("key", flat=True))
    position = _next_position(working_set)
    left_out: list[tuple[int, str]] = []
    values: list[tuple[object, ...]] = []
    for line, given in rows:
        content = _named(given, tag)
        asked = content.fingerprint()
        if asked in asks:
            left_out.append((line, f"asks the same as item '{asks[asked]}'"))
        elif content.key in keys:
            left_out.append((line, f"'{content.key}' is the id of another item"))
        else:
            asks[asked] = content.key
            keys.add(content.key)
            place = position + len(values)
            values.append((working_set.pk, place, *written_values(content, content.asked())))
    insert(WorkingItem, COLUMNS, values, returning=("id",))
    return AddedRows(len(values), left_out)


@transaction.atomic
def tag_items(
    working_set: WorkingSet,
    wanted: WorkingItemFilter,
    *,
    tag: str,
    by: User | None,
    take: bool = False,
) -> int:
    """Gives the items that are meant a tag, or with `take` takes it from them.

    How many it changed. Raises as `begin_writing`, and DeclarationError for what is no tag.
    """
    tag = tag.strip()
    if not 0 < len(tag) <= LABEL_LIMIT:
        raise DeclarationError(f"a tag has 1 to {LABEL_LIMIT} characters", "tag")
    begin_writing(working_set, by=by)
    meant = working_set.items.matching(wanted).order_by("pk")
    others: dict[str, str | None] = {}
    writer = None if by is None else by.pk
    written: list[tuple[str, int | None, int]] = []
    perhaps_as_before: list[int] = []
    for pk, change, said in meant.values_list("pk", "change", Cast("tags", TextField())):
        if said not in others:
            others[said] = _retagged(said, tag, take)
        if (other := others[said]) is not None:
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
def delete_items(working_set: WorkingSet, wanted: WorkingItemFilter, *, by: User | None) -> int:
    """Takes the items that are meant out of the set; how many. Raises as `begin_writing`."""
    begin_writing(working_set, by=by)
    deleted, _ = working_set.items.matching(wanted).order_by().delete()
    return deleted


@transaction.atomic
def delete_item(item: WorkingItem, *, revision: int, by: User | None) -> None:
    """Takes one item out. Raises as `change_item`."""
    begin_writing(item.working_set, by=by)
    deleted, _ = WorkingItem.objects.filter(pk=item.pk, revision=revision).delete()
    if not deleted:
        raise ChangedMeanwhileError("somebody has changed or deleted this item since you opened it")


@transaction.atomic
def set_parts(
    working_set: WorkingSet, development: Collection[int] | None, *, by: User | None
) -> None:
    """Puts these items, by their primary keys, into the development part and all others into the
    test part; None takes the split back. Raises as `begin_writing`."""
    begin_writing(working_set, by=by)
    rows = working_set.items.order_by()
    rows.update(part="" if development is None else SplitPart.TEST)
    chosen = list(development or ())
    for first in range(0, len(chosen), TOGETHER):
        rows.filter(pk__in=chosen[first : first + TOGETHER]).update(part=SplitPart.DEVELOPMENT)


@transaction.atomic
def note_alike(working_set: WorkingSet, found: Mapping[int, str], *, by: User | None) -> None:
    """Says of these items, by their primary keys, what they are near-copies of, and of all others
    nothing. Raises as `begin_writing`."""
    begin_writing(working_set, by=by)
    working_set.items.exclude(alike="").order_by().update(alike="")
    items = list(found.items())
    for first in range(0, len(items), TOGETHER):
        some = items[first : first + TOGETHER]
        said = Case(*(When(pk=pk, then=Value(what[:300])) for pk, what in some))
        working_set.items.filter(pk__in=[pk for pk, _ in some]).order_by().update(alike=said)


def _retagged(said: str, tag: str, take: bool) -> str | None:
    """This list of tags, JSON, with the tag or without; None where it is so already."""
    tags = json.loads(said)
    if (tag in tags) != take:
        return None
    return json.dumps([each for each in tags if each != tag] if take else [*tags, tag])


def _named(content: ItemContent, tag: str) -> ItemContent:
    key = content.key or f"p-{content.fingerprint() & (2**64 - 1):016x}"
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
        "tags": content.tags,
        "cluster": content.cluster,
        "metadata": content.metadata,
        "digest": hashlib.sha256(content.asked()).hexdigest(),
        "fingerprint": content.fingerprint(),
        "text": searched(content),
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
