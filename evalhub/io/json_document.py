"""A JSON file, read whole; errors name the line."""

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from json.decoder import WHITESPACE  # type: ignore[attr-defined]
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any

from evalhub.io.json_values import JsonError, parse_json, without_duplicates
from evalhub.io.limits import COMMAND, DOCUMENT_MOST, Limits
from evalhub.io.rows import DataError, Row

type Where = Sequence[str | int]


class JsonDocument:
    """The value of a JSON file, with the line of each part."""

    def __init__(self, path: Path, limits: Limits = COMMAND, *, nan_as_null: bool = False) -> None:
        """Reads `path`, which may be gzipped (.gz); with `nan_as_null` a NaN in it is a null.

        Raises:
            DataError: no such file, not UTF-8, not JSON as `parse_json` reads it, or more than
                `limits` or DOCUMENT_MOST bytes of text.
        """
        self.path = path
        self._text = _text(path, limits)
        try:
            self.data: Any = parse_json(self._text, nan_as_null=nan_as_null)
        except JsonError as flaw:
            raise self._json_error(flaw) from flaw

    def at(self, where: Where) -> Any:
        """The value at a place. Raises DataError, for the nearest place above that there is."""
        value = self.data
        for depth, part in enumerate(where):
            inside = isinstance(value, dict if isinstance(part, str) else list)
            if not inside or (isinstance(part, str) and part not in value):
                raise self.error(where[:depth], f"has no {part!r}")
            value = value[part]
        return value

    def error(self, where: Where, message: str) -> DataError:
        """An error about the value at a path, for the caller to raise."""
        field = ""
        for part in where:
            field += f"[{part}]" if isinstance(part, int) else f".{part}"
        return DataError(
            message,
            file=str(self.path),
            line=self._line(_start_of(self._text, where)),
            field=field.removeprefix(".") or None,
        )

    def rows(self, where: Where = ()) -> Iterator[Row]:
        """The objects of the list at a place, each with the line that it starts on."""
        for index, (line, values) in enumerate(self.members(where)):
            if not isinstance(values, dict):
                raise self.error([*where, index], "an object with fields was expected")
            yield Row(line, values, str(self.path))

    def members(self, where: Where = ()) -> Iterator[tuple[int, Any]]:
        """The line and the value of each member of the list at a place. Raises DataError."""
        members = self.at(where)
        if not isinstance(members, list):
            raise self.error(where, "a list of objects was expected")
        start, line = 0, 1
        for index, span in enumerate(_members(self._text, _start_of(self._text, where))):
            line, start = line + self._text.count("\n", start, span[1]), span[1]
            yield line, members[index]

    def _line(self, offset: int) -> int:
        return self._text.count("\n", 0, offset) + 1

    def _json_error(self, flaw: JsonError) -> DataError:
        cause = flaw.__cause__
        if isinstance(cause, json.JSONDecodeError):
            message = f"malformed JSON at column {cause.colno}: {cause.msg}"
            return DataError(message, file=str(self.path), line=cause.lineno)
        offset = _duplicate(self._text)
        line = None if offset is None else self._line(offset)
        return DataError(flaw.message, file=str(self.path), line=line, field=flaw.field or None)


def _text(path: Path, limits: Limits) -> str:
    file = str(path)
    most = min(limits.decoded or DOCUMENT_MOST, DOCUMENT_MOST)
    try:
        if limits.bytes is not None and (size := path.stat().st_size) > limits.bytes:
            raise DataError(f"has {size:,} bytes, and at most {limits.bytes:,} are read", file=file)
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
            read = stream.read(most + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"damaged gzip data: {error}", file=file) from error
    except FileNotFoundError as error:
        raise DataError("no such file", file=file) from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", file=file) from error
    if len(read) > most:
        raise DataError(f"holds more than {most:,} bytes of JSON, the most that is read", file=file)
    try:
        return read.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = read.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8: byte 0x{read[error.start]:02x}; save the file as UTF-8"
        raise DataError(message, file=file, line=line) from error


def _start_of(text: str, where: Where) -> int:
    """The offset at which the value at a path starts, or its nearest existing parent."""
    start = _past_space(text, 0)
    for part in where:
        member_at = next((at for name, at in _members(text, start) if name == part), None)
        if member_at is None:
            break
        start = member_at
    return start


def _members(text: str, start: int) -> Iterator[tuple[str | int, int]]:
    """Each member of the object or list that starts there: its name or number, and its start.

    The text is JSON: it was read before.
    """
    decode = json.JSONDecoder().raw_decode
    opened = text[start]
    if opened not in "{[":
        return
    at, number = _past_space(text, start + 1), 0
    while text[at] not in "}]":
        name: str | int = number
        if opened == "{":
            name, at = decode(text, at)
            at = _past_space(text, _past_space(text, at) + 1)  # the colon
        yield name, at
        _, at = decode(text, at)
        at = _past_space(text, at)
        at, number = _past_space(text, at + 1) if text[at] == "," else at, number + 1


def _past_space(text: str, at: int) -> int:
    return int(WHITESPACE.match(text, at).end())


def _duplicate(text: str) -> int | None:
    """The offset of the object with a duplicate name; None where it can't be located."""
    decoder: Any = json.JSONDecoder(object_pairs_hook=without_duplicates)
    starts: list[int] = []
    parse = decoder.parse_object

    def parse_object(s_and_end: tuple[str, int], *rest: Any) -> Any:
        try:
            return parse(s_and_end, *rest)
        except JsonError:
            starts.append(s_and_end[1])
            raise

    decoder.parse_object = parse_object
    decoder.scan_once = py_make_scanner(decoder)
    try:
        decoder.raw_decode(text, _past_space(text, 0))
    except (JsonError, RecursionError, ValueError):
        return starts[0] if starts else None
    return None
