"""The life of a working set: begun from a file or a version, then published or discarded.

Its first items are written in short transactions, as a version's are, and nobody sees it before
all are there. Publishing is the import of its items: the same content is the same version.
"""

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils import timezone

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.decision.wording import count_text
from evalhub.declare.declaration import DeclarationError
from evalhub.features.working_sets.models import ItemChange, SplitPart, WorkingItem, WorkingSet
from evalhub.io.items import FieldMapping, ItemContent
from evalhub.io.limits import ITEMS
from evalhub.io.tools import message_text
from evalhub.registry import drafts
from evalhub.registry.contents import content_of
from evalhub.registry.importing import (
    CONTENT,
    Batch,
    ItemSource,
    batches_of,
    check_test_set,
    content_values,
    publish_test_set,
    second_of_an_id,
    stage_items,
)
from evalhub.registry.models import Item, TestSetVersion
from evalhub.registry.rows import insert

COLUMNS = ("working_set_id", "position", *CONTENT, "text", "part", "change", "alike", "revision")
DEVELOPMENT = "-dev"
"""What the name of a split set's development part ends in."""


class WorkingSetError(Exception):
    """An action that a working set doesn't allow as it is now; the message says why."""


class ChangedMeanwhileError(WorkingSetError):
    """Somebody else has changed the item or set meanwhile: nothing was written."""


def begin_working_set(
    *,
    project: Project,
    by: User | None,
    slug: str,
    path: Path,
    purpose: str,
    mapping: FieldMapping = FieldMapping(),  # noqa: B008 (frozen)
    source: str = "",
) -> WorkingSet:
    """Makes a working set with the items of a file, to become a version of the test set `slug`.

    Where that has versions, what the file adds, changes and lacks is seen against the newest.

    Args:
        source: what people call the file; by default it is its name.

    Raises:
        NotAllowedError: `by` doesn't evaluate in the project.
        evalhub.io.rows.DataError: what is wrong with the file, with its line and field.
        evalhub.declare.declaration.DeclarationError: a name or a purpose that can't be.
    """
    check_evaluates(by, project)
    check_test_set(slug, purpose)
    versions = TestSetVersion.objects.filter(test_set__project=project, test_set__slug=slug)
    newest = versions.filter(pool=None, engine__isnull=True).order_by("-number").first()
    called = source or path.name
    draft = WorkingSet(
        project=project, slug=slug, purpose=purpose, source=called, origin=newest, by=by
    )
    return _fill(draft, ItemSource.of_file(path, mapping, ITEMS))


def begin_with_item(
    content: ItemContent, *, project: Project, slug: str, purpose: str, by: User | None
) -> WorkingSet:
    """Makes a working set with one item, to become the first version of the test set `slug`.

    Raises NotAllowedError, and DeclarationError for a purpose or a name that can't be, such as
    that of a test set of the project.
    """
    check_evaluates(by, project)
    check_test_set(slug, purpose)
    if TestSetVersion.objects.filter(test_set__project=project, test_set__slug=slug).exists():
        raise DeclarationError(f"there is a test set “{slug}” already: choose it", "test set")
    draft = WorkingSet(project=project, slug=slug, purpose=purpose, source=content.key, by=by)
    source = ItemSource(content.key, content.key, "id", lambda: iter([(1, content)]))
    return _fill(draft, source)


def edit_version(version: TestSetVersion, *, by: User | None) -> WorkingSet:
    """Makes a working set with the items of a version, which itself stays as it is.

    An item whose text was redacted is left out. Raises NotAllowedError, and WorkingSetError for a
    version whose items are another harness's task.
    """
    project = version.test_set.project
    check_evaluates(by, project)
    if version.engine:
        raise WorkingSetError(f"{version} is another harness's task, whose items aren't ours")
    draft = WorkingSet(
        project=project,
        slug=version.test_set.slug,
        purpose=version.test_set.purpose,
        source=str(version),
        origin=version,
        by=by,
    )
    rows = Item.objects.filter(version=version, redacted=None)
    return _fill(draft, ItemSource(str(version), str(version), "id", lambda: contents(rows)))


