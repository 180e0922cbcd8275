"""Lists: one page at a time by cursor, with declared filters and selected fields."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.db.models import Model, QuerySet
from django_filters import rest_framework as filters
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.declare.declaration import Declaration
from evalhub.frames.rest.problems import Problem
from evalhub.frames.rest.requests import number

PAGE, LARGEST_PAGE = 50, 500
NEWEST_FIRST = ("-id",)
"""Ids are given in the order in which rows are made. Not by `created`: SQLite writes milliseconds
and compares them with microseconds as text, so that the row at a page's end would come twice."""
PAGED = ("cursor", "page_size", "fields")
"""What every list takes in its query, beside its own filters."""


class Pages(CursorPagination):
    """A page stays what it is while rows are added."""

    page_size = PAGE
    page_size_query_param = "page_size"
    max_page_size = LARGEST_PAGE

    def __init__(self, ordering: tuple[str, ...]) -> None:
        self.ordering = ordering

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        return tuple(self.ordering)


class NoFilters(filters.FilterSet):
    """Of lists that have none."""


class Since(filters.FilterSet):
    """What lists of what was made at some time have."""

    created_after = filters.IsoDateTimeFilter(field_name="created", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter(field_name="created", lookup_expr="lt")


def list_response[M: Model](
    request: Request,
    rows: "QuerySet[M]",
    shape: Callable[[M], Declaration],
    *,
    filtered: type[filters.FilterSet] = NoFilters,
    ordering: tuple[str, ...] = NEWEST_FIRST,
) -> Response:
    """A page of rows in their shape. Raises Problem for an invalid filter or cursor."""
    chosen = filtered(request.query_params, queryset=rows, request=request)
    if not chosen.is_valid():
        field, messages = next(iter(chosen.errors.items()))
        raise Problem(400, str(messages[0]), field=field)
    _check_size(request)
    pages = Pages(ordering)
    try:
        page_rows = pages.paginate_queryset(chosen.qs, request)
    except NotFound:
        raise Problem(400, "isn't a cursor of this list", field="cursor") from None
    body = {
        "next": pages.get_next_link(),
        "previous": pages.get_previous_link(),
        "results": [shape(row).as_json() for row in page_rows or []],
    }
    return Response(body | {"results": [_choose_fields(request, each) for each in body["results"]]})


def response_of(
    request: Request, shape: Declaration, code: int = HTTPStatus.OK, **headers: str
) -> Response:
    """One thing in its shape."""
    header_fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(_choose_fields(request, shape.as_json()), code, headers=header_fields)


def whole_response(shape: Declaration, code: int, **headers: str) -> Response:
    """One thing in its shape, with all fields, whatever the query selects."""
    header_fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(shape.as_json(), code, headers=header_fields)


def _choose_fields(request: Request, row: dict[str, Any]) -> dict[str, Any]:
    """The fields that the query selects; all without `fields`."""
    wanted = [name for name in request.query_params.get("fields", "").split(",") if name]
    if unknown := [name for name in wanted if name not in row]:
        raise Problem(400, f"there is no {unknown[0][:80]!r}: {', '.join(row)}", field="fields")
    return {name: row[name] for name in wanted} if wanted else row


def _check_size(request: Request) -> None:
    value = request.query_params.get("page_size", str(PAGE))
    if not number(value, field="page_size", most=LARGEST_PAGE):
        raise Problem(400, "a page holds 1 or more", field="page_size")
