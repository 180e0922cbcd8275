"""The items of a working set: rows added, one changed or deleted, many changed at once."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.api.shapes.working_sets import (
    AddedRowsShape,
    ItemsChangedShape,
    ItemsChangeRequest,
    RowsRequest,
    WorkingItemRequest,
    WorkingItemShape,
)
from evalhub.api.views.working_sets import WorkingSetEndpoint
from evalhub.features.working_sets.from_web import (
    add_file_from_web,
    add_rows_from_web,
    item_content,
)
from evalhub.frames.rest.describing import NO_BODY, describes
from evalhub.frames.rest.idempotency import keep_answer, once
from evalhub.frames.rest.lists import PAGED, listed, shown
from evalhub.frames.rest.matching import IF_MATCH, MATCHES, check_match, etag_of
from evalhub.registry.models import WorkingItem
from evalhub.registry.models.working_sets import (
    ItemChange,
    SplitPart,
    WorkingItemFilter,
    WorkingItemQuerySet,
)
from evalhub.registry.uploads import Uploads
from evalhub.registry.working_items import (
    AddedRows,
    change_item,
    delete_item,
    delete_items,
    tag_items,
)


class WorkingItemFilters(filters.FilterSet):
    """As ItemsMeant, in a list's query."""

    id = filters.CharFilter(label="the item's id")
    text = filters.CharFilter(label="stands in the id, the input, a reference or the context")
    tag = filters.CharFilter(label="one of its tags")
    part = filters.ChoiceFilter(choices=[*SplitPart.choices, ("none", "none")])
    change = filters.ChoiceFilter(choices=ItemChange.choices)
    alike = filters.ChoiceFilter(choices=[("1", "1")], label="near-copies alone")

    def filter_queryset(self, queryset: WorkingItemQuerySet) -> WorkingItemQuerySet:
        said = self.form.cleaned_data
        wanted = WorkingItemFilter(
            text=said["text"],
            tag=said["tag"],
            part=said["part"],
            change=said["change"],
            alike=said["alike"] == "1",
            ids=(said["id"],) if said["id"] else (),
        )
        return queryset.matching(wanted)


class WorkingItems(WorkingSetEndpoint):
    scopes = {"POST": Scope.INGEST}
    parameters = (*PAGED, *WorkingItemFilters.base_filters)

    @describes(
        "A working set's items, in their order",
        gives=WorkingItemShape,
        pages=True,
        filtered=WorkingItemFilters,
    )
    def get(self, request: Request, project: str, pk: int) -> Response:
        rows = WorkingItem.objects.filter(working_set=self.working_set()).defer("text")
        return listed(
            request,
            rows,
            lambda item: WorkingItemShape.of(item, self.project.slug),
            filtered=WorkingItemFilters,
            ordering=("position", "id"),
        )

    @describes(
        "Add rows at the end\n\nAll of them, or none where one is wrong, which is named by its "
        "place or its line. A row that asks what an item asks already is left out, and told; one "
        "without an id gets one from what it asks.",
        gives=AddedRowsShape,
        takes=RowsRequest,
        once=True,
    )
    @once(lasts=True)
    def post(self, request: Request, project: str, pk: int) -> Response:
        working_set, asked = self.working_set(), self.body(RowsRequest)
        how: Any = {
            "fields": asked.fields,
            "tag": asked.tag.strip(),
            "by": self.by,
            "on_added": lambda added: keep_answer(request, _added(request, added)),
        }
        if asked.file is None:
            added = add_rows_from_web(working_set, rows=asked.rows or (), **how)
        else:
            files = Uploads(self.project)
            added = add_file_from_web(working_set, file=asked.file, files=files, **how)
        return _added(request, added)


def _added(request: Request, added: AddedRows) -> Response:
    return shown(request, AddedRowsShape.of(added))


class OneWorkingItem(WorkingSetEndpoint):
    scopes = {"PUT": Scope.INGEST, "DELETE": Scope.INGEST}
    parameters = ("fields",)

    def item(self) -> WorkingItem:
        rows = WorkingItem.objects.filter(working_set=self.working_set())
        rows = rows.select_related("working_set__project").defer("text")
        found: WorkingItem = get_object_or_404(rows, pk=self.kwargs["item"])
        return found

    def shape(self, item: WorkingItem) -> WorkingItemShape:
        return WorkingItemShape.of(item, self.project.slug)

    @describes("An item of a working set", gives=WorkingItemShape)
    def get(self, request: Request, project: str, pk: int, item: int) -> Response:
        shape = self.shape(self.item())
        return shown(request, shape, ETag=etag_of(shape))

    @describes(
        "Say what an item says from now on\n\nAll of it: what isn't given is empty then. If-Match "
        "is the item's ETag.",
        gives=WorkingItemShape,
        takes=WorkingItemRequest,
        query=(IF_MATCH,),
        also=(409, *MATCHES, 413, 415),
    )
    def put(self, request: Request, project: str, pk: int, item: int) -> Response:
        found, asked = self.item(), self.body(WorkingItemRequest)
        check_match(request, self.shape(found))
        content = item_content(asked.as_json())
        change_item(found, content, revision=found.revision, by=self.by)
        shape = self.shape(self.item())
        return shown(request, shape, ETag=etag_of(shape))

    @describes(
        "Take an item out",
        gives=None,
        code=204,
        streams=NO_BODY,
        query=(IF_MATCH,),
        also=(409, *MATCHES),
    )
    def delete(self, request: Request, project: str, pk: int, item: int) -> HttpResponse:
        found = self.item()
        check_match(request, self.shape(found))
        delete_item(found, revision=found.revision, by=self.by)
        return HttpResponse(status=204)


class ChangeWorkingItems(WorkingSetEndpoint):
    scopes = {"POST": Scope.INGEST}

    @describes(
        "Tag, untag or delete all items that are meant",
        gives=ItemsChangedShape,
        takes=ItemsChangeRequest,
        once=True,
    )
    @once(rows=WorkingSetEndpoint.item_count)
    def post(self, request: Request, project: str, pk: int) -> Response:
        found, asked = self.working_set(), self.body(ItemsChangeRequest)
        wanted = asked.items.wanted
        if asked.verb == "delete":
            number = delete_items(found, wanted, by=self.by)
        else:
            taken = asked.verb == "untag"
            number = tag_items(found, wanted, tag=asked.tag, by=self.by, take=taken)
        return shown(request, ItemsChangedShape(items=number))
