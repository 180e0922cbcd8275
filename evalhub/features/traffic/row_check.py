"""A row out of values that another format had, or the flaw that keeps it out. Pure."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from evalhub.declare.declaration import Declaration, DeclarationError, validate
from evalhub.features.traffic.flaws import Flaw, Refusal
from evalhub.io.json_values import JsonError, check_value


def row_or_flaw[Row: Declaration](
    kind: type[Row], values: Mapping[str, Any], line: int
) -> Row | Flaw:
    """The row of these values; `time` may be None, which is a flaw as any other."""
    try:
        row = kind.model_validate(values)
        check_value(_unchecked(values))
    except ValidationError as error:
        return _flaw(kind, values, error, line)
    except JsonError as error:
        return _unstorable(values, error, line)
    return row


def time_of(nanoseconds: int) -> datetime | None:
    """A time since 1970; None for 0 and what no calendar has."""
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, UTC) if nanoseconds > 0 else None
    except (OverflowError, ValueError, OSError):
        return None


def _unchecked(values: Mapping[str, Any]) -> list[Any]:
    """What pydantic takes and a database may not: texts, together since one by one is slow."""
    texts = "\n".join([value for value in values.values() if type(value) is str])
    return [texts, *(_as_list(value) for value in values.values() if type(value) is tuple)]


def _as_list(value: Any) -> Any:
    return [*value] if isinstance(value, tuple) else value


def _unstorable(values: Mapping[str, Any], error: JsonError, line: int) -> Flaw:
    """The flaw of the field that holds what no database keeps."""
    for field, value in values.items():
        try:
            check_value(_as_list(value) if field != "time" else None)
        except JsonError as reason:
            return Flaw(line, Refusal.INVALID, f"field '{field}': {reason.message}", field)
    raise AssertionError(error)


def _flaw(
    kind: type[Declaration], values: Mapping[str, Any], error: ValidationError, line: int
) -> Flaw:
    first = error.errors(include_url=False, include_context=False)[0]
    value = first["input"]
    field = ".".join(map(str, first["loc"]))
    reason = Refusal.INVALID
    if isinstance(value, float) and not math.isfinite(value):
        reason = Refusal.NOT_A_NUMBER
    elif first["type"] == "greater_than_equal":
        reason = Refusal.NEGATIVE
    return Flaw(line, reason, _message(kind, values, str(first["msg"])), field)


def _message(kind: type[Declaration], values: Mapping[str, Any], plain: str) -> str:
    """In the words of every other declaration."""
    time = values.get("time")
    try:
        validate(kind, {**values, "time": time.isoformat() if time else None})
    except DeclarationError as error:
        return str(error)
    return plain
