"""OTLP/HTTP's JSON: names in lowerCamelCase, ids in hexadecimal, 64-bit numbers as text. Pure.

protobuf's own `json_format` isn't used: it reads the ids as base64, into 24 other bytes and without
an error, and takes 17 times as long.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from evalhub.features.traffic.otlp.genai_names import EVENT_NAME, TEXT_EVENTS, is_read
from evalhub.features.traffic.otlp.telemetry import (
    DEEPEST,
    EVENTS,
    WIDEST,
    Attributes,
    AttributeValue,
    LogRecord,
    OtlpError,
    OtlpExport,
    OtlpTooLargeError,
    Span,
    SpanEvent,
    check_parts,
)

TRACE_ID, SPAN_ID = 16, 8
"""Bytes of an id."""
_FAILED = (2, "STATUS_CODE_ERROR")
_REJECTED = {OtlpExport.TRACES: "rejectedSpans", OtlpExport.LOGS: "rejectedLogRecords"}


def read_spans(body: bytes) -> list[Span]:
    """The spans of an ExportTraceServiceRequest. Raises OtlpError, with the span."""
    spans: list[Span] = []
    for resource in _parts(body, "resourceSpans", "resourceLogs"):
        _read_each(resource, "scopeSpans", "spans", _span, spans, "span")
    return spans


def read_records(body: bytes) -> list[LogRecord]:
    """The log records of an ExportLogsServiceRequest, likewise."""
    records: list[LogRecord] = []
    for resource in _parts(body, "resourceLogs", "resourceSpans"):
        _read_each(resource, "scopeLogs", "logRecords", _record, records, "log record")
    return records


def response(export: OtlpExport, *, rejected: int, message: str) -> bytes:
    """An ExportTraceServiceResponse, or that of logs: empty where all was taken."""
    partial = {_REJECTED[export]: str(rejected), "errorMessage": message}
    return json.dumps({"partialSuccess": partial} if rejected else {}).encode()


def status(message: str) -> bytes:
    """A google.rpc.Status."""
    return json.dumps({"message": message}).encode()


def _parts(body: bytes, name: str, other: str) -> Iterable[Any]:
    """The list of this name, which a body of this kind has."""
    try:
        document = json.loads(body)
    except RecursionError as error:
        raise OtlpError("the body is nested too deeply") from error
    except ValueError as error:  # of JSON, of UTF-8, of numbers that are too long
        raise OtlpError(f"the body isn't JSON: {error}") from error
    if not isinstance(document, dict):
        raise OtlpError(f"the body isn't OTLP: a JSON object with {name} was expected")
    if name not in document and document:
        sent = "/v1/logs" if other == "resourceLogs" else "/v1/traces"
        reason = (
            f"it has {other}: POST it to {sent}"
            if other in document
            else f"it has no {name}, but {', '.join(map(repr, list(document)[:3]))[:100]}"
        )
        raise OtlpError(f"the body isn't OTLP for this address: {reason}")
    parts = document.get(name) or ()
    if not isinstance(parts, list | tuple) or not all(isinstance(part, dict) for part in parts):
        raise OtlpError(f"the body isn't OTLP: {name} is a list of objects")
    check_parts(len(parts))
    return parts


def _read_each[Row](
    resource: dict[str, Any],
    scopes: str,
    rows: str,
    read: Callable[[dict[str, Any], str], Row],
    results: list[Row],
    word: str,
) -> None:
    """Adds what `read` makes of each row below a resource. Raises OtlpError, naming the row."""
    try:
        service = _service(resource)
        of_resource = resource.get(scopes) or ()
        check_parts(len(of_resource))
        for scope in of_resource:
            of_scope = scope.get(rows) or ()
            check_parts(len(results) + len(of_scope))
            for row in of_scope:
                results.append(read(row, service))
    except OtlpTooLargeError:
        raise
    except OtlpError as error:
        raise OtlpError(f"{word} {len(results) + 1}: {error}") from error
    except (TypeError, AttributeError, KeyError, ValueError, OverflowError) as error:
        raise OtlpError(f"{word} {len(results) + 1} isn't OTLP: {error!r:.200}") from error


def _service(resource: dict[str, Any]) -> str:
    for attribute in (resource.get("resource") or {}).get("attributes") or ():
        if attribute["key"] == "service.name":
            name = _value(attribute["value"], DEEPEST)
            return name if isinstance(name, str) else ""
    return ""


def _span(row: dict[str, Any], service: str) -> Span:
    status, events = row.get("status"), row.get("events")
    return Span(
        _own_id(row.get("traceId"), TRACE_ID, "traceId"),
        _own_id(row.get("spanId"), SPAN_ID, "spanId"),
        _id_or_none(row.get("parentSpanId"), SPAN_ID, "parentSpanId"),
        _text(row.get("name"), "name"),
        _nanoseconds(row.get("startTimeUnixNano")),
        _nanoseconds(row.get("endTimeUnixNano")),
        bool(status) and status.get("code") in _FAILED,  # type: ignore[union-attr]
        _attributes(row.get("attributes")),
        _events(events) if events else (),
        service,
    )


def _events(rows: list[dict[str, Any]]) -> tuple[SpanEvent, ...]:
    return tuple(
        SpanEvent(
            row["name"], _nanoseconds(row.get("timeUnixNano")), _attributes(row.get("attributes"))
        )
        for row in rows
        if row.get("name") in EVENTS
    )


def _record(row: dict[str, Any], service: str) -> LogRecord:
    attributes = _attributes(row.get("attributes"))
    name = _text(row.get("eventName") or attributes.get(EVENT_NAME), "eventName")
    return LogRecord(
        name,
        _nanoseconds(row.get("timeUnixNano") or row.get("observedTimeUnixNano")),
        _id_or_none(row.get("traceId"), TRACE_ID, "traceId"),
        _id_or_none(row.get("spanId"), SPAN_ID, "spanId"),
        attributes,
        _value(row.get("body"), DEEPEST) if name in TEXT_EVENTS else None,
    )


def _nanoseconds(value: Any) -> int:
    time = int(value or 0)
    if not 0 <= time < 2**64:
        raise OtlpError("a time is a 64-bit number of nanoseconds since 1970")
    return time


def _id(digits: Any, size: int, field: str) -> str:
    try:
        identity = bytes.fromhex(digits)
    except (TypeError, ValueError):
        identity = b""
    if len(identity) != size or len(digits) != 2 * size:
        raise OtlpError(f"{field} is {2 * size} hexadecimal digits, and not {digits!r:.60}")
    return identity.hex()


def _own_id(digits: Any, size: int, field: str) -> str:
    """An id of a span, which zeros aren't."""
    identity = _id(digits, size, field)
    if not identity.strip("0"):
        raise OtlpError(f"{field} is all zeros, which stands for none")
    return identity


