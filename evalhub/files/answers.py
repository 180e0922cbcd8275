"""Answers that were made elsewhere, read from a file."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evalhub.files.numbers import LARGEST, finite_number
from evalhub.files.rows import Row, field, item_id, read_rows, wrong

MOST_COUNTED = 2**31
"""Of tokens and samples: what a database keeps as a whole number."""


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """One answer made elsewhere. Either `text` is there, or `error` says why there is none."""

    item_id: str
    sample: int
    text: str | None
    latency_ms: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    line: int
    error: str | None = None


def read_answers(
    path: Path, *, id_field: str = "id", output_field: str = "output"
) -> Iterator[RecordedAnswer]:
    """The answers of a file, one a row, in the file's order.

    Besides id and output a row may have `sample` (0, 1, … where an item has several answers),
    `latency_ms`, `prompt_tokens`, `completion_tokens`, and `error` in place of an output.
    A CSV holds only text, so these numbers may be written as text, and empty is absent.
    Raises DataError, also for a second answer with the same id and sample.
    """
    seen: dict[tuple[str, int], int] = {}
    for row in read_rows(path):
        identity = item_id(row, id_field), _count(row, "sample") or 0
        first = seen.setdefault(identity, row.line)
        if first != row.line:
            raise wrong(
                row,
                id_field,
                f"'{identity[0]}' was answered on line {first} already (sample {identity[1]}); "
                "several answers to an item need a `sample` field that counts 0, 1, …",
            )
        text, error = _output(row, output_field)
        yield RecordedAnswer(
            item_id=identity[0],
            sample=identity[1],
            text=text,
            latency_ms=_quantity(row, "latency_ms"),
            prompt_tokens=_count(row, "prompt_tokens"),
            completion_tokens=_count(row, "completion_tokens"),
            line=row.line,
            error=error,
        )


def _output(row: Row, name: str) -> tuple[str | None, str | None]:
    """The output's text, or what was recorded as the error in its place."""
    error = row.values.get("error") or None
    if error is not None:
        if row.values.get(name):
            raise wrong(row, name, "the row has both an output and an `error`; keep one of them")
        return None, error if isinstance(error, str) else json.dumps(error)
    value = field(row, name)
    if value is None:
        raise wrong(row, name, "null is not an answer; leave the row out, or record an `error`")
    if not isinstance(value, str):
        raise wrong(row, name, f"an output is text, and this one is {json.dumps(value)[:60]}")
    return value, None


def _quantity(row: Row, name: str) -> float | None:
    value = row.values.get(name)
    if value is None or value == "":
        return None
    try:
        number = -1.0 if isinstance(value, bool) else finite_number(value)
    except ValueError:
        number = -1.0
    if number < 0:
        raise wrong(
            row,
            name,
            f"a number of 0 or more was expected (at most {LARGEST:g}), and this one is "
            f"{json.dumps(value)[:60]}",
        )
    return number


def _count(row: Row, name: str) -> int | None:
    number = _quantity(row, name)
    if number is None:
        return None
    if number >= MOST_COUNTED:
        raise wrong(row, name, f"a number below {MOST_COUNTED:,} was expected, not {number:g}")
    if not number.is_integer():
        raise wrong(row, name, f"a whole number was expected, and this one is {number}")
    return int(number)
