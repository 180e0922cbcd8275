"""What endpoints take and give of working sets and of their items; forms take the same."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field, JsonValue, model_validator

from evalhub.declare.declaration import Declaration, default_of, invalid
from evalhub.declare.study import Name
from evalhub.features.working_sets.items import AddedRows
from evalhub.features.working_sets.models import WorkingItem, WorkingItemFilter, WorkingSet
from evalhub.features.working_sets.sets import difference
from evalhub.frames.rest.registry_shapes import (
    ItemContentOut,
    Purpose,
    TestSetVersionOut,
    TestSetVersionRequest,
    Upload,
)
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.registry.models import TestSetVersion
from evalhub.studies.file.test_sets import ItemFields

MOST_ROWS = 10_000
"""Of one request; a file may hold more."""
MOST_IDS = 1_000


class WorkingSetRequest(Declaration):
    """What a working set begins with: a version's items, or those of an upload."""

    test_set: Name = Field(description="the test set that it becomes a version of")
    version: int | None = Field(
        None, ge=1, le=2_147_483_647, description="whose items it begins with; else the newest"
    )
    file: Upload | None = Field(None, description="in place of a version: an upload of items")
    purpose: Purpose = Field(
        default_of(TestSetVersionRequest, "purpose"),
        description="with a file: of a test set that isn't there yet",
    )
    fields: ItemFields = Field(ItemFields(), description="with a file: what its fields are called")
    source: str = Field(
        "", max_length=255, description="with a file: what people call it; else its digest"
    )

    @model_validator(mode="after")
    def _begins_with_one(self) -> "WorkingSetRequest":
        if self.source and (self.file is None or not self.source.isprintable()):
            raise invalid("is the name of a file that is given, in one line", "source")
        if self.file is not None and self.version is not None:
            raise invalid("is in place of a version: give one of the two", "file")
        return self


class NearCopiesRequest(Declaration):
    """Where near-copies are looked for."""

    where: Literal["inside", "others", "training"] = Field(
        description="among its own items, in the project's other test sets, in an upload"
    )
    file: Upload | None = Field(
        None, description="of training: the data, or what `evalhub fingerprint` made of it"
    )

    @model_validator(mode="after")
    def _has_its_file(self) -> "NearCopiesRequest":
        if (self.where == "training") != (self.file is not None):
            raise invalid("is for training, and needed there", "file")
        return self


class SplitRequest(Declaration):
    """How a working set is split."""

    share: float = Field(ge=0.01, le=0.99, description="of the items, for development")
    seed: int = Field(0, ge=0, le=2_147_483_648)


class WorkingSetOut(ResponseBody):
    """A test set that is being written."""

    id: int
    test_set: str = Field(validation_alias="slug")
    purpose: str
    source: str = Field(description="where its first items came from")
    origin: str | None = Field(description="address of the version that it is seen against")
    items: int = Field(validation_alias="size")
    revision: int = Field(description="counts what was written")
    created: datetime
    changed: datetime
    url: str

    @classmethod
    def from_model(cls, working_set: WorkingSet, /, **computed: Any) -> Self:
        """Of a working set with its count (`with_counts`)."""
        return super().from_model(
            working_set,
            origin=_version_address(working_set, working_set.origin),
            url=address("working_set", working_set.project.slug, working_set.pk),
            **computed,
        )


class SetDifferenceOut(ResponseBody):
    """What publishing would change, in numbers of items."""

    added: int
    changed: int
    removed: int
    newer: str | None = Field(description="address of a version that came after the origin")


class WholeWorkingSetOut(WorkingSetOut):
    """A working set, and what it is beside the version that it was begun from."""

    difference: SetDifferenceOut
    alike: int = Field(description="items that are near-copies, as last looked for")
    parts: dict[str, int] = Field(description="items by part: test, development, or none")

    @classmethod
    def from_model(cls, working_set: WorkingSet, /, **computed: Any) -> Self:
        """Of a working set with its count (`with_counts`). Seven queries."""
        change = difference(working_set)
        newer = _version_address(working_set, change.newer)
        items = working_set.items.all()
        return super().from_model(
            working_set,
            difference=SetDifferenceOut.from_model(change, newer=newer),
            alike=items.matching(WorkingItemFilter(alike=True)).count(),
            parts={part or "none": n for part, n in items.per_part().items()},
            **computed,
        )


