"""OTLP/HTTP at the site's root, where exporters look for it: /v1/traces and /v1/logs.

The token says whose project it is. What is answered is OTLP's, errors too; a body that can't be
read is refused whole, while a row that can't be taken is named in a partial success.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request as HttpRequest

from evalhub.accounts.models import ApiToken, Project, Scope
from evalhub.features.traffic.otlp import json_bodies
from evalhub.features.traffic.otlp.genai import Traffic, traffic_of_records, traffic_of_spans
from evalhub.features.traffic.otlp.storing import take_traffic
from evalhub.features.traffic.otlp.telemetry import (
    LARGEST,
    Codec,
    OtlpError,
    OtlpExport,
    OtlpTooLargeError,
    check_size,
    unpacked,
)
from evalhub.features.traffic.taking_in import Flaw
from evalhub.frames.rest.endpoint import ApiEndpoint
from evalhub.frames.rest.problems import Problem

JSON, PROTOBUF = "application/json", "application/x-protobuf"
NAMED_FLAWS = 3


class OtlpJsonBody(BaseParser):
    """The bytes of a body, unpacked within bounds."""

    media_type = JSON

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> bytes:
        coding = parser_context["request"].headers.get("Content-Encoding", "identity").lower()
        if coding not in ("identity", "gzip"):
            raise Problem(415, "Content-Encoding is identity or gzip")
        body: bytes = stream.read(LARGEST + 1)
        try:
            check_size(body)
            return unpacked(body) if coding == "gzip" else body
        except OtlpError as error:
            raise _problem(error) from error


class OtlpProtobufBody(OtlpJsonBody):
    media_type = PROTOBUF


class OtlpEndpoint(ApiEndpoint):
    """An address for exporters. Any Accept is taken: the answer is in the encoding of the body."""

    scopes = {"POST": Scope.TRAFFIC}
    parser_classes = [OtlpJsonBody, OtlpProtobufBody]
    export: OtlpExport

    def initial(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method == "POST" and self._kind() not in (JSON, PROTOBUF):
            raise Problem(415, f"Content-Type is {JSON} or {PROTOBUF}; gRPC isn't served")
        token: ApiToken = request.auth
        project = Project.objects.visible_to(self.by).filter(pk=token.project_id).first()
        if project is None:
            raise Problem(403, f"{self.by} doesn't evaluate in this token's project any more")
        self.project = project

    def perform_content_negotiation(self, request: HttpRequest, force: bool = False) -> Any:
        return JSONRenderer(), JSON

    def handle_exception(self, error: Exception) -> HttpResponse:
        """A problem as a Status, with its own status code and headers, such as Retry-After."""
        problem = super().handle_exception(error)
        answer = self.answer(self.codec().status(problem.data["detail"]), problem.status_code)
        for name in ("Retry-After", "WWW-Authenticate"):
            if name in problem.headers:
                answer.headers[name] = problem.headers[name]
        return answer

    def codec(self) -> Codec:
        """The encoding of the body, and of its answer."""
        if self._kind() != PROTOBUF:
            return json_bodies
        from evalhub.features.traffic.otlp import protobuf_bodies

        return protobuf_bodies

    def read[Row](self, read: Callable[[bytes], list[Row]]) -> list[Row]:
        """The body's rows. Raises Problem for one that isn't OTLP."""
        body = self.request.data
        try:
            return read(body if isinstance(body, bytes) else b"")  # DRF reads no empty body
        except OtlpError as error:
            raise _problem(error) from error

    def take(self, traffic: Traffic) -> HttpResponse:
        """Stores what a body holds, and says what wasn't taken."""
        taken = take_traffic(project=self.project, export=self.export, traffic=traffic)
        rejected = len({flaw.line for flaw in taken.flaws})
        message = _message(self.export, taken.flaws)
        body = self.codec().response(self.export, rejected=rejected, message=message)
        return self.answer(body, 200)

    def answer(self, body: bytes, code: int) -> HttpResponse:
        kind = PROTOBUF if self._kind() == PROTOBUF else JSON
        return HttpResponse(body, status=code, content_type=kind)

    def _kind(self) -> str:
        return str(self.request.content_type or "").partition(";")[0].strip().lower()


@extend_schema(exclude=True)
class Traces(OtlpEndpoint):
    """Spans: model calls among them are requests, evaluations in their events are signals."""

    export = OtlpExport.TRACES

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.take(traffic_of_spans(self.read(self.codec().read_spans)))


@extend_schema(exclude=True)
class Logs(OtlpEndpoint):
    """Log records: evaluations among them are signals, and others have texts of requests."""

    export = OtlpExport.LOGS

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.take(traffic_of_records(self.read(self.codec().read_records)))


def _problem(error: OtlpError) -> Problem:
    return Problem(413 if isinstance(error, OtlpTooLargeError) else 400, str(error))


def _message(export: OtlpExport, flaws: Sequence[Flaw]) -> str:
    """What is wrong with the first rows that weren't taken."""
    sentences = [f"{export.row} {flaw.line}: {flaw}" for flaw in flaws[:NAMED_FLAWS]]
    more = [f"and {len(flaws) - NAMED_FLAWS} more"] if len(flaws) > NAMED_FLAWS else []
    return "; ".join(sentences + more)


urlpatterns = [
    path("traces", Traces.as_view(), name="otlp_traces"),
    path("logs", Logs.as_view(), name="otlp_logs"),
]
