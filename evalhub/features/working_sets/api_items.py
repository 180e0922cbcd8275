"""The items of a working set: rows added, one changed or deleted, many changed at once."""

from typing import Any, Literal, Self

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from pydantic import Field, JsonValue, model_validator
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.declare.declaration import Declaration, invalid
from evalhub.features.working_sets.api import WorkingSetEndpoint
from evalhub.features.working_sets.from_web import (
    add_file_from_web,
    add_rows_from_web,
    item_content,
)
from evalhub.features.working_sets.items import (
    AddedRows,
    change_item,
    delete_item,
    delete_items,
    tag_items,
)
from evalhub.features.working_sets.models import (
    ItemChange,
    SplitPart,
    WorkingItem,
    WorkingItemFilter,
    WorkingItemQuerySet,
)
from evalhub.frames.rest.describing import NO_BODY, describes
from evalhub.frames.rest.endpoint import project_path
from evalhub.frames.rest.idempotency import keep_answer, once
from evalhub.frames.rest.lists import PAGED, list_response, response_of
from evalhub.frames.rest.registry_shapes import Upload
from evalhub.frames.rest.requests import IF_MATCH, MATCHES, check_match, etag_of
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.registry.uploads import Uploads
from evalhub.studies.file.test_sets import ItemFields

MOST_ROWS = 10_000
"""Of one request; a file may hold more."""
MOST_IDS = 1_000


