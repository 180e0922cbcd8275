"""Answers and scores from elsewhere, sent in parts: NDJSON, compressed or not."""

from typing import Any

from django.db.models import QuerySet, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.api.shapes.ingestions import FinishRequest, IngestionOut, IngestionRequest, TakenOut
from evalhub.api.views.runs import find_test_set_version, find_version
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import Since, list_response, response_of
from evalhub.frames.rest.problems import Problem
from evalhub.frames.rest.requests import PACKED, is_gzip, number
from evalhub.io.ndjson import NdjsonBody, read_ndjson
from evalhub.registry.models import Ingestion
from runners.ingestion import PART, OffsetError, append, begin, cancel, finish

MOST_ROWS = 2**31 - 1
OFFSET = OpenApiParameter(
    "Upload-Offset",
    {"type": "integer", "minimum": 0},
    OpenApiParameter.HEADER,
    required=True,
    description="how many rows come before these",
)


class NdjsonParser(BaseParser):
    """A JSON object a line, read from the request's own stream and never beyond its bounds."""

    media_type = "application/x-ndjson"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> NdjsonBody:
        zipped = is_gzip(parser_context["request"])
        return read_ndjson(stream, zipped=zipped, limits=PART)


class IngestionEndpoint(ProjectEndpoint):
    """Below the project's ingestions."""

    def rows(self) -> "QuerySet[Ingestion]":
        return Ingestion.objects.filter(project=self.project).select_related(
            "project", "run__version__model", "run__test_set_version__test_set"
        )

    def row_count(self) -> int:
        """Number of rows sent so far."""
        return self.rows().filter(pk=self.kwargs["pk"]).aggregate(sum=Sum("rows"))["sum"] or 0

    def ingestion(self) -> Ingestion:
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])


class Ingestions(IngestionEndpoint):
    scopes = {"POST": Scope.INGEST}

    @describes("What is or was handed in", gives=IngestionOut, pages=True, filtered=Since)
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), IngestionOut.from_model, filtered=Since)

    @describes(
        "Begin to hand in answers\n\nNobody sees them before it is finished; what gets no part for "
        "a day is taken away.",
        gives=IngestionOut,
        takes=IngestionRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str) -> Response:
        body = self.body(IngestionRequest)
        begun = begin(
            project=self.project,
            by=self.by,
            version=find_version(self.project, body),
            test_set_version=find_test_set_version(self.project, body),
            metrics=body.metrics,
        )
        shape = IngestionOut.from_model(begun)
        return response_of(request, shape, 201, Location=shape.url, Upload_Offset="0")


class OneIngestion(IngestionEndpoint):
    scopes = {"DELETE": Scope.INGEST}

    @describes("How far it is", gives=IngestionOut)
    def get(self, request: Request, project: str, pk: int) -> Response:
        shape = IngestionOut.from_model(self.ingestion())
        return response_of(request, shape, Upload_Offset=str(shape.rows))

    @describes("Take away what was handed in, unless it is finished")
    def delete(self, request: Request, project: str, pk: int) -> HttpResponse:
        cancel(ingestion=self.ingestion(), by=self.by)
        return HttpResponse(status=204)


class RowsOfIngestion(IngestionEndpoint):
    scopes = {"PATCH": Scope.INGEST}
    parser_classes = [NdjsonParser]

    @describes(
        "Hand in a part\n\nAll of its rows or none: a JSON object a line, with `id` and `output`, "
        "and if need be `sample`, `scores`, `error`, `latency_ms`, `prompt_tokens`, "
        "`completion_tokens` and `finish_reason`. 409 says by Upload-Offset where to go on.",
        gives=TakenOut,
        takes={NdjsonParser.media_type: OpenApiTypes.BINARY},
        query=(OFFSET, PACKED),
        also=(409, 413, 415, 503),
    )
    def patch(self, request: Request, project: str, pk: int) -> Response:
        offset = number(
            request.headers.get("Upload-Offset", ""), field="Upload-Offset", most=MOST_ROWS
        )
        rows = Ingestion.objects.filter(project=self.project).for_parts()
        ingestion = get_object_or_404(rows, pk=pk)
        ingestion.project = self.project
        try:
            count = append(ingestion=ingestion, by=self.by, offset=offset, body=_rows(request))
        except OffsetError as error:
            raise _elsewhere(error) from error
        return response_of(request, TakenOut(rows=count), Upload_Offset=str(count))


class FinishIngestion(IngestionEndpoint):
    scopes = {"POST": Scope.INGEST}

    @describes(
        "Say that all was handed in\n\nIt becomes a run, or is the run of the same content, and "
        "is scored.",
        gives=IngestionOut,
        takes=FinishRequest,
        code=202,
        also=(503,),
    )
    @once(lasts=True, rows=IngestionEndpoint.row_count)
    def post(self, request: Request, project: str, pk: int) -> Response:
        ingestion, body = self.ingestion(), self.body(FinishRequest)
        try:
            finish(ingestion=ingestion, by=self.by, rows=body.rows)
        except OffsetError as error:
            raise _elsewhere(error) from error
        shape = IngestionOut.from_model(self.ingestion())
        return response_of(request, shape, 202, Location=shape.run or shape.url)


def _rows(request: Request) -> NdjsonBody:
    if not isinstance(request.data, NdjsonBody):
        raise Problem(400, "The body holds no rows.")
    return request.data


def _elsewhere(error: OffsetError) -> Problem:
    return Problem(409, f"{error}.", headers={"Upload-Offset": str(error.rows)})