class PublishedOut(ResponseBody):
    """The versions that a working set became: one, or one for each part of a split."""

    versions: tuple[TestSetVersionOut, ...]


class RowsRequest(Declaration):
    """Rows that are added at the end: in the request, or in an upload."""

    rows: tuple[dict[str, JsonValue], ...] | None = Field(
        None, min_length=1, max_length=MOST_ROWS, description="each as a line of JSONL would be"
    )
    file: Upload | None = Field(None, description="in place of rows: an upload of them")
    fields: ItemFields = ItemFields()
    tag: str = Field("", max_length=200, description="is given to each that is added")

    @model_validator(mode="after")
    def _comes_one_way(self) -> "RowsRequest":
        if (self.rows is None) == (self.file is None):
            raise invalid("give rows or a file: one of the two", "rows")
        return self


class ItemsMeant(Declaration):
    """Which items are meant: those for which all of it holds; nothing said means all."""

    text: str = Field(
        "", max_length=200, description="stands in the id, the input, a reference or the context"
    )
    tag: str = Field("", max_length=200)
    part: Literal["", "test", "development", "none"] = Field("", description="none: in neither")
    change: Literal["", "added", "changed"] = Field("", description="since the version")
    alike: bool = Field(False, description="only those that were found to be near-copies")
    ids: tuple[str, ...] = Field((), max_length=MOST_IDS)

    @property
    def wanted(self) -> WorkingItemFilter:
        return WorkingItemFilter(**dict(self))


class ItemsChangeRequest(Declaration):
    """One thing done to all items that are meant."""

    verb: Literal["tag", "untag", "delete"]
    tag: str = Field("", max_length=200, description="which one is given or taken")
    items: ItemsMeant = Field(description="{} means all")


class WorkingItemRequest(Declaration):
    """All that an item says from now on, as it is shown."""

    id: str
    input: JsonValue = Field(description="a text, or chat messages")
    references: tuple[JsonValue, ...] = ()
    context: str = ""
    tags: tuple[str, ...] = ()
    cluster: str = ""
    choices: tuple[JsonValue, ...] | None = None
    tools: tuple[JsonValue, ...] | None = None
    relevant: tuple[JsonValue, ...] | None = Field(
        None, description="ids of the passages that hold its answer"
    )
    answerable: bool = Field(True, description="whether the documents hold its answer")
    metadata: dict[str, JsonValue] = {}
    weight: float | None = Field(None, gt=0, description="how much it counts")


class WorkingItemOut(ItemContentOut):
    """An item of a working set."""

    id: str = Field(validation_alias="key")
    part: str = Field(description="test or development, once the set is split")
    change: str = Field(description="added or changed, since the origin")
    alike: str = Field(description="what it is a near-copy of, as last looked for")
    url: str

    @classmethod
    def from_model(cls, item: WorkingItem, /, **computed: Any) -> Self:
        """Of an item with its working set and project."""
        working_set = item.working_set
        url = address("working_item", working_set.project.slug, working_set.pk, item.pk)
        return super().from_model(item, url=url, **computed)


class LeftOutOut(ResponseBody):
    """A row that wasn't added."""

    line: int = Field(description="in the file, or its place in the request from 1")
    why: str


class AddedRowsOut(ResponseBody):
    added: int
    left_out: tuple[LeftOutOut, ...] = Field(
        description="rows that ask what an item asks already, or have another's id"
    )

    @classmethod
    def from_added(cls, added: AddedRows) -> "AddedRowsOut":
        left = tuple(LeftOutOut(line=line, why=why) for line, why in added.left_out)
        return cls(added=added.added, left_out=left)


class ItemsChangedOut(ResponseBody):
    items: int = Field(description="how many were changed or deleted")


def _version_address(working_set: WorkingSet, version: TestSetVersion | None) -> str | None:
    """The address of a version of the set's own test set."""
    if version is None:
        return None
    return address("test_set_version", working_set.project.slug, working_set.slug, version.number)
