"""A file becomes a frozen, content-hashed version of a test set."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet

from evalhub.accounts.models import Project
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.study import check_name
from evalhub.io.items import FieldMapping, ItemContent, read_items, version_line
from evalhub.io.limits import COMMAND, Limits
from evalhub.io.rows import DataError
from evalhub.registry import drafts
from evalhub.registry.models import Item, TestSet, TestSetVersion
from evalhub.registry.models.testsets import TestSetPurpose
from evalhub.registry.rows import insert

CONTENT = (
    "key",
    "input",
    "references",
    "context",
    "tags",
    "cluster",
    "metadata",
    "choices",
    "tools",
    "relevant",
    "answerable",
    "weight",
    "digest",
    "fingerprint",
    "fingerprint_in_context",
)
"""Columns of what an item says, as `content_values` gives them."""

type Progress = Callable[[int], None]


def import_test_set(
    *,
    project: Project,
    slug: str,
    path: Path,
    purpose: str = TestSetPurpose.TASK,
    mapping: FieldMapping = FieldMapping(),  # noqa: B008 (frozen)
    engine: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> TestSetVersion:
    """Imports a JSONL, CSV or Parquet file in short transactions and in bounded memory.

    The same items in the same order are the version that is there already, and nothing is
    written; any other content is the next version, and the older ones stay as they are. Nobody
    sees a version before all of it is there, and after an error there is nothing of the file.

    Args:
        slug: name of the test set in the project; it is made where it isn't there.
        purpose: what a new test set is for; one that is there keeps its own.
        mapping: which fields of a row make an item.
        engine: the harness whose task the items are, as a version of them says it.
        progress: called with the line that has been reached. Where the test set has versions,
            the file is read once to recognise the content, and again only if it is new.

    Raises:
        evalhub.io.rows.DataError: what is wrong with the file, with its line and field.
        evalhub.declare.declaration.DeclarationError: a slug or a purpose that can't be.
    """
    staged = stage_test_set(
        project=project, slug=slug, path=path, purpose=purpose, mapping=mapping, progress=progress
    )
    if staged.engine != engine:  # the same task may lie elsewhere by now
        staged.engine = engine
        staged.save(update_fields=["engine"])
    version = publish_test_set(staged)
    if version != staged:
        drafts.drop(staged)
    return version


def stage_test_set(
    *,
    project: Project,
    slug: str,
    path: Path,
    purpose: str = TestSetPurpose.TASK,
    mapping: FieldMapping = FieldMapping(),  # noqa: B008 (frozen)
    progress: Progress | None = None,
) -> TestSetVersion:
    """As `import_test_set`, up to its last step: a draft with all its items, or the version that
    holds them already. `publish_test_set` makes it seen, `drafts.drop` takes it away."""
    source = ItemSource.of_file(path, mapping)
    return stage_items(
        project=project, slug=slug, source=source, purpose=purpose, progress=progress
    )


def stage_items(
    *,
    project: Project,
    slug: str,
    source: "ItemSource",
    purpose: str = TestSetPurpose.TASK,
    progress: Progress | None = None,
) -> TestSetVersion:
    """As `stage_test_set`, of items wherever they come from."""
    check_test_set(slug, purpose)
    versions = TestSetVersion.objects.filter(test_set__project=project, test_set__slug=slug)
    if versions.exists():
        content = _Content()
        for batch in batches_of(source):
            content.take(batch, progress)
        same: TestSetVersion | None = versions.filter(digest=content.digest).first()
        if same is not None:
            return same
    drafts.drop_left_over()
    batches = batches_of(source)
    first = next(batches)  # what can't be read at all leaves no trace
    with transaction.atomic():
        # Locked, as who drops the only other version of it takes the test set away.
        test_set, _ = TestSet.objects.select_for_update().get_or_create(
            project=project, slug=slug, defaults={"purpose": purpose}
        )
        draft = TestSetVersion.with_drafts.create(
            test_set=test_set, number=0, source=source.name, draft_until=drafts.lease_end()
        )
    try:
        content = _Content()
        for batch in chain([first], batches):
            _write(draft, batch, content.count, source)
            content.take(batch, progress)
        draft.digest, draft.item_count = content.digest, content.count
        draft.distinct_inputs = draft.items.order_by().distinct_inputs()
        draft.save(update_fields=["digest", "item_count", "distinct_inputs"])
    except BaseException:
        drafts.drop(draft)
        raise
    return draft


def publish_test_set(version: TestSetVersion) -> TestSetVersion:
    """The draft as the test set's next version, or the one of the same content by now.

    Then the draft is the caller's to drop. A version that is no draft is returned as it is. Raises
    evalhub.registry.drafts.DraftLostError.
    """
    if version.draft_until is None:
        return version
    with transaction.atomic():
        # The lock makes importers of one test set take turns, so that numbers don't collide.
        drafts.renew(version)
        test_set = TestSet.objects.select_for_update().get(pk=version.test_set_id)
        same: TestSetVersion | None = test_set.versions.filter(digest=version.digest).first()
        if same is not None:
            return same
        newest = test_set.versions.aggregate(newest=Max("number", default=0))["newest"]
        version.number, version.draft_until = newest + 1, None
        version.save(update_fields=["number", "draft_until"])
    return version


def check_test_set(slug: str, purpose: str) -> None:
    """Raises DeclarationError for a name or a purpose that a test set can't have."""
    check_name(slug, at="test set")
    if purpose not in TestSetPurpose:
        raise DeclarationError(
            f"{purpose!r} isn't one of {', '.join(TestSetPurpose.values)}", "purpose"
        )


