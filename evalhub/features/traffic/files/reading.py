"""Rows of NDJSON, read line by line: a line that is wrong is a flaw, and the others are rows. Pure.

A row costs about 6 µs. Its JSON is read and checked in one step; that no field is named twice is
seen from the number of names in the line, and looked at closely only where that differs.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pydantic import ValidationError

from evalhub.declare.declaration import Declaration
from evalhub.features.traffic.flaws import Flaw, FlawReason
from evalhub.features.traffic.row_check import flaw_of
from evalhub.io.json_values import JsonError, without_duplicates
from evalhub.io.ndjson import BODY, BodyTooLargeError
from evalhub.io.rows import DataError

MOST_ROWS = 10_000
"""Lines of a body: they are written in one transaction."""
_NAME_END = b'":'
"""In a text only where that holds a quotation mark and a colon."""
_SPACED_NAME_END = re.compile(rb'"[ \t\r]+:')


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
                result.flaws.append(flaw_of(number, kind, error))
        except (JsonError, ValueError) as error:
            name = error.field if isinstance(error, JsonError) else ""
            message = error.message if isinstance(error, JsonError) else str(error)
            result.flaws.append(Flaw(number, FlawReason.INVALID, message, name))
        else:
            result.rows.append((number, row))
    return result


def read_body[Row: Declaration](kind: type[Row], body: bytes) -> Rows[Row]:
    """The rows of a request's body.

    Raises:
        BodyTooLargeError: it has more than MOST_ROWS lines.
        evalhub.io.rows.DataError: it holds nothing, or not one of its lines is a JSON object.
    """
    if body.rstrip().count(b"\n") >= MOST_ROWS:
        raise BodyTooLargeError(f"has more than {MOST_ROWS:,} lines: send it in parts", file=BODY)
    result = read_lines(kind, lines_of(body))
    if not result.rows and all(flaw.reason is FlawReason.NOT_JSON for flaw in result.flaws):
        first = result.flaws[0] if result.flaws else Flaw(1, FlawReason.NOT_JSON, "holds no rows")
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
    return line.count(_NAME_END) != names or _SPACED_NAME_END.search(line) is not None
