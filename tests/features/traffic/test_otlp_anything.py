"""Whatever comes as OTLP is read or refused by name, and every row of it is taken or a flaw."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from evalhub.features.traffic.files.litellm import read_litellm
from evalhub.features.traffic.flaws import Flaw
from evalhub.features.traffic.otlp import genai_names, json_bodies, protobuf_bodies
from evalhub.features.traffic.otlp.genai import Traffic, traffic_of_records, traffic_of_spans
from evalhub.features.traffic.otlp.telemetry import OtlpError
from evalhub.features.traffic.rows import RequestRow
from tests.features.traffic.otlp_bodies import (
    RECORDED,
    SPAN,
    TRACE,
    a_log_body,
    a_record,
    a_span,
    a_trace_body,
)
from tests.features.traffic.test_otlp import protobuf

NUMBERED = [f"{start}0.role" for pair in genai_names.NUMBERED for start in pair[:2]]
RAW = [f"llm.openai.{field}" for field in sorted(genai_names.RAW_FIELDS)]
NAMES = [*sorted(genai_names.NAMES), *NUMBERED, *RAW, "metadata.x"]
TEXTS = st.sampled_from(
    ["", "chat", "LLM", "a\x00b", "\ud800", "[5]", '[{"role": 5}]', '[{"parts": 5}]', "[[]]",
     '{"messages": {}}', '{"choices": 5}', "{'a': [}", "1" * 5000, "- " * 9000 + "1", "x" * 300]
)  # fmt: skip
NUMBERS = st.one_of(st.integers(-(2**70), 2**70), st.floats(), st.sampled_from(["1e5", "9" * 20]))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    st.one_of(
        *[st.fixed_dictionaries({f"{kind}Value": SCALARS}) for kind in ("string", "int", "double")],
        SCALARS,
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"arrayValue": st.fixed_dictionaries({"values": st.lists(inner)})}),
        st.fixed_dictionaries(
            {"kvlistValue": st.fixed_dictionaries({"values": st.lists(st.fixed_dictionaries(
                {"key": st.sampled_from(
                    ["role", "parts", "type", "content", "message", "tool_calls", "function"]
                ), "value": inner}
            ))})}
        ),
    ),
    max_leaves=6,
)  # fmt: skip
ATTRIBUTES = st.lists(
    st.fixed_dictionaries({"key": st.sampled_from(NAMES), "value": VALUES}), max_size=8
)
EVENT_NAMES = ["exception", "feature_flag", genai_names.EVALUATION]
EVENT_NAMES += sorted(genai_names.TEXT_EVENTS)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(EVENT_NAMES),
            "timeUnixNano": SCALARS,
            "attributes": ATTRIBUTES,
        }
    ),
    max_size=2,
)
FIELDS = st.fixed_dictionaries(
    {"attributes": ATTRIBUTES},
    optional={
        "startTimeUnixNano": SCALARS,
        "endTimeUnixNano": SCALARS,
        "name": st.sampled_from(["chat", genai_names.RAW, 5]),
        "parentSpanId": st.sampled_from([SPAN, "", 5]),
        "status": st.sampled_from([{"code": 2}, {}, None, 5]),
        "events": EVENTS,
    },
)


def rows_of[Row](
    read: Callable[[bytes], Sequence[Row]], made: Callable[[Sequence[Row]], Traffic], body: bytes
) -> None:
    """Reads a body; where it can be read, each of its rows is accounted for."""
    try:
        rows = read(body)
    except OtlpError:
        return
    traffic = made(rows)
    taken = len(traffic.requests) + len(traffic.signals) + len(traffic.texts)
    assert taken + len(traffic.flaws) + traffic.others >= len(rows)
    for row in traffic.requests:
        assert "\x00" not in str(row)


@given(st.lists(FIELDS, min_size=1, max_size=3))
def test_spans_with_any_values_are_taken_or_named(spans: list[dict[str, Any]]) -> None:
    rows = [a_span() | fields | {"traceId": TRACE} for fields in spans]
    rows_of(json_bodies.read_spans, traffic_of_spans, a_trace_body(*rows))


@given(ATTRIBUTES, SCALARS, st.sampled_from(EVENT_NAMES), VALUES)
def test_records_with_any_values_are_taken_or_named(
    attributes: Any, time: Any, name: str, body: Any
) -> None:
    row = a_record({}, timeUnixNano=time, eventName=name, body=body) | {"attributes": attributes}
    rows_of(json_bodies.read_records, traffic_of_records, a_log_body(row))


ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["resourceSpans", "scopeSpans", "spans", "attributes", "key", "value",
                             "resource", "traceId", "events", "status", "kvlistValue"]),
            inner, max_size=3,
        ),
    ),
    max_leaves=12,
)  # fmt: skip


@given(ANYTHING, ANYTHING)
def test_any_json_is_read_or_refused(whole: Any, part: Any) -> None:
    for document in (whole, {"resourceSpans": part}, {"resourceSpans": [{"scopeSpans": part}]}):
        rows_of(json_bodies.read_spans, traffic_of_spans, json.dumps(document).encode())


PACKED = protobuf(ExportTraceServiceRequest, (RECORDED / "spans.json").read_bytes())


@given(st.lists(st.tuples(st.integers(0, len(PACKED) - 1), st.integers(0, 255)), max_size=5))
def test_protobuf_with_other_bytes_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    body = bytearray(PACKED)
    for place, byte in changes:
        body[place] = byte
    rows_of(protobuf_bodies.read_spans, traffic_of_spans, bytes(body))


@given(st.integers(0, len(PACKED) - 1))
def test_protobuf_that_is_cut_is_read_or_refused(length: int) -> None:
    rows_of(protobuf_bodies.read_spans, traffic_of_spans, PACKED[:length])


PAYLOAD = json.loads((RECORDED / "payloads.jsonl").read_text().splitlines()[0])


@given(st.dictionaries(st.sampled_from(sorted(PAYLOAD)), ANYTHING, max_size=4))
def test_a_payload_with_any_values_is_a_request_or_a_flaw(changes: dict[str, Any]) -> None:
    assert isinstance(read_litellm(PAYLOAD | changes), RequestRow | Flaw)