type Batch = list[tuple[int, ItemContent, bytes, bytes]]
"""(line, content, the same as canonical JSON in two parts) of each item."""


@dataclass(frozen=True, slots=True)
class ItemSource:
    """Where items come from, in their order: it can be read again.

    Attributes:
        name: what a version that is made of it says of its source.
        file, id_field: how errors call it, and the field that holds the ids.
        read: each item with the line it stands on.
    """

    name: str
    file: str
    id_field: str
    read: Callable[[], Iterator[tuple[int, ItemContent]]]

    @classmethod
    def of_file(cls, path: Path, mapping: FieldMapping, limits: Limits = COMMAND) -> "ItemSource":
        return cls(path.name, str(path), mapping.id, lambda: read_items(path, mapping, limits))


@dataclass(slots=True)
class _Content:
    """What has been read so far: how many items, and their hash."""

    count: int = 0
    sha256: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def take(self, batch: Batch, progress: Progress | None) -> None:
        self.count += len(batch)
        for _, _, input_bytes, labels in batch:
            self.sha256.update(version_line(input_bytes, labels))
        if progress:
            progress(batch[-1][0])

    @property
    def digest(self) -> str:
        return self.sha256.hexdigest()


def batches_of(source: ItemSource) -> Iterator[Batch]:
    """Items by the batch: bounded by their number and, for long ones, by their bytes."""
    batch: Batch = []
    size = 0
    for line, content in source.read():
        input_bytes, labels = content.input_bytes(), content.labels()
        batch.append((line, content, input_bytes, labels))
        size += len(input_bytes) + len(labels)
        if len(batch) == drafts.ROWS or size >= drafts.BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def content_values(content: ItemContent, input_bytes: bytes) -> tuple[Any, ...]:
    """The values of the columns CONTENT; `input_bytes` is the item's input as canonical JSON."""
    own = content.fingerprint()
    return (
        content.key,
        json.dumps(content.input),
        json.dumps(content.references),
        content.context,
        json.dumps(content.tags),
        content.cluster,
        json.dumps(content.metadata),
        None if content.choices is None else json.dumps(content.choices),
        None if content.tools is None else json.dumps(content.tools),
        None if content.relevant is None else json.dumps(content.relevant),
        content.answerable,
        content.weight,
        hashlib.sha256(input_bytes).hexdigest(),
        own,
        content.fingerprint_in_context() if content.context else own,
    )


def _write(version: TestSetVersion, batch: Batch, start: int, source: ItemSource) -> None:
    rows = [
        (version.pk, position, *content_values(content, input_bytes))
        for position, (_, content, input_bytes, _) in enumerate(batch, start)
    ]
    columns = ("version_id", "position", *CONTENT)
    try:
        with transaction.atomic():
            drafts.renew(version)
            if len(insert(Item, columns, rows, returning=("id",))) < len(rows):
                raise IntegrityError("an item of this version has that id")
    except IntegrityError as error:
        raise second_of_an_id(version.items.all(), batch, source) or error from error


def second_of_an_id(written: "QuerySet[Any]", batch: Batch, source: ItemSource) -> DataError | None:
    """Which id of a refused batch is a second one, where `written` are the items before it. The
    first one's line is found by reading again.

    A set of all ids would tell at once, but not in bounded memory.
    """
    keys = [content.key for _, content, *_ in batch]
    seen = set(written.filter(key__in=keys).values_list("key", flat=True))
    for line, content, *_ in batch:
        if content.key in seen:
            first = next(at for at, one in source.read() if one.key == content.key)
            return DataError(
                f"'{content.key}' is the id on line {first} already; ids are unique",
                file=source.file,
                line=line,
                field=source.id_field,
            )
        seen.add(content.key)
    return None
