"""OTLP is read the same from JSON and protobuf, and what isn't OTLP is refused by name."""

import gzip
import json
from typing import Any

import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from evalhub.features.traffic.otlp import json_bodies, protobuf_bodies
from evalhub.features.traffic.otlp.telemetry import (
    DEEPEST,
    LARGEST,
    MOST_PARTS,
    WIDEST,
    OtlpError,
    OtlpTooLargeError,
    unpacked,
)
from tests.features.traffic.otlp_bodies import (
    RECORDED,
    SPAN,
    STARTED,
    TRACE,
    a_log_body,
    a_record,
    a_span,
    a_trace_body,
    an_event,
    any_value,
)

LISTS = {"gen_ai.response.finish_reasons": ["stop"], "gen_ai.usage.input_tokens": 12}


def protobuf(kind: type[Any], body: bytes) -> bytes:
    """The same in protobuf: ids as the bytes that they are."""
    document = json.loads(body)
    message = Parse(json.dumps(_without_ids(document)), kind())
    rows = [*_rows(message)]
    for row, (trace_id, span_id, parent) in zip(rows, _ids(document), strict=True):
        row.trace_id, row.span_id = bytes.fromhex(trace_id), bytes.fromhex(span_id)
        if parent:
            row.parent_span_id = bytes.fromhex(parent)
    return bytes(message.SerializeToString())


def _rows(message: Any) -> Any:
    if isinstance(message, ExportTraceServiceRequest):
        return [r for a in message.resource_spans for b in a.scope_spans for r in b.spans]
    return [r for a in message.resource_logs for b in a.scope_logs for r in b.log_records]


def _ids(value: Any) -> list[tuple[str, str, str]]:
    if isinstance(value, dict) and "traceId" in value:
        return [(value["traceId"], value["spanId"], value.get("parentSpanId", ""))]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [ids for each in inner for ids in _ids(each)]


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        ids = {"traceId", "spanId", "parentSpanId"}
        return {name: _without_ids(each) for name, each in value.items() if name not in ids}
    return [_without_ids(each) for each in value] if isinstance(value, list) else value


def test_a_span_is_read_with_its_ids_times_and_attributes() -> None:
    [span] = json_bodies.read_spans(a_trace_body(a_span(LISTS, parentSpanId="ab" * 8)))
    assert (span.trace_id, span.span_id, span.parent_id) == (TRACE, SPAN, "ab" * 8)
    assert (span.start_ns, span.end_ns) == (STARTED, STARTED + 10**9)
    assert (span.name, span.service, span.failed) == ("chat support-v7", "shop", False)
    assert span.attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert span.attributes["gen_ai.usage.input_tokens"] == 12


def test_ids_are_hexadecimal_and_not_base64_as_protobufs_own_reader_has_it() -> None:
    body = a_trace_body(a_span())
    [theirs] = _rows(Parse(body, ExportTraceServiceRequest()))
    assert len(theirs.trace_id) == 24  # of other bytes, and without an error
    [ours] = json_bodies.read_spans(body)
    assert ours.trace_id == TRACE
    assert json_bodies.read_spans(a_trace_body(a_span(traceId=TRACE.upper())))[0].trace_id == TRACE


@pytest.mark.parametrize("name", ["of LiteLLM", "with everything"])
def test_json_and_protobuf_say_the_same(name: str) -> None:
    body = (RECORDED / "spans.json").read_bytes()
    if name != "of LiteLLM":
        event = an_event("exception", {"exception.type": "Timeout"})
        ignored = an_event("retry", {"error.type": "x"})
        attributes = LISTS | {"gen_ai.system_instructions": [{"type": "text", "content": "Hi"}]}
        rows = [a_span(attributes, status={"code": 2}, events=[event, ignored])]
        body = a_trace_body(*rows, a_span({"gen_ai.response.time_to_first_chunk": 0.25}))
    spans = json_bodies.read_spans(body)
    assert len(spans) > 1
    assert protobuf_bodies.read_spans(protobuf(ExportTraceServiceRequest, body)) == spans


def test_a_log_record_is_read_alike() -> None:
    named = a_record({"event.name": "gen_ai.evaluation.result"}, eventName="")
    body = a_log_body(a_record({"gen_ai.evaluation.score.value": 0.5}), named)
    records = json_bodies.read_records(body)
    assert [record.name for record in records] == ["gen_ai.evaluation.result"] * 2
    assert records[0].span_id == SPAN
    assert protobuf_bodies.read_records(protobuf(ExportLogsServiceRequest, body)) == records


