"""Rows that come over a wire, a JSON object a line: all of a body or nothing of it. Pure."""

import gzip
import io
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from evalhub.io.json_values import JsonError, parse_json
from evalhub.io.limits import Limits
from evalhub.io.rows import DataError, Row

BODY = "the body"
"""What an error calls the place where the rows stand."""

_COUNTED = {"sample", "latency_ms", "prompt_tokens", "completion_tokens"}
_PLAIN = {
    *("id", "output", "scores", "reasoning"),
    *("finish_reason", "served_model", "system_fingerprint"),
    *_COUNTED,
}
_ESCAPED = re.compile(r"\\u(0000|[dD][89a-fA-F])")
"""How what no database keeps would be spelt in a line that is UTF-8."""
_BRACKETS = 100
"""As many are no deep nesting yet, whatever they stand for."""


class Readable(Protocol):
    """What a body is read from."""

    def read(self, size: int, /) -> bytes: ...


class BodyTooLargeError(DataError):
    """A body holds more than is taken at once."""


@dataclass(frozen=True, slots=True)
class NdjsonBody:
    """The rows of a body, and the line of text that each of them was."""

    rows: Sequence[Row]
    lines: Sequence[str]


def read_ndjson(stream: Readable, *, zipped: bool, limits: Limits) -> NdjsonBody:
    """The rows of a body, which is read whole, within `limits`; blank lines are none.

    Raises DataError for what is wrong with it, with the line and the field; BodyTooLargeError, for
    what gzip makes of few bytes too, before more than the limit is held.
    """
    text = _decode(read_bytes(stream, zipped=zipped, limits=limits))
    rows: list[Row] = []
    lines: list[str] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip(" \t\r")
        if not line:
            continue
        if len(raw) > limits.line:
            raise _too_large(f"longer than {limits.line:,} characters", number)
        if len(rows) == limits.rows:
            raise _too_large(f"holds more than {limits.rows:,} rows: send them in parts", number)
        rows.append(Row(number, _values(line, number), BODY))
        lines.append(line)
    if not rows:
        raise DataError("holds no rows", file=BODY)
    return NdjsonBody(rows, lines)


def read_bytes(stream: Readable, *, zipped: bool, limits: Limits) -> bytes:
    """A body, unpacked, within `limits`.

    Raises DataError for damaged gzip data; BodyTooLargeError before more than the limit is held.
    """
    return _unpack(stream, limits) if zipped else _whole(stream, limits)


def _whole(stream: Readable, limits: Limits) -> bytes:
    most = limits.bytes or 0
    body = io.BytesIO()
    while len(chunk := stream.read(min(65_536, most + 1 - body.tell()))):
        body.write(chunk)
        if body.tell() > most:
            raise _too_large(f"holds more than {most:,} bytes: send it in parts")
    return body.getvalue()


def _unpack(stream: Readable, limits: Limits) -> bytes:
    """Unpack a compressed body, up to the limit and no further."""
    most = limits.decoded or 0
    packed = _whole(stream, limits)
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            unpacked = file.read(most + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"damaged gzip data: {error}", file=BODY) from error
    if len(unpacked) > most:
        raise _too_large(f"holds more than {most:,} bytes once it is unpacked: send it in parts")
    return unpacked


def _decode(body: bytes) -> str:
    try:
        return body.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        start = body.rfind(b"\n", 0, error.start) + 1
        raise DataError(
            f"not UTF-8: byte 0x{body[error.start]:02x} at position {error.start - start + 1} of "
            "the line",
            file=BODY,
            line=body.count(b"\n", 0, error.start) + 1,
        ) from error


def _values(line: str, number: int) -> dict[str, Any]:
    """The object that a line is. `parse_json` is strict by looking at every value, which takes most
    of the time: a line without what it would refuse needs it only for what it says."""
    try:
        values, end = _DECODER.raw_decode(line)
        if end == len(line) and _is_plain(values, line):
            return values  # type: ignore[no-any-return]
    except (ValueError, RecursionError):
        pass
    try:
        values = parse_json(line)
    except JsonError as flaw:
        raise DataError(flaw.message, file=BODY, line=number, field=flaw.field or None) from flaw
    if not isinstance(values, dict):
        problem = f"a JSON object was expected, and this is {line[:60]}"
        raise DataError(problem, file=BODY, line=number)
    return values


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError
    return values


_DECODER = json.JSONDecoder(object_pairs_hook=_without_duplicates)


def _is_plain(values: Any, line: str) -> bool:
    """Whether whoever reads the fields by name refuses whatever `parse_json` would."""
    return (
        type(values) is dict
        and values.keys() <= _PLAIN
        and line.count("[") + line.count("{") <= _BRACKETS
        and not _ESCAPED.search(line)
    )


def _too_large(message: str, line: int | None = None) -> BodyTooLargeError:
    return BodyTooLargeError(message, file=BODY, line=line)
