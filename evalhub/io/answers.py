"""Answers that were made elsewhere, read from a file."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from evalhub.io.json_values import parse_json
from evalhub.io.numbers import LARGEST, finite_number
from evalhub.io.passages import Passage, passages_of
from evalhub.io.row_paths import USUAL, RowMapping, read_mapped_rows
from evalhub.io.rows import Row, field, item_id, wrong
from evalhub.io.tools import calls_of

SCORES, COLUMN = "scores", "scores."
MOST_SCORES, LONGEST_NAME = 100, 200
"""How many scores an answer may come with, and of how many characters a name may be."""
LONGEST_REASON = 40
"""Characters of why a model stopped."""
LONGEST_SERVED = 120
"""Characters of a model's name, as its server says it, and of a system's fingerprint."""
MOST_COUNTED = 2**31
"""Of tokens and samples: what a database keeps as a whole number."""


class RecordedAnswer(NamedTuple):
    """One answer made elsewhere. Either `text` is there, or `error` says why there is none.

    `scores` are numbers by name that were made elsewhere too; None where it came with none.
    `finish_reason` is why the model stopped, in its server's word, `served_model` and `fingerprint`
    are which model and which of its systems the server said that it answered with, `reasoning` is
    what it thought first, `tool_calls` are {name, arguments}, and `passages` {id, text, score} are
    what a retriever gave the model.
    """

    item_id: str
    sample: int
    text: str | None
    latency_ms: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    line: int
    error: str | None = None
    scores: Mapping[str, float] | None = None
    finish_reason: str = ""
    served_model: str = ""
    fingerprint: str = ""
    reasoning: str = ""
    tool_calls: list[dict[str, Any]] | None = None
    passages: list[Passage] | None = None


def read_answers(path: Path, fields: RowMapping = USUAL) -> Iterator[RecordedAnswer]:
    """The answers of a file, one a row, in the file's order; `fields` say where it has them.

    Besides id and output a row may have `sample` (0, 1, … where an item has several answers),
    `latency_ms`, `prompt_tokens`, `completion_tokens`, `finish_reason`, `served_model`,
    `system_fingerprint`, `reasoning`, `tool_calls` (with which an output may be null), `passages`,
    `error` in place of an output, and `scores`: an object of numbers, true, false or null by their
    names, or columns `scores.NAME`.
    A CSV holds only text, so numbers of columns may be written as text, and empty is absent.
    Raises DataError, also for a second answer with the same id and sample.
    """
    return answers_in(read_mapped_rows(path, fields))


def answers_in(
    rows: Iterable[Row], *, id_field: str = "id", output_field: str = "output"
) -> Iterator[RecordedAnswer]:
    """The answers that rows hold, as `read_answers`."""
    seen: dict[tuple[str, int], int] = {}
    for row in rows:
        identity = item_id(row, id_field), _count(row, "sample") or 0
        first = seen.setdefault(identity, row.line)
        if first != row.line:
            raise wrong(
                row,
                id_field,
                f"'{identity[0]}' was answered on line {first} already (sample {identity[1]}); "
                "several answers to an item need a `sample` field that counts 0, 1, …",
            )
        calls = _tool_calls(row)
        text, error = _output(row, output_field, calls=calls is not None)
        yield RecordedAnswer(
            item_id=identity[0],
            sample=identity[1],
            text=text,
            latency_ms=_quantity(row, "latency_ms"),
            prompt_tokens=_count(row, "prompt_tokens"),
            completion_tokens=_count(row, "completion_tokens"),
            line=row.line,
            error=error,
            scores=_scores(row),
            finish_reason=_word(row, "finish_reason", LONGEST_REASON, "such as stop"),
            served_model=_word(row, "served_model", LONGEST_SERVED, "the response's model"),
            fingerprint=_word(row, "system_fingerprint", LONGEST_SERVED, "such as fp_44709d"),
            reasoning=_reasoning(row),
            tool_calls=calls,
            passages=_passages(row),
        )


def _output(row: Row, name: str, *, calls: bool) -> tuple[str | None, str | None]:
    """The output's text, or what was recorded as the error in its place."""
    error = row.values.get("error") or None
    if error is not None:
        if row.values.get(name):
            raise wrong(row, name, "the row has both an output and an `error`; keep one of them")
        return None, error if isinstance(error, str) else json.dumps(error)
    value = row.values.get(name) if calls else field(row, name)
    if value is None and calls:
        return "", None
    if value is None:
        raise wrong(row, name, "null is not an answer; leave the row out, or record an `error`")
    if not isinstance(value, str):
        raise wrong(row, name, f"an output is text, and this one is {json.dumps(value)[:60]}")
    return value, None


def _word(row: Row, name: str, longest: int, such_as: str) -> str:
    value = row.values.get(name) or ""
    if not isinstance(value, str) or len(value) > longest:
        expected = f"a word of at most {longest} characters was expected, {such_as}"
        raise wrong(row, name, f"{expected}, not {_cut(value)}")
    return value


def _reasoning(row: Row) -> str:
    value = row.values.get("reasoning") or ""
    if not isinstance(value, str):
        raise wrong(row, "reasoning", f"a text was expected, not {_cut(value)}")
    return value


def _tool_calls(row: Row) -> list[dict[str, Any]] | None:
    """The tools that an answer calls; in a CSV, as JSON in a text."""
    value = row.values.get("tool_calls") or None
    try:
        return calls_of(parse_json(value) if isinstance(value, str) else value)
    except ValueError as error:
        raise wrong(row, "tool_calls", str(error)) from None


def _passages(row: Row) -> list[Passage] | None:
    """What a retriever gave the model; in a CSV, as JSON in a text."""
    value = row.values.get("passages")
    if value is None or value == "":
        return None
    try:
        value = parse_json(value) if isinstance(value, str) else value
        return None if value is None else passages_of(value, may_be_cut=True)
    except ValueError as error:
        raise wrong(row, "passages", str(error)) from None


def _scores(row: Row) -> dict[str, float] | None:
    """The scores that came with an answer, without those that are null."""
    raw = row.values.get(SCORES)
    raw = {} if raw is None or raw == "" else raw
    if not isinstance(raw, dict):
        raise wrong(row, SCORES, f"an object of numbers was expected, not {_cut(raw)}")
    scores: dict[str, float] = {}
    for name, value in raw.items():
        if isinstance(value, str):
            expected = "a number, true, false or null was expected"
            raise wrong(row, COLUMN + name, f"{expected}, not {_cut(value)}")
        _score(row, scores, name, value)
    for column in row.values:
        if column.startswith(COLUMN) and row.values[column] != "":
            _score(row, scores, column.removeprefix(COLUMN), row.values[column])
    if len(scores) > MOST_SCORES:
        raise wrong(row, SCORES, f"an answer has at most {MOST_SCORES} scores, not {len(scores)}")
    return scores or None


def _score(row: Row, scores: dict[str, float], name: str, value: object) -> None:
    if not 0 < len(name) <= LONGEST_NAME:
        raise wrong(row, SCORES, f"a score's name has 1 to {LONGEST_NAME} characters")
    if name in scores:
        twice = "is given twice, within `scores` and as a column: keep one of them"
        raise wrong(row, COLUMN + name, twice)
    if value is None:
        return
    try:
        scores[name] = finite_number(value)
    except ValueError as error:
        raise wrong(row, COLUMN + name, str(error)) from None


def _cut(value: object) -> str:
    return json.dumps(value)[:60]


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