def publish_working_set(
    working_set: WorkingSet,
    *,
    revision: int,
    by: User | None,
    on_published: Callable[[list[TestSetVersion]], object] = lambda versions: None,
) -> list[TestSetVersion]:
    """Publishes the items as a version (an existing one if it has the same items) and deletes the
    working set.

    One that is split makes two: its test items a version of its name, its development items one
    of that name with "-dev". Where the process ends before all is done the set is there as it was,
    and publishing it again finds the versions that were made.

    Args:
        revision: the one that whoever publishes has seen.
        on_published: is called with the versions in the transaction in which the set goes, to
            keep there what it became.

    Raises:
        NotAllowedError: `by` doesn't evaluate in the project.
        ChangedMeanwhileError: it isn't as they have seen it.
        WorkingSetError: it has no items, or a part has none, or some are in no part.
    """
    check_evaluates(by, working_set.project)
    with _busy(working_set, revision):
        parts = _parts(working_set, working_set.items.all())
        versions = [_publish(working_set, slug, part) for slug, part in parts.items()]
        with transaction.atomic():
            _hide(working_set)
            on_published(versions)
        _take_away(working_set)
    return versions


def discard_working_set(
    working_set: WorkingSet, *, by: User | None, revision: int | None = None
) -> None:
    """Deletes a working set with its items; versions stay. Raises NotAllowedError,
    ChangedMeanwhileError where it isn't at `revision` any more, and WorkingSetError while somebody
    publishes it."""
    check_evaluates(by, working_set.project)
    with _busy(working_set, revision):
        _take_away(working_set)


def drop_left_over_sets() -> int:
    """Deletes sets whose writers stopped before all items were written. Returns their number."""
    left = WorkingSet.objects.filter(filled=False, busy_until__lt=timezone.now())
    rows = list(left)
    for row in rows:
        _take_away(row)
    return len(rows)


def contents(rows: "QuerySet[Any]") -> Iterator[tuple[int, ItemContent]]:
    """The items' contents in their order, each with its position from 1; in bounded memory, while
    others write."""
    last, before = -1, 0
    ordered = rows.order_by("position")
    while page := list(ordered.filter(position__gt=last)[: drafts.ROWS]):
        for number, row in enumerate(page, before + 1):
            yield number, content_of(row)
        last, before = page[-1].position, before + len(page)


def search_text(content: ItemContent) -> str:
    """The text that a search reads: id, question, right answers and context."""
    question = content.input
    texts = [question] if isinstance(question, str) else [message_text(each) for each in question]
    right = [each if isinstance(each, str) else str(each) for each in content.references]
    return "\n".join([content.key, *texts, *right, content.context]).casefold()


def column_values(content: ItemContent, item_input: bytes) -> tuple[object, ...]:
    """The values of COLUMNS after working set and position, for a new item."""
    return (*content_values(content, item_input), search_text(content), "", ItemChange.ADDED, "", 1)


@dataclass(frozen=True, slots=True)
class SetDifference:
    """What publishing would change: numbers of items, and the versions that it compares with.

    Attributes:
        newer: a version that came after the one that the set was begun from.
    """

    added: int
    changed: int
    removed: int
    newer: TestSetVersion | None

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def difference(working_set: WorkingSet) -> SetDifference:
    """How a working set differs from the version that it was begun from. Four queries."""
    rows = working_set.items.order_by()
    return SetDifference(
        added=rows.filter(change=ItemChange.ADDED).count(),
        changed=rows.filter(change=ItemChange.CHANGED).count(),
        removed=missing_items(working_set).count(),
        newer=newer_version(working_set),
    )


def newer_version(working_set: WorkingSet) -> TestSetVersion | None:
    """The test set's newest version, if it isn't the one that the set was begun from."""
    versions = TestSetVersion.objects.filter(
        test_set__project=working_set.project_id, test_set__slug=working_set.slug, pool=None
    )
    newest: TestSetVersion | None = versions.order_by("-number").first()
    return newest if newest and newest.pk != working_set.origin_id else None


def missing_items(working_set: WorkingSet) -> "QuerySet[Item]":
    """Items of the original version that are no longer in the set."""
    # Not an EXISTS for each: no index has `was`, so that 5,000 items took 25 million steps.
    remaining = WorkingItem.objects.filter(working_set=working_set, was__isnull=False).order_by()
    gone = Item.objects.filter(version=working_set.origin_id).exclude(
        pk__in=remaining.values("was")
    )
    return gone.order_by("position")


def begin_writing(working_set: WorkingSet, *, by: User | None, revision: int | None = None) -> None:
    """Locks the set for the transaction of a change: nobody else writes to it until the end.

    Raises NotAllowedError, ChangedMeanwhileError where it isn't at `revision` any more, and
    WorkingSetError where it is gone or being published.
    """
    check_evaluates(by, working_set.project)
    _write_if_free(working_set, revision, revision=F("revision") + 1, changed=timezone.now())


def _write_if_free(working_set: WorkingSet, seen: int | None, **values: object) -> None:
    free = WorkingSet.objects.free().filter(pk=working_set.pk)
    as_seen = free if seen is None else free.filter(revision=seen)
    if not as_seen.update(**values):
        if free.exists():
            raise ChangedMeanwhileError(
                "somebody has changed the working set since you saw it: nothing was done, look at "
                "it again"
            )
        raise WorkingSetError("the working set is being published or is gone: nothing was written")


