"""Bodies of OTLP, as exporters send them."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
STARTED = 1_795_953_600_000_000_000
"""2026-11-29 12:00 UTC, in nanoseconds."""
RECORDED = Path(__file__).parent / "litellm"
"""What LiteLLM 1.108.7 sent: one call with its mirror, one that failed, one without a mirror."""


def any_value(value: Any) -> dict[str, Any]:
    """OTLP's AnyValue in JSON."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(each) for each in value]}}
    return {"kvlistValue": {"values": key_values(value)}}


def key_values(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": any_value(value)} for name, value in attributes.items()]


def a_span(attributes: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A call of a chat model that took a second, as a span."""
    call = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "support-v7"}
    return {
        "traceId": TRACE,
        "spanId": SPAN,
        "name": "chat support-v7",
        "kind": 3,
        "startTimeUnixNano": str(STARTED),
        "endTimeUnixNano": str(STARTED + 10**9),
        "attributes": key_values(call if attributes is None else call | attributes),
    } | fields


def an_event(name: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "timeUnixNano": str(STARTED), "attributes": key_values(attributes)}


def a_record(attributes: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """A log record with an evaluation of a span."""
    return {
        "timeUnixNano": str(STARTED),
        "eventName": "gen_ai.evaluation.result",
        "traceId": TRACE,
        "spanId": SPAN,
        "attributes": key_values({"gen_ai.evaluation.name": "helpful"} | dict(attributes)),
    } | fields


def a_trace_body(*spans: Any, service: str = "shop") -> bytes:
    resource = {"attributes": key_values({"service.name": service})}
    scope = {"scope": {"name": "tests"}, "spans": spans}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}).encode()


def a_log_body(*records: Any) -> bytes:
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode()


def now_ns() -> int:
    return time.time_ns()