class RowsRequest(Declaration):
    """Rows that are added at the end: in the request, or in an upload."""

    rows: tuple[dict[str, JsonValue], ...] | None = Field(
        None,
        min_length=1,
        max_length=MOST_ROWS,
        description="each as a line of JSONL would be",
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
    metadata: dict[str, JsonValue] = {}


class WorkingItemOut(ResponseBody):
    """An item of a working set."""

    id: str = Field(validation_alias="key")
    position: int
    input: JsonValue
    references: tuple[JsonValue, ...]
    context: str
    tags: tuple[str, ...]
    cluster: str
    choices: tuple[str, ...] | None
    tools: tuple[dict[str, JsonValue], ...] | None
    metadata: dict[str, JsonValue]
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


class WorkingItemFilters(filters.FilterSet):
    """As ItemsMeant, in a list's query."""

    id = filters.CharFilter(label="the item's id")
    text = filters.CharFilter(label="stands in the id, the input, a reference or the context")
    tag = filters.CharFilter(label="one of its tags")
    part = filters.ChoiceFilter(choices=[*SplitPart.choices, ("none", "none")])
    change = filters.ChoiceFilter(choices=ItemChange.choices)
    alike = filters.ChoiceFilter(choices=[("1", "1")], label="near-copies alone")

    def filter_queryset(self, queryset: WorkingItemQuerySet) -> WorkingItemQuerySet:
        query = self.form.cleaned_data
        wanted = WorkingItemFilter(
            text=query["text"],
            tag=query["tag"],
            part=query["part"],
            change=query["change"],
            alike=query["alike"] == "1",
            ids=(query["id"],) if query["id"] else (),
        )
        return queryset.matching(wanted)


class WorkingItemEndpoint(WorkingSetEndpoint):
    """Below the items of a working set."""

    def item_rows(self) -> WorkingItemQuerySet:
        rows: WorkingItemQuerySet = WorkingItem.objects.filter(working_set=self.working_set())
        return rows.select_related("working_set__project").defer("text")


class WorkingItems(WorkingItemEndpoint):
    scopes = {"POST": Scope.INGEST}
    parameters = (*PAGED, *WorkingItemFilters.base_filters)

    @describes(
        "A working set's items, in their order",
        gives=WorkingItemOut,
        pages=True,
        filtered=WorkingItemFilters,
    )
    def get(self, request: Request, project: str, pk: int) -> Response:
        return list_response(
            request,
            self.item_rows(),
            WorkingItemOut.from_model,
            filtered=WorkingItemFilters,
            ordering=("position", "id"),
        )

    @describes(
        "Add rows at the end\n\nAll of them, or none where one is wrong, which is named by its "
        "place or its line. A row that asks what an item asks already is left out, and told; one "
        "without an id gets one from what it asks.",
        gives=AddedRowsOut,
        takes=RowsRequest,
        once=True,
    )
    @once(lasts=True)
    def post(self, request: Request, project: str, pk: int) -> Response:
        working_set, body = self.working_set(), self.body(RowsRequest)
        options: Any = {
            "fields": body.fields,
            "tag": body.tag.strip(),
            "by": self.by,
            "on_added": lambda added: keep_answer(request, _rows_response(request, added)),
        }
        if body.file is None:
            added = add_rows_from_web(working_set, rows=body.rows or (), **options)
        else:
            files = Uploads(self.project)
            added = add_file_from_web(working_set, file=body.file, files=files, **options)
        return _rows_response(request, added)


def _rows_response(request: Request, added: AddedRows) -> Response:
    return response_of(request, AddedRowsOut.from_added(added))


class OneWorkingItem(WorkingItemEndpoint):
    scopes = {"PUT": Scope.INGEST, "DELETE": Scope.INGEST}
    parameters = ("fields",)

    def item(self) -> WorkingItem:
        item: WorkingItem = get_object_or_404(self.item_rows(), pk=self.kwargs["item"])
        return item

    @describes("An item of a working set", gives=WorkingItemOut)
    def get(self, request: Request, project: str, pk: int, item: int) -> Response:
        shape = WorkingItemOut.from_model(self.item())
        return response_of(request, shape, ETag=etag_of(shape))

    @describes(
        "Say what an item says from now on\n\nAll of it: what isn't given is empty then. If-Match "
        "is the item's ETag.",
        gives=WorkingItemOut,
        takes=WorkingItemRequest,
        query=(IF_MATCH,),
        also=(409, *MATCHES, 413, 415),
    )
    def put(self, request: Request, project: str, pk: int, item: int) -> Response:
        row, body = self.item(), self.body(WorkingItemRequest)
        check_match(request, WorkingItemOut.from_model(row))
        content = item_content(body.as_json())
        change_item(row, content, revision=row.revision, by=self.by)
        shape = WorkingItemOut.from_model(self.item())
        return response_of(request, shape, ETag=etag_of(shape))

    @describes(
        "Take an item out",
        gives=None,
        code=204,
        streams=NO_BODY,
        query=(IF_MATCH,),
        also=(409, *MATCHES),
    )
    def delete(self, request: Request, project: str, pk: int, item: int) -> HttpResponse:
        row = self.item()
        check_match(request, WorkingItemOut.from_model(row))
        delete_item(row, revision=row.revision, by=self.by)
        return HttpResponse(status=204)


class ChangeWorkingItems(WorkingSetEndpoint):
    scopes = {"POST": Scope.INGEST}

    @describes(
        "Tag, untag or delete all items that are meant",
        gives=ItemsChangedOut,
        takes=ItemsChangeRequest,
        once=True,
    )
    @once(rows=WorkingSetEndpoint.item_count)
    def post(self, request: Request, project: str, pk: int) -> Response:
        working_set, body = self.working_set(), self.body(ItemsChangeRequest)
        wanted = body.items.wanted
        if body.verb == "delete":
            number = delete_items(working_set, wanted, by=self.by)
        else:
            untag = body.verb == "untag"
            number = tag_items(working_set, wanted, tag=body.tag, by=self.by, take=untag)
        return response_of(request, ItemsChangedOut(items=number))


urlpatterns = [
    project_path("working-sets/<int:pk>/items", WorkingItems, "working_items"),
    project_path("working-sets/<int:pk>/items/<int:item>", OneWorkingItem, "working_item"),
    project_path("working-sets/<int:pk>/changes", ChangeWorkingItems, "change_working_items"),
]
