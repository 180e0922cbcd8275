"""OTLP at the site's root: what an exporter sends is taken in, and what it is answered is OTLP."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from evalhub.accounts.models import Role, Scope
from evalhub.features.traffic.models import RefusedRows, Request, Signal
from evalhub.features.traffic.otlp.telemetry import LARGEST
from evalhub.frames.rest.buckets import Buckets
from evalhub.frames.rest.tokens import WINDOW_S, TokenLimit
from evalhub.serving.strangers import AT_ONCE, StrangersInTurn
from tests.api.conftest import Program
from tests.cast import Team
from tests.features.traffic.otlp_bodies import (
    RECORDED,
    SPAN,
    TRACE,
    a_log_body,
    a_record,
    a_span,
    a_trace_body,
    now_ns,
)
from tests.features.traffic.test_otlp import protobuf

Programs = Callable[..., Program]
JSON, PROTOBUF = "application/json", "application/x-protobuf"
EMPTY = b"\x0a\x00"
"""One resource, without any row."""


@pytest.fixture
def exporter(program: Programs) -> Client:
    """With a token that may send traffic, and nothing else."""
    return program("traffic").client


def send(client: Client, body: bytes, at: str = "traces", kind: str = JSON, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(f"/v1/{at}", body, content_type=kind, headers=named)


def a_fresh_span(attributes: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A call that began a minute ago."""
    began = now_ns() - 60 * 10**9
    times = {"startTimeUnixNano": str(began), "endTimeUnixNano": str(began + 10**9)}
    return a_span(attributes, **(times | fields))


def test_a_span_becomes_a_request(team: Team, exporter: Client) -> None:
    answer = send(exporter, a_trace_body(a_fresh_span({"gen_ai.usage.input_tokens": 12})))
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["Content-Type"] == JSON
    request = Request.objects.get()
    assert (request.project, request.key) == (team.project, f"{TRACE}-{SPAN}")
    assert (request.model_name, request.prompt_tokens) == ("support-v7", 12)
    assert (request.source, request.latency_ms) == ("otlp", 1000)


def test_protobuf_and_gzip_are_taken_too(exporter: Client) -> None:
    body = protobuf(ExportTraceServiceRequest, a_trace_body(a_fresh_span()))
    answer = send(exporter, gzip.compress(body), kind=PROTOBUF, Content_Encoding="gzip")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == PROTOBUF
    assert Request.objects.get().key == f"{TRACE}-{SPAN}"


def test_the_same_batch_again_changes_nothing(exporter: Client) -> None:
    body = a_trace_body(a_fresh_span())
    assert [send(exporter, body).status_code for _ in range(2)] == [200, 200]
    assert Request.objects.count() == 1


def test_an_evaluation_becomes_a_signal_of_its_request(exporter: Client) -> None:
    send(exporter, a_trace_body(a_fresh_span()))
    record = a_record({"gen_ai.evaluation.score.value": 0.5}, timeUnixNano=str(now_ns()))
    other = a_record({}, eventName="session.start", timeUnixNano=str(now_ns()))
    answer = send(exporter, a_log_body(record, other), at="logs")
    assert (answer.status_code, answer.json()) == (200, {})
    signal = Signal.objects.get()
    assert (signal.name, signal.value, signal.by) == ("helpful", 0.5, "model")
    assert signal.request_key == f"{TRACE}-{SPAN}"


def test_a_call_that_cannot_be_taken_is_named_and_the_others_are_taken(exporter: Client) -> None:
    wrong = a_fresh_span({"gen_ai.usage.input_tokens": -1}, spanId="ab" * 8)
    body = a_trace_body(a_fresh_span(), wrong)
    answer = send(exporter, body)
    assert answer.status_code == 200
    partial = answer.json()["partialSuccess"]
    assert partial["rejectedSpans"] == "1"
    assert partial["errorMessage"].startswith("span 2: field 'prompt_tokens'")
    encoded = send(exporter, protobuf(ExportTraceServiceRequest, body), kind=PROTOBUF)
    message = ExportTraceServiceResponse.FromString(encoded.content).partial_success
    assert (message.rejected_spans, message.error_message) == (1, partial["errorMessage"])
    assert Request.objects.count() == 1
    assert RefusedRows.objects.get(reason="a number is negative").rows == 2


def test_of_logs_too(exporter: Client) -> None:
    wrong = a_record({"gen_ai.evaluation.name": ""}, timeUnixNano=str(now_ns()))
    answer = send(exporter, a_log_body(wrong), at="logs")
    assert answer.json()["partialSuccess"]["rejectedLogRecords"] == "1"
    empty = send(exporter, EMPTY, at="logs", kind=PROTOBUF)
    assert ExportLogsServiceResponse.FromString(empty.content) == ExportLogsServiceResponse()


def test_spans_that_are_no_model_call_are_counted_and_not_rejected(exporter: Client) -> None:
    other = a_fresh_span() | {"attributes": []}
    body = a_trace_body(a_fresh_span(), other, other)
    assert [send(exporter, body).json() for _ in range(2)] == [{}, {}]
    counted = RefusedRows.objects.get()
    assert (counted.reason, counted.rows) == ("a span that is no model call", 4)


def recorded_now() -> list[dict[str, Any]]:
    """What LiteLLM sent, as if it were now."""
    document = json.loads((RECORDED / "spans.json").read_text())
    spans = [
        span for scope in document["resourceSpans"][0]["scopeSpans"] for span in scope["spans"]
    ]
    later = now_ns() - max(int(span["endTimeUnixNano"]) for span in spans) - 10**9
    times = ("startTimeUnixNano", "endTimeUnixNano")
    return [span | {name: str(int(span[name]) + later) for name in times} for span in spans]