def test_an_attribute_that_is_not_listed_is_dropped() -> None:
    secret = {"metadata.requester_ip_address": "192.0.2.7", "http.request.header.cookie": ["s"]}
    [span] = json_bodies.read_spans(a_trace_body(a_span(secret)))
    assert "192.0.2.7" not in str(span)
    assert span.attributes.keys() == {"gen_ai.operation.name", "gen_ai.request.model"}


def test_ids_that_are_zeros_stand_for_none_where_there_may_be_none() -> None:
    body = a_trace_body(a_span(parentSpanId="0" * 16))
    log = a_log_body(a_record({}, traceId="0" * 32, spanId="0" * 16))
    for reader in (json_bodies, protobuf_bodies):
        in_json = reader is json_bodies
        spans = body if in_json else protobuf(ExportTraceServiceRequest, body)
        logs = log if in_json else protobuf(ExportLogsServiceRequest, log)
        [span], [record] = reader.read_spans(spans), reader.read_records(logs)
        assert (span.parent_id, record.trace_id, record.span_id) == ("", "", "")


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"stringValue": "x"}
    for _ in range(depth):
        value = {"arrayValue": {"values": [value]}}
    return value


def with_attributes(*attributes: Any) -> bytes:
    """Of two spans the second has these."""
    return a_trace_body(a_span(), a_span() | {"attributes": attributes})


def with_value(name: str, value: Any) -> bytes:
    return with_attributes({"key": name, "value": value})


SPANS = "an ExportTraceServiceRequest"
WIDE = [{"key": "k", "value": {"stringValue": ""}}] * 100_000


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body isn't JSON"),
        (b"\xff\xfe", "the body isn't JSON"),
        (b"[]", "a JSON object with resourceSpans was expected"),
        (b'{"spans": []}', "it has no resourceSpans, but 'spans'"),
        (b'{"resource_spans": []}', "it has no resourceSpans, but 'resource_spans'"),
        (b'{"resourceLogs": []}', "it has resourceLogs: POST it to /v1/logs"),
        (b'{"resourceSpans": 5}', "resourceSpans is a list of objects"),
        (b'{"resourceSpans": [5]}', "resourceSpans is a list of objects"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [5]}]}]}', "span 1 isn't OTLP"),
        (b'{"resourceSpans": [{"scopeSpans": "a"}]}', "span 1 isn't OTLP"),
        (b"[" * 100_000, "the body is nested too deeply"),
        (a_trace_body(a_span(), a_span(traceId="a")), "span 2: traceId is 32 hexadecimal digits"),
        (a_trace_body(a_span(spanId=None)), "span 1: spanId is 16 hexadecimal digits"),
        (a_trace_body(a_span(traceId="W47/95gDgQPSabYzgT/GDA==")), "traceId is 32 hexadecimal"),
        (a_trace_body(a_span(traceId="0" * 32)), "span 1: traceId is all zeros"),
        (a_trace_body(a_span(spanId="0" * 16)), "span 1: spanId is all zeros"),
        (a_trace_body(a_span(startTimeUnixNano="1" * 5000)), "span 1 isn't OTLP"),
        (a_trace_body(a_span(startTimeUnixNano="1" * 40)), "a time is a 64-bit number"),
        (a_trace_body(a_span(startTimeUnixNano=-1)), "a time is a 64-bit number"),
        (a_trace_body(a_span(name=5)), "span 1: name is a text"),
        (with_attributes(*WIDE), f"and at most {WIDEST:,} are taken"),
        (with_attributes({"key": []}), "span 2 isn't OTLP"),
        (with_value("gen_ai.input.messages", nested(1000)), f"more than {DEEPEST} deep"),
        (with_value("nobody.reads.it", nested(1000)), "span 2: an attribute is nested more than"),
        (with_value("nobody.reads.it", any_value([1] * 100_000)), "attribute holds 100,000 values"),
        (with_value("gen_ai.request.model", {"stringValue": 5}), "span 2: stringValue is 5"),
        (with_value("gen_ai.usage.input_tokens", {"intValue": "many"}), "span 2 isn't OTLP"),
    ],
)  # fmt: skip
def test_a_json_body_that_is_no_otlp_is_refused_by_name(body: bytes, message: str) -> None:
    with pytest.raises(OtlpError) as raised:
        json_bodies.read_spans(body)
    assert message in str(raised.value)


