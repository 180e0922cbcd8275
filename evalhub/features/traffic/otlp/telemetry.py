"""Spans and log records of OTLP, whichever encoding they came in, and the bounds on both. Pure.

Of OTLP 1.10 (opentelemetry-proto) this keeps what a model call can be read from. Attributes that
`genai_names.is_read` doesn't list are dropped unread: gateways repeat texts, addresses and headers
in others.
"""

import gzip
import io
import zlib
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple, Protocol

from evalhub.features.traffic.otlp.genai_names import EVALUATION, TEXT_EVENTS
from evalhub.io.limits import MIB

type AttributeValue = (
    str | int | float | bool | list[AttributeValue] | dict[str, AttributeValue] | None
)
type Attributes = Mapping[str, AttributeValue]

LARGEST = 16 * MIB
"""Bytes of a body, unpacked."""
MOST_PARTS = 50_000
"""Spans or log records of a body, their scopes and resources included."""
DEEPEST = 32
"""How deep the value of an attribute may be nested."""
WIDEST = 2_000
"""Attributes of one span, and values of one list in them. SDKs stop at 128 attributes."""
EVENTS = TEXT_EVENTS | {"exception", "feature_flag", "feature_flag.evaluation", EVALUATION}
"""Names of the events that are read."""


class OtlpError(ValueError):
    """A body that can't be read: nothing of it is taken."""


class OtlpTooLargeError(OtlpError):
    """A body beyond `LARGEST`."""


class SpanEvent(NamedTuple):
    """An event of a span. Times are nanoseconds since 1970."""

    name: str
    time_ns: int
    attributes: Attributes


class Span(NamedTuple):
    """A span: ids in small hexadecimal digits, `parent_id` "" for a root, times in nanoseconds."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start_ns: int
    end_ns: int
    failed: bool
    attributes: Attributes
    events: tuple[SpanEvent, ...]
    service: str


class LogRecord(NamedTuple):
    """A log record that is an event. Without a span its ids are "". Only of an event with texts the
    body is read."""

    name: str
    time_ns: int
    trace_id: str
    span_id: str
    attributes: Attributes
    body: AttributeValue


class OtlpExport(Enum):
    """What an address takes: its word for a row, and for a row that holds nothing for us."""

    TRACES = ("span", "a span that is no model call")
    LOGS = ("log record", "a log that is no evaluation or text")

    def __init__(self, row: str, other: str) -> None:
        self.row, self.other = row, other


class Codec(Protocol):
    """An encoding: `json_bodies` or `protobuf_bodies`."""

    def read_spans(self, body: bytes) -> list[Span]: ...

    def read_records(self, body: bytes) -> list[LogRecord]: ...

    def response(self, export: OtlpExport, *, rejected: int, message: str) -> bytes:
        """The body of a success, with the number of rows that weren't taken, and why."""

    def status(self, message: str) -> bytes:
        """The body of a failure: a google.rpc.Status of which only the message is set."""


def check_parts(count: int) -> None:
    """Raises OtlpTooLargeError for more than `MOST_PARTS`: each costs far more than its bytes."""
    if count > MOST_PARTS:
        raise OtlpTooLargeError(
            f"the body holds more than {MOST_PARTS:,} spans or log records: set a smaller "
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
        )


def unpacked(body: bytes) -> bytes:
    """A gzip body, unpacked up to `LARGEST` and no further. Raises OtlpError."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            content = file.read(LARGEST + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise OtlpError(f"the body is damaged gzip data: {error}") from error
    check_size(content)
    return content


def check_size(content: bytes) -> None:
    """Raises OtlpTooLargeError for a body beyond `LARGEST`."""
    if len(content) > LARGEST:
        raise OtlpTooLargeError(
            f"the body holds more than {LARGEST:,} bytes unpacked: set a smaller "
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
        )
