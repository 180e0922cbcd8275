"""JSON values, read strictly, and limited to what both databases can store. Pure."""

import json
import math
import re
from collections.abc import Iterable
from typing import Any

NESTING = 500
"""How deep a JSON value may be nested."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class JsonError(ValueError):
    """An invalid value, and its field ('' is the whole value)."""

    def __init__(self, message: str, field: str = "") -> None:
        self.message, self.field = message, field
        super().__init__(f"field '{field}': {message}" if field else message)


def parse_json(text: str, *, nan_as_null: bool = False) -> Any:
    """The value of a JSON text, read strictly, as I-JSON (RFC 7493) and what a database keeps.

    With `nan_as_null` the NaN that some tools write is a null.

    Raises JsonError for malformed JSON, duplicate names, NaN and infinities (also 1e999), lone
    surrogates, NUL characters, and what is nested more than NESTING deep.
    """
    try:
        constant = _without_nan if nan_as_null else float
        value = json.loads(text, object_pairs_hook=without_duplicates, parse_constant=constant)
        check_value(value)
    except json.JSONDecodeError as error:
        raise JsonError(f"malformed JSON at column {error.pos + 1}: {error.msg}") from error
    except RecursionError as error:
        raise JsonError("malformed JSON: nested too deeply") from error
    except JsonError:
        raise
    except ValueError as error:  # Python refuses to read numbers of more than 4,300 digits
        raise JsonError(f"malformed JSON: {error}") from error
    return value


def json_in(text: str) -> str | None:
    """The JSON text as canonical text in one line; None if it isn't strict JSON."""
    try:
        return json.dumps(parse_json(text), ensure_ascii=False)
    except JsonError:
        return None


def _without_nan(name: str) -> float | None:
    return None if name == "NaN" else float(name)


def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of these names and values. Raises JsonError where a name comes twice."""
    values = dict(pairs)
    if len(values) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise JsonError("named twice in one object", _cut(name))
            seen.add(name)
    return values


type _Place = tuple[_Place | None, str | int]
"""Where a value stands: in which other, and under which name or number there."""


def check_value(value: Any, *, deepest: int = NESTING) -> None:
    """Raises JsonError for a value that JSON or PostgreSQL cannot hold, or nested beyond `deepest`.

    Where a value stands is put into words only for an error: a long name holds many values.
    """
    waiting: list[tuple[Any, _Place | None, int]] = [(value, None, 1)]
    while waiting:
        value, at, depth = waiting.pop()
        if isinstance(value, str):
            _check_text(value, at)
        elif isinstance(value, float):
            if not math.isfinite(value):
                raise JsonError(
                    f"{value} is not a number that JSON has; leave it out or use null", _path(at)
                )
        elif isinstance(value, dict | list):
            if depth > deepest:
                raise JsonError(f"nested more than {deepest} deep", _path(at))
            if isinstance(value, dict):
                for name in value:
                    _check_text(name, at or (None, "(a name)"))
                inside: Iterable[tuple[str | int, Any]] = value.items()
            else:
                inside = enumerate(value)
            # the last comes first off the list, and the first flaw is to be told
            waiting += reversed([(inner, (at, name), depth + 1) for name, inner in inside])
        elif value is not None and not isinstance(value, bool | int):
            raise JsonError(
                f"a {type(value).__name__} has no place in JSON; write it as text", _path(at)
            )


def _check_text(text: str, at: _Place | None) -> None:
    if bad := _UNSTORABLE.search(text):
        what = "a NUL character" if bad[0] == "\x00" else "half a surrogate pair"
        raise JsonError(
            f"holds {what} at position {bad.start() + 1}, which can't be stored", _path(at)
        )


def _path(at: _Place | None) -> str:
    """`messages[0].content`, cut where it is long; '' is the whole."""
    parts: list[str] = []
    while at is not None:
        at, name = at
        parts.append(f"[{name}]" if isinstance(name, int) else f".{name}")
    return _cut("".join(reversed(parts)).removeprefix("."))


def _cut(name: str) -> str:
    return name if len(name) <= 200 else f"{name[:199]}…"


def same_json(one: Any, other: Any) -> bool:
    """Equality of JSON: 1 == 1.0, but True != 1 (unlike Python)."""
    match one, other:
        case dict(), dict():
            return one.keys() == other.keys() and all(
                same_json(one[key], other[key]) for key in one
            )
        case list(), list():
            return len(one) == len(other) and all(map(same_json, one, other))
        case _:
            return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