def _id_or_none(digits: Any, size: int, field: str) -> str:
    """An id that may be left out, for which some send zeros: then ""."""
    identity = _id(digits, size, field) if digits else ""
    return identity if identity.strip("0") else ""


def _text(value: Any, field: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise OtlpError(f"{field} is a text, and not {value!r:.60}")
    return value


def _attributes(rows: list[dict[str, Any]] | None) -> Attributes:
    """Those that are read. Of all others only the bounds are held."""
    if not rows:
        return {}
    if len(rows) > WIDEST:
        raise OtlpError(f"it has {len(rows):,} attributes, and at most {WIDEST:,} are taken")
    attributes: dict[str, AttributeValue] = {}
    for row in rows:
        name, value = row["key"], row.get("value")
        if is_read(name):
            attributes[name] = _value(value, DEEPEST)
        elif value and ("kvlistValue" in value or "arrayValue" in value):
            _value(value, DEEPEST)
    return attributes


def _value(value: Any, levels: int) -> AttributeValue:
    """An AnyValue, nested `levels` deep at most."""
    if not value:
        return None
    kind, content = next(iter(value.items()))
    if kind == "stringValue" or kind == "boolValue":
        if type(content) is not (str if kind == "stringValue" else bool):
            raise OtlpError(f"{kind} is {content!r:.60}")
        return content
    if kind == "intValue":
        return int(content)
    if kind == "doubleValue":
        return float(content)
    if kind not in ("arrayValue", "kvlistValue"):
        return None
    rows = content.get("values") or ()
    if levels == 0:
        raise OtlpError(f"an attribute is nested more than {DEEPEST} deep")
    if len(rows) > WIDEST:
        raise OtlpError(f"an attribute holds {len(rows):,} values, and at most {WIDEST:,} are read")
    if kind == "arrayValue":
        return [_value(row, levels - 1) for row in rows]
    return {row["key"]: _value(row.get("value"), levels - 1) for row in rows}
