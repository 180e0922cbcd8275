"""Describe an endpoint's method for the OpenAPI document."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import BaseModel, RootModel, create_model

from evalhub.declare.problem_body import MEDIA_TYPE
from evalhub.frames.rest.lists import LARGEST_PAGE, PAGE, NoFilters
from evalhub.frames.rest.shapes import JobOut, ProblemOut, ResponseBody

USUAL = (400, 401, 403, 404, 406, 429)
WORDS = {
    200: "done",
    201: "made",
    202: "taken up: ask at Location",
    204: "done, and there is nothing to say",
    304: "nothing has changed",
    400: "what is wrong with the request, with its field",
    401: "no token, or one that isn't known",
    403: "the token's scope or its person's role isn't enough",
    404: "nothing here that the token may see",
    406: "no such form of answer",
    409: "it doesn't fit what is there",
    412: "it doesn't hold",
    413: "too large",
    415: "another kind of content",
    422: "the content isn't what it says it is, or its Idempotency-Key was another request's",
    428: "If-Match is needed",
    429: "too many requests",
    503: "not now: ask again after Retry-After",
    507: "the site's disk is full",
}
JOB_TAKEN = 202
CURSOR = OpenApiParameter("cursor", str, description="of the page, from `next` or `previous`")
SIZE = OpenApiParameter(
    "page_size", {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE}
)
FIELDS = OpenApiParameter("fields", str, description="the fields that are wanted, by comma")
WAIT = OpenApiParameter(
    "wait",
    {"type": "integer", "minimum": 0, "maximum": 25, "default": 0},
    description="seconds to hold the answer back for news",
)
NO_BODY = {"application/json": None}
"""What a 204 gives, as `streams`."""
KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255},
    OpenApiParameter.HEADER,
    required=True,
    description="any text that is this request's alone; the same again is the same answer",
)


def describes(
    says: str,
    *,
    gives: type[BaseModel] | None,
    takes: Any = None,
    code: int = 200,
    also: Mapping[int, type[BaseModel]] | tuple[int, ...] = (),
    pages: bool = False,
    filtered: type[filters.FilterSet] = NoFilters,
    query: tuple[OpenApiParameter, ...] = (),
    once: bool = False,
    streams: Mapping[str, Any] | None = None,
) -> Callable[..., Any]:
    """Decorator of a method: its description, request and responses.

    Args:
        takes: a declaration, or what a body of another media type is.
        code: of its success.
        also: further codes, with their shapes or as problems.
        pages: whether it is a list of what it gives.
        once: whether it needs an Idempotency-Key.
        streams: what it gives in another media type than JSON.
    """
    kinds = also if isinstance(also, Mapping) else dict.fromkeys(also, ProblemOut)
    codes = dict.fromkeys(USUAL, ProblemOut)
    if once:
        codes |= {409: ProblemOut, 413: ProblemOut, 415: ProblemOut, 422: ProblemOut}
    answers: dict[Any, Any] = {
        (status, MEDIA_TYPE if status >= 400 else "application/json"): OpenApiResponse(
            kind, WORDS[status]
        )
        for status, kind in (codes | dict(kinds)).items()
    }
    shape = page_of(gives) if pages and gives is not None else gives
    for kind, content in (streams or {"application/json": shape}).items():
        answers[code, kind] = OpenApiResponse(content, WORDS[code])
    paged = (CURSOR, SIZE) if pages else ()
    fields = (FIELDS,) if gives is not None and code == 200 and not once else ()
    summary, _, rest = says.partition("\n")

    def decorate(method: Any) -> Any:
        method.summary = summary
        if getattr(method, "may_be_job", False):
            job = _or_job(shape) if code == JOB_TAKEN and shape is not None else JobOut
            answers[JOB_TAKEN, "application/json"] = OpenApiResponse(job, WORDS[JOB_TAKEN])
        return extend_schema(
            summary=summary,
            description=rest.strip() or summary,
            request=takes,
            responses=answers,
            parameters=[*_filters(filtered), *paged, *fields, *query, *((KEY,) if once else ())],
        )(method)

    return decorate


@cache
def page_of(shape: type[BaseModel]) -> type[ResponseBody]:
    """The shape of a page of these."""
    name = f"{shape.__name__.removesuffix('Out')}PageOut"
    return create_model(
        name,
        __base__=ResponseBody,
        next=(str | None, ...),
        previous=(str | None, ...),
        results=(tuple[shape, ...], ...),  # type: ignore[valid-type]
    )


@cache
def _or_job(shape: type[BaseModel]) -> type[BaseModel]:
    """The shape of an answer that comes at once or as a job."""
    either: Any = RootModel[shape | JobOut]  # type: ignore[valid-type]
    name = f"{shape.__name__.removesuffix('Out')}OrJobOut"
    model: type[BaseModel] = create_model(name, __base__=either)
    return model


def _filters(filtered: type[filters.FilterSet]) -> list[OpenApiParameter]:
    parameters = []
    for name, filter_field in filtered.base_filters.items():
        kind: Any = OpenApiTypes.STR
        if isinstance(filter_field, filters.IsoDateTimeFilter):
            kind = OpenApiTypes.DATETIME
        elif isinstance(filter_field, filters.NumberFilter):
            kind = OpenApiTypes.INT
        choices = filter_field.extra.get("choices")
        values = [value for value, _ in choices] if choices else None
        parameters.append(
            OpenApiParameter(name, kind, enum=values, description=str(filter_field.label or ""))
        )
    return parameters