def a_message(*attributes: KeyValue, **fields: Any) -> bytes:
    span = {"trace_id": b"t" * 16, "span_id": b"s" * 8, "attributes": attributes} | fields
    scopes = [ScopeSpans(spans=[Span(**span)])]
    request = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=scopes)])
    return bytes(request.SerializeToString())


def deep_value(depth: int) -> AnyValue:
    value = AnyValue(string_value="x")
    for _ in range(depth):
        outer = AnyValue()
        outer.array_value.values.append(value)
        value = outer
    return value


def framed(body: bytes, levels: int) -> bytes:
    """The body as the first field of a message, again and again."""
    for _ in range(levels):
        size, length = len(body), b""
        while size > 127:
            length, size = length + bytes([size & 127 | 128]), size >> 7
        body = b"\x0a" + length + bytes([size]) + body
    return body


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (a_message()[:-3], f"the body isn't {SPANS}"),
        (b"{}", f"the body isn't {SPANS}"),
        (framed(b"", 1000), f"the body isn't {SPANS}"),
        (a_message(trace_id=b"a"), "trace_id has 1 bytes, and not 16"),
        (a_message(span_id=b""), "span 1: span_id has 0 bytes, and not 8"),
        (a_message(KeyValue(key="k", value=deep_value(DEEPEST + 1))), "is nested more than"),
        (a_message(*[KeyValue(key="k")] * 100_000), f"and at most {WIDEST:,} are taken"),
    ],
)  # fmt: skip
def test_a_protobuf_body_that_is_no_otlp_is_refused_by_name(body: bytes, message: str) -> None:
    with pytest.raises(OtlpError) as raised:
        protobuf_bodies.read_spans(body)
    assert message in str(raised.value)


def test_protobuf_that_is_nested_a_thousand_deep_is_refused() -> None:
    value = b"\x0a\x01x"
    for _ in range(1000):  # an AnyValue's array_value (5) has values (1)
        inner = framed(value, 1)
        value = b"\x2a" + framed(inner, 1)[1:]
    attribute = framed(b"k", 1) + b"\x12" + framed(value, 1)[1:]
    span = b"\x4a" + framed(attribute, 1)[1:]
    body = framed(b"\x12" + framed(b"\x12" + framed(span, 1)[1:], 1)[1:], 1)
    with pytest.raises(OtlpError, match="isn't an ExportTraceServiceRequest"):
        protobuf_bodies.read_spans(body)


EMPTY_SPANS = framed(b"\x12" + framed(b"\x12\x00" * 600_000, 1)[1:], 1)
MANY = b'{"resourceSpans": [{"scopeSpans": [{"spans": [%s{}]}]}]}' % (b"{}," * MOST_PARTS)


@pytest.mark.parametrize(
    ("read", "body"),
    [
        (protobuf_bodies.read_spans, EMPTY_SPANS),
        (protobuf_bodies.read_spans, b"\x0a\x00" * 600_000),
        (protobuf_bodies.read_records, EMPTY_SPANS),
        (json_bodies.read_spans, MANY),
        (json_bodies.read_spans, b'{"resourceSpans": [%s{}]}' % (b"{}," * MOST_PARTS)),
    ],
)
def test_more_spans_than_are_worth_their_memory_are_refused(read: Any, body: bytes) -> None:
    with pytest.raises(OtlpTooLargeError, match=f"more than {MOST_PARTS:,} spans or log records"):
        read(body)


def test_a_large_body_of_protobuf_is_read_to_its_end_or_refused_as_cut() -> None:
    text = AnyValue(string_value="x" * 2**21)
    body = a_message(KeyValue(key="gen_ai.request.model", value=text))
    [span] = protobuf_bodies.read_spans(body)
    assert span.attributes["gen_ai.request.model"] == text.string_value
    for cut in (body[:-1], body + b"\x0a", body + b"\x0f", body + b"\xff" * 12):
        with pytest.raises(OtlpError, match="isn't an ExportTraceServiceRequest"):
            protobuf_bodies.read_spans(cut)


def test_a_gzip_body_is_unpacked_within_bounds() -> None:
    assert unpacked(gzip.compress(b"{}")) == b"{}"
    with pytest.raises(OtlpTooLargeError, match="OTEL_BSP_MAX_EXPORT_BATCH_SIZE"):
        unpacked(gzip.compress(bytes(LARGEST + 1)))
    with pytest.raises(OtlpError, match="damaged gzip"):
        unpacked(gzip.compress(b"{}")[:-4])
    with pytest.raises(OtlpError, match="damaged gzip"):
        unpacked(b"{}")
