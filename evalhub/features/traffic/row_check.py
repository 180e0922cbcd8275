"""A row out of values that another format had, or the flaw that keeps it out. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from evalhub.declare.declaration import Declaration, form_of_pattern
from evalhub.features.traffic.flaws import Flaw, FlawReason
from evalhub.features.traffic.rows import LONGEST_TEXT

_TYPES = {
    "string_type": "a text is needed",
    "string_unicode": "a text is needed without half a surrogate pair",
    "int_type": "a whole number is needed",
    "float_type": "a number is needed",
    "finite_number": "a number is needed, neither NaN nor infinite",
    "bool_type": "true or false is needed",
    "tuple_type": "a list is needed",
    "dict_type": "an object is needed",
    "datetime_type": "a time is needed, as in 2026-11-28T10:00:00Z",
    "datetime_from_date_parsing": "a time is needed, as in 2026-11-28T10:00:00Z",
    "datetime_parsing": "a time is needed, as in 2026-11-28T10:00:00Z",
    "timezone_aware": "a time needs its offset from UTC, as in 2026-11-28T10:00:00Z or +01:00",
    "model_type": "a JSON object is needed, a line each",
    "missing": "missing",
    "string_too_short": "is empty",
}
"""What is needed, by the type of pydantic's error."""


def row_or_flaw[Row: Declaration](
    kind: type[Row], values: Mapping[str, Any], line: int
) -> Row | Flaw:
    """The row of these values; `time` may be None, which is a flaw as any other."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        return flaw_of(line, kind, error)


def time_of(nanoseconds: int) -> datetime | None:
    """A time since 1970; None for 0 and what no calendar has."""
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, UTC) if nanoseconds > 0 else None
    except (OverflowError, ValueError, OSError):
        return None


def flaw_of(line: int, kind: type[Declaration], error: ValidationError) -> Flaw:
    """The first flaw of a row. It quotes no value: a flaw is kept, and a value may be a text."""
    details = error.errors(include_url=False)[0]
    where = [str(part) for part in (*details["loc"], *details.get("ctx", {}).get("field", ()))]
    field = ".".join(where).replace(".[", "[")
    return Flaw(line, _reason(details), _message(details, kind), field)


def _reason(error: ErrorDetails) -> FlawReason:
    match error["type"]:
        case "json_invalid" | "model_type":
            return FlawReason.NOT_JSON
        case "greater_than_equal":
            return FlawReason.NEGATIVE
        case "finite_number":
            return FlawReason.NOT_A_NUMBER
        case "int_type" if isinstance(error["input"], float) and not isfinite(error["input"]):
            return FlawReason.NOT_A_NUMBER
        case "string_too_long" if error["ctx"]["max_length"] == LONGEST_TEXT:
            return FlawReason.TEXT_TOO_LONG
        case "messages_too_long":
            return FlawReason.TEXT_TOO_LONG
        case _:
            return FlawReason.INVALID


def _message(error: ErrorDetails, kind: type[Declaration]) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "json_invalid":
            return f"malformed JSON: {context['error'].removesuffix(' at line 1 column 0')}"
        case "extra_forbidden":
            return f"isn't known here (known: {', '.join(kind.model_fields)})"
        case "string_too_long" | "too_long":
            return f"is too long: {context['max_length']:,} at most"
        case "greater_than_equal":
            return f"must be {context['ge']:g} or more"
        case "less_than_equal":
            return f"must be at most {context['le']:,}"
        case "literal_error":
            return f"one of {context['expected'].replace(' or ', ', ')} is needed"
        case "string_pattern_mismatch":
            return f"isn't {form_of_pattern(context['pattern'])}"
        case _:
            return _TYPES.get(error["type"], error["msg"])