@contextmanager
def _busy(working_set: WorkingSet, revision: int | None) -> Iterator[None]:
    """Locks a working set against other writers while the block runs. Raises as `begin_writing`."""
    _write_if_free(working_set, revision, busy_until=drafts.lease_end())
    try:
        yield
    finally:
        WorkingSet.objects.filled().filter(pk=working_set.pk).update(busy_until=None)


def _parts(working_set: WorkingSet, rows: "QuerySet[WorkingItem]") -> dict[str, str | None]:
    """The names of the versions to make, each with its part; None is all items."""
    names = set(rows.order_by().values_list("part", flat=True).distinct())
    if not names:
        raise WorkingSetError("the working set has no items")
    if names == {""}:
        return {working_set.slug: None}
    if "" in names:
        loose = rows.filter(part="").count()
        raise WorkingSetError(
            f"{count_text(loose, 'item')} came after the split and {'is' if loose == 1 else 'are'} "
            "in no part: split again, or take the split back"
        )
    if len(names) == 1:
        raise WorkingSetError("all items are in one part: split again, or take the split back")
    return {
        working_set.slug: SplitPart.TEST,
        f"{working_set.slug}{DEVELOPMENT}": SplitPart.DEVELOPMENT,
    }


def _publish(working_set: WorkingSet, slug: str, part: str | None) -> TestSetVersion:
    rows = working_set.items.all()
    rows = rows if part is None else rows.filter(part=part)
    name = f"edited from {working_set.source}" if working_set.origin else working_set.source
    staged = stage_items(
        project=working_set.project,
        slug=slug,
        purpose=working_set.purpose,
        source=ItemSource(name[:255], name, "id", lambda: contents(rows)),
    )
    version = publish_test_set(staged)
    if version != staged:
        drafts.drop(staged)
    return version


def _fill(working_set: WorkingSet, source: ItemSource) -> WorkingSet:
    drop_left_over_sets()
    batches = batches_of(source)
    try:
        first = next(batches)  # an unreadable file leaves no trace
    except StopIteration:
        raise WorkingSetError(f"{source.name} has no items that can be edited") from None
    working_set.filled, working_set.busy_until = False, drafts.lease_end()
    working_set.save()
    try:
        written = 0
        for batch in chain([first], batches):
            _write(working_set, batch, written, source)
            written += len(batch)
        with transaction.atomic():
            _know_again(working_set)
            working_set.filled, working_set.busy_until = True, None
            working_set.save(update_fields=["filled", "busy_until"])
    except BaseException:
        _take_away(working_set)
        raise
    return working_set


def _write(working_set: WorkingSet, batch: Batch, start: int, source: ItemSource) -> None:
    rows = [
        (working_set.pk, position, *column_values(content, item_input))
        for position, (_, content, item_input, _) in enumerate(batch, start)
    ]
    with transaction.atomic():
        written = insert(WorkingItem, COLUMNS, rows, returning=("id",))
        row = WorkingSet.objects.filter(pk=working_set.pk)
        row.update(busy_until=drafts.lease_end(datetime.timedelta(minutes=10)))
    if len(written) < len(rows):
        raise _two_of_an_id(working_set, rows, batch, source)


def _two_of_an_id(
    working_set: WorkingSet, rows: list[tuple[object, ...]], batch: Batch, source: ItemSource
) -> Exception:
    before = working_set.items.filter(position__lt=rows[0][1])
    return second_of_an_id(before, batch, source) or WorkingSetError("two items have the same id")


def _know_again(working_set: WorkingSet) -> None:
    """Links each item to the item of the original version with the same id."""
    items = working_set.items.order_by()
    if working_set.origin_id:
        same = Item.objects.filter(version=working_set.origin_id, key=OuterRef("key"))
        items.update(was=Subquery(same.order_by().values("pk")[:1]))
        items.all().mark_changes()


def _hide(working_set: WorkingSet) -> None:
    """Hides the set from everybody, so that its rows are deleted as left over."""
    hidden = WorkingSet.objects.filter(pk=working_set.pk)
    hidden.update(filled=False, busy_until=timezone.now())


def _take_away(working_set: WorkingSet) -> None:
    _hide(working_set)
    rows = WorkingItem.objects.filter(working_set=working_set).order_by()
    while some := list(rows.values_list("pk", flat=True)[: drafts.ROWS]):
        rows.filter(pk__in=some)._raw_delete(rows.db)
    WorkingSet.objects.filter(pk=working_set.pk).delete()
