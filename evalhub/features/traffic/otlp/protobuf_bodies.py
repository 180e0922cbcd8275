"""OTLP/HTTP's protobuf, into the same spans and log records as its JSON. Pure.

Imported when the first such body comes: the messages' own modules take a tenth of a second.
"""

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Status

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
    Span,
    SpanEvent,
    check_parts,
)
from evalhub.io.limits import MIB

_SCALARS = frozenset({"string_value", "int_value", "double_value", "bool_value"})
_SMALL = MIB
"""Bytes of a body that may hold whatever it can: at two bytes a span, 90 MB of memory."""
_FIELDS = (1, 2, 2)
"""Numbers of the fields that lead to a row: a resource's rows, a scope's, the rows."""
_FIXED = {1: 8, 5: 4}
"""Bytes of a value by its wire type."""
_COMPOSITE = frozenset({"array_value", "kvlist_value"})
"""Kinds of AnyValue that hold others."""


def read_spans(body: bytes) -> list[Span]:
    """The spans of an ExportTraceServiceRequest. Raises OtlpError, with the span."""
    spans: list[Span] = []
    for resource in _message(ExportTraceServiceRequest, body).resource_spans:
        service = _service(resource.resource.attributes)
        for scope in resource.scope_spans:
            for row in scope.spans:
                try:
                    spans.append(_span(row, service))
                except OtlpError as error:
                    raise OtlpError(f"span {len(spans) + 1}: {error}") from error
    return spans


def read_records(body: bytes) -> list[LogRecord]:
    """The log records of an ExportLogsServiceRequest, likewise."""
    records: list[LogRecord] = []
    for resource in _message(ExportLogsServiceRequest, body).resource_logs:
        for scope in resource.scope_logs:
            for row in scope.log_records:
                try:
                    records.append(_record(row))
                except OtlpError as error:
                    raise OtlpError(f"log record {len(records) + 1}: {error}") from error
    return records


def response(export: OtlpExport, *, rejected: int, message: str) -> bytes:
    """An ExportTraceServiceResponse, or that of logs: empty where all was taken."""
    if not rejected:
        return b""
    if export is OtlpExport.TRACES:
        spans = ExportTracePartialSuccess(rejected_spans=rejected, error_message=message)
        return bytes(ExportTraceServiceResponse(partial_success=spans).SerializeToString())
    records = ExportLogsPartialSuccess(rejected_log_records=rejected, error_message=message)
    return bytes(ExportLogsServiceResponse(partial_success=records).SerializeToString())


def status(message: str) -> bytes:
    """A google.rpc.Status, whose message has the same number as that of a span's status."""
    return bytes(Status(message=message).SerializeToString())


def _message(kind: type[Message], body: bytes) -> Any:
    if len(body) > _SMALL:
        _check_parts(body)
    try:
        return kind.FromString(body)
    except DecodeError as error:
        raise OtlpError(f"the body isn't an {kind.__name__}: {error}") from error


def _check_parts(body: bytes) -> None:
    """Counts rows, scopes and resources before protobuf makes objects of them.

    Fields are told apart by their wire types: https://protobuf.dev/programming-guides/encoding.
    What is no protobuf is left to protobuf.
    """
    count, waiting = 0, [(0, len(body), 0)]
    while waiting:
        at, end, level = waiting.pop()
        while at < end:
            try:
                tag, at = _varint(body, at)
                wire_type = tag & 7
                length, at = _varint(body, at) if wire_type in (0, 2) else (_FIXED[wire_type], at)
            except (IndexError, KeyError):
                return
            if wire_type == 0:
                continue
            if wire_type == 2 and tag >> 3 == _FIELDS[level]:
                count += 1
                check_parts(count)
                if level + 1 < len(_FIELDS):
                    waiting.append((at, min(at + length, end), level + 1))
            at += length


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """(value, place after it) of a number in base 128, least significant first."""
    value = shift = 0
    while (byte := body[at]) > 127:
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if shift > 63:
            raise IndexError
    return value | byte << shift, at + 1


def _service(attributes: Iterable[Any]) -> str:
    for attribute in attributes:
        if attribute.key == "service.name":
            return str(attribute.value.string_value)
    return ""


def _span(row: Any, service: str) -> Span:
    events = row.events
    return Span(
        _own_id(row.trace_id, 16, "trace_id"),
        _own_id(row.span_id, 8, "span_id"),
        _id_or_none(row.parent_span_id, 8, "parent_span_id"),
        row.name,
        row.start_time_unix_nano,
        row.end_time_unix_nano,
        row.status.code == Status.STATUS_CODE_ERROR,
        _attributes(row.attributes),
        _events(events) if events else (),
        service,
    )


def _events(rows: Iterable[Any]) -> tuple[SpanEvent, ...]:
    return tuple(
        SpanEvent(row.name, row.time_unix_nano, _attributes(row.attributes))
        for row in rows
        if row.name in EVENTS
    )


def _record(row: Any) -> LogRecord:
    attributes = _attributes(row.attributes)
    name = row.event_name or str(attributes.get(EVENT_NAME) or "")
    return LogRecord(
        name,
        row.time_unix_nano or row.observed_time_unix_nano,
        _id_or_none(row.trace_id, 16, "trace_id"),
        _id_or_none(row.span_id, 8, "span_id"),
        attributes,
        _value(row.body, DEEPEST) if name in TEXT_EVENTS else None,
    )


def _id(identity: bytes, size: int, field: str) -> str:
    if len(identity) != size:
        raise OtlpError(f"{field} has {len(identity)} bytes, and not {size}")
    return identity.hex()


def _own_id(identity: bytes, size: int, field: str) -> str:
    """An id of a span, which zeros aren't."""
    if not any(identity) and identity:
        raise OtlpError(f"{field} is all zeros, which stands for none")
    return _id(identity, size, field)


def _id_or_none(identity: bytes, size: int, field: str) -> str:
    """An id that may be left out, for which some send zeros: then ""."""
    return _id(identity, size, field) if any(identity) else ""


def _attributes(rows: Any) -> Attributes:
    """Those that are read. Of all others only the bounds are held."""
    if len(rows) > WIDEST:
        raise OtlpError(f"it has {len(rows):,} attributes, and at most {WIDEST:,} are taken")
    attributes: dict[str, AttributeValue] = {}
    for row in rows:
        name = row.key
        if is_read(name):
            attributes[name] = _value(row.value, DEEPEST)
        elif row.value.WhichOneof("value") in _COMPOSITE:
            _value(row.value, DEEPEST)
    return attributes


def _value(value: Any, levels: int) -> AttributeValue:
    """An AnyValue, nested `levels` deep at most."""
    kind = value.WhichOneof("value")
    if kind in _SCALARS:
        return getattr(value, kind)  # type: ignore[no-any-return]
    if kind not in _COMPOSITE:
        return None
    rows = getattr(value, kind).values
    if levels == 0:
        raise OtlpError(f"an attribute is nested more than {DEEPEST} deep")
    if len(rows) > WIDEST:
        raise OtlpError(f"an attribute holds {len(rows):,} values, and at most {WIDEST:,} are read")
    if kind == "array_value":
        return [_value(row, levels - 1) for row in rows]
    return {row.key: _value(row.value, levels - 1) for row in rows}