def test_litellms_batches_may_part_a_call_from_its_inner_span(exporter: Client) -> None:
    spans = recorded_now()
    at = next(n for n, span in enumerate(spans) if span["name"] == "litellm_request") + 1
    assert send(exporter, a_trace_body(*spans[:at])).json() == {}
    assert send(exporter, a_trace_body(*spans[at:])).json() == {}
    served = Request.objects.order_by("time").values_list("model_name", "mirror_of")
    trace = spans[0]["traceId"]
    assert [*served] == [
        ("openai/support-v7", ""),
        ("openai/support-v8", trace),
        ("openai/broken-v1", ""),
        ("openai/support-v8", ""),
    ]


@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_a_body_that_is_no_otlp_is_refused_with_a_status(exporter: Client, kind: str) -> None:
    answer = send(exporter, b"[5]", kind=kind)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == kind
    if kind == JSON:
        assert answer.json()["message"].startswith("the body isn't OTLP")
    else:
        status = Status.FromString(answer.content)
        assert status.message.startswith("the body isn't an ExportTraceServiceRequest")


@pytest.mark.parametrize(
    ("body", "headers", "code", "message"),
    [
        (b"{", {}, 400, "the body isn't JSON"),
        (b"{}", {"Content_Encoding": "gzip"}, 400, "damaged gzip data"),
        (b"{}", {"Content_Encoding": "br"}, 415, "Content-Encoding is identity or gzip"),
        (
            gzip.compress(bytes(LARGEST + 1), mtime=0),
            {"Content_Encoding": "gzip"},
            413,
            "holds more than",
        ),
        (b" " * (LARGEST + 1), {}, 413, "holds more than"),
        (a_trace_body(a_span(), a_span(traceId="x")), {}, 400, "span 2: traceId is"),
        (a_log_body(), {}, 400, "POST it to /v1/logs"),
    ],
)
def test_nothing_of_a_bad_body_is_stored(
    exporter: Client, body: bytes, headers: dict[str, str], code: int, message: str
) -> None:
    answer = send(exporter, body, **headers)
    assert (answer.status_code, message in answer.json()["message"]) == (code, True), answer.content
    assert not Request.objects.exists()
    assert not RefusedRows.objects.exists()


@pytest.mark.parametrize(
    "kind", ["application/grpc", "text/plain", "multipart/form-data; boundary=x"]
)
def test_another_content_type_is_refused(exporter: Client, kind: str) -> None:
    answer = send(exporter, a_trace_body(a_span()), kind=kind)
    assert answer.status_code == 415
    assert "application/x-protobuf; gRPC isn't served" in answer.json()["message"]


def test_a_content_type_may_name_its_characters_and_any_answer_be_accepted(
    exporter: Client,
) -> None:
    kind = "application/json; charset=utf-8"
    assert send(exporter, a_trace_body(), kind=kind, Accept="application/x-protobuf").json() == {}


@pytest.mark.parametrize("at", ["traces", "logs"])
def test_only_a_token_for_traffic_sends(
    team: Team, client: Client, program: Programs, at: str
) -> None:
    refused = send(client, b"{}", at=at)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (
        401,
        'Bearer realm="Evalhub"',
    )
    assert "Authorization: Bearer evh_" in refused.json()["message"]
    others = program(*[scope for scope in Scope if scope not in (Scope.TRAFFIC, Scope.ADMIN)])
    refused = send(others.client, b"{}", at=at)
    assert refused.status_code == 403
    assert "The token needs the scope traffic" in refused.json()["message"]
    assert send(team.signed_in(team.olga), b"{}", at=at).status_code == 401
    assert program("read").client.get(f"/v1/{at}").status_code == 405


def test_a_token_ends_with_its_persons_role(team: Team, exporter: Client) -> None:
    team.project.memberships.filter(user=team.eva).update(role=Role.REVIEWER)
    refused = send(exporter, a_trace_body(a_fresh_span()))
    assert refused.status_code == 403
    assert "doesn't evaluate in this token's project" in refused.json()["message"]
    assert not Request.objects.exists()


def test_too_many_requests_are_told_when_to_come_again(
    exporter: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TokenLimit, "buckets", Buckets(1, WINDOW_S))
    send(exporter, b"{}")
    refused = send(exporter, EMPTY, kind=PROTOBUF)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    assert Status.FromString(refused.content).message


@pytest.mark.parametrize("address", ["/v1/traces", "/v1/logs"])
def test_exporters_do_not_take_turns_with_people_who_sign_in(address: str) -> None:
    inside = 0

    def again(request: HttpRequest) -> HttpResponse:
        nonlocal inside
        inside += 1
        return HttpResponse() if inside > AT_ONCE + 1 else crowded(request)

    crowded = StrangersInTurn(again)
    assert crowded(RequestFactory().post(address)).status_code == 200


def test_what_protobufs_own_reader_makes_of_hexadecimal_ids_is_refused(exporter: Client) -> None:
    theirs = Parse(a_trace_body(a_fresh_span()), ExportTraceServiceRequest())
    refused = send(exporter, theirs.SerializeToString(), kind=PROTOBUF)
    assert refused.status_code == 400
    assert "trace_id has 24 bytes, and not 16" in Status.FromString(refused.content).message


def test_metrics_are_not_served(exporter: Client) -> None:
    assert send(exporter, EMPTY, at="metrics", kind=PROTOBUF).status_code == 404
