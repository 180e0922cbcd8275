"""Rows of NDJSON, read line by line: a line that is wrong is a flaw, and the others are rows.

A row costs about 6 µs. Its JSON is read and checked in one step; that no field is named twice is
seen from the number of names in the line, and looked at closely only where that differs.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import isfinite

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from evalhub.declare.declaration import Declaration, form_of_pattern
from evalhub.features.traffic.rows import LONGEST_TEXT
from evalhub.features.traffic.taking_in import Flaw, Refusal
from evalhub.io.json_values import JsonError, without_duplicates
from evalhub.io.ndjson import BODY
from evalhub.io.rows import DataError

_NAME_END = b'":'
"""In a text only where that holds a quotation mark and a colon."""
_TYPES = {
    "string_type": "a text is needed",
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


@dataclass(slots=True)
class Rows[Row: Declaration]:
    """What lines hold: rows with their line (from 1), and a flaw for any other line."""

    rows: list[tuple[int, Row]] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)


def read_lines[Row: Declaration](kind: type[Row], lines: Iterable[tuple[int, bytes]]) -> Rows[Row]:
    """The rows of numbered lines; blank ones are none."""
    validate = kind.model_validate_json
    result: Rows[Row] = Rows()
    for number, line in lines:
        try:
            row = validate(line)
            if _may_name_twice(row, line):
                json.loads(line, object_pairs_hook=without_duplicates)
        except ValidationError as error:
            if not line.isspace() and line:
                result.flaws.append(_flaw(number, kind, error))
        except (JsonError, ValueError) as error:
            name = error.field if isinstance(error, JsonError) else ""
            message = error.message if isinstance(error, JsonError) else str(error)
            result.flaws.append(Flaw(number, Refusal.INVALID, message, name))
        else:
            result.rows.append((number, row))
    return result


def read_body[Row: Declaration](kind: type[Row], body: bytes) -> Rows[Row]:
    """The rows of a request's body.

    Raises:
        evalhub.io.rows.DataError: it holds nothing, or not one of its lines is a JSON object.
    """
    result = read_lines(kind, lines_of(body))
    if not result.rows and all(flaw.reason is Refusal.NOT_JSON for flaw in result.flaws):
        first = result.flaws[0] if result.flaws else Flaw(1, Refusal.NOT_JSON, "holds no rows")
        raise DataError(f"isn't NDJSON: {first.message}", file=BODY, line=first.line)
    return result


def lines_of(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines of a body with their numbers, without a byte order mark."""
    return enumerate(body.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1)


def _may_name_twice(row: Declaration, line: bytes) -> bool:
    """Whether the line may have more names than the row and its messages."""
    names = len(row.model_fields_set)
    for message in getattr(row, "messages", None) or ():
        names += len(message)
    is_spaced = b" :" in line or b"\t:" in line or b"\r:" in line
    return is_spaced or line.count(_NAME_END) != names


def _flaw(line: int, kind: type[Declaration], error: ValidationError) -> Flaw:
    """The first flaw of a line. It quotes no value: a flaw is kept, and a value may be a text."""
    details = error.errors(include_url=False)[0]
    where = [str(part) for part in (*details["loc"], *details.get("ctx", {}).get("field", ()))]
    return Flaw(line, _reason(details), _message(details, kind), ".".join(where))


def _reason(error: ErrorDetails) -> Refusal:
    match error["type"]:
        case "json_invalid" | "model_type":
            return Refusal.NOT_JSON
        case "greater_than_equal":
            return Refusal.NEGATIVE
        case "finite_number":
            return Refusal.NOT_A_NUMBER
        case "int_type" if isinstance(error["input"], float) and not isfinite(error["input"]):
            return Refusal.NOT_A_NUMBER
        case "string_too_long" if error["ctx"]["max_length"] == LONGEST_TEXT:
            return Refusal.TEXT_TOO_LONG
        case "messages_too_long":
            return Refusal.TEXT_TOO_LONG
        case _:
            return Refusal.INVALID


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
