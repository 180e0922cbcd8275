"""Pairs of answers in a file of one's own, read for a review: no models, no study.

What is wrong is a DataError that names the file, the line and the field. Nothing is written
here but the files that the registry's verbs read.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from evalhub.declare.review import KNOWN, Expected
from evalhub.io.limits import COMMAND, Limits
from evalhub.io.rows import DataError, Row, item_id, read_rows, wrong
from evalhub.io.rows import field as field_of

ARMS = ("left", "right")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which fields of a row make a pair; `meta.prompt` reaches into an object.

    The `left` answers are the baseline's, the `right` ones the candidate's: which side a reviewer
    sees them on is drawn for each turn. Without a field named `id` the row's line is the id;
    the others are taken where they are named, or where a row has the field of that very name.
    """

    prompt: str = "prompt"
    left: str = "left"
    right: str = "right"
    id: str = "id"
    context: str = "context"
    tags: str = "tags"
    cluster: str = "cluster"
    expected: str = "expected"
    feedback: str = "feedback"
    practice: str = "practice"


USUAL = Columns()


@dataclass(slots=True)
class Split:
    """The pairs of an upload, split into files that the registry reads.

    `lines` has the line of the upload for each line of `items` and `answers`.
    """

    items: Path
    answers: dict[str, Path]
    lines: dict[str, list[int]] = field(default_factory=lambda: {arm: [] for arm in ARMS})


def split_pairs(
    path: Path,
    *,
    into: Path,
    columns: Columns = USUAL,
    right_path: Path | None = None,
    limits: Limits = COMMAND,
) -> Split:
    """Takes an upload apart into items and each side's answers, joined on the items' ids.

    With `right_path` the right answers stand in a file of their own, in any order: every id must
    be in both files, once. Raises DataError for whatever is wrong; never joins on the order.
    """
    answers = {arm: into / f".{arm}.jsonl" for arm in ARMS}
    split = Split(into / path.with_suffix(".jsonl").name, answers)
    seen: dict[str, int] = {}
    with (
        split.items.open("w", encoding="utf-8") as items,
        split.answers["left"].open("w", encoding="utf-8") as left,
    ):
        for row, key in _with_ids(path, columns, limits, needed=right_path is not None):
            _once(row, key, columns, seen)
            items.write(_line(_item(row, key, columns) | _expected_answer(row, columns)))
            left.write(_line({"id": key, "output": _answer(row, columns.left)}))
            split.lines["left"].append(row.line)
    _write_right(split, right_path or path, columns, seen, limits, own_file=right_path is not None)
    if right_path is not None and len(split.lines["right"]) < len(seen):
        _refuse_missing(path, right_path, columns, seen, limits)
    return split


def _write_right(
    split: Split,
    path: Path,
    columns: Columns,
    keys: Mapping[str, int],
    limits: Limits,
    *,
    own_file: bool,
) -> None:
    seen: dict[str, int] = {}
    with split.answers["right"].open("w", encoding="utf-8") as right:
        for row, key in _with_ids(path, columns, limits, needed=own_file):
            if key not in keys:
                raise wrong(row, columns.id, f"there is no item '{key}' in the other file")
            _once(row, key, columns, seen)
            right.write(_line({"id": key, "output": _answer(row, columns.right)}))
            split.lines["right"].append(row.line)


def _refuse_missing(
    path: Path, right_path: Path, columns: Columns, keys: Mapping[str, int], limits: Limits
) -> None:
    right_keys = {key for _, key in _with_ids(right_path, columns, limits, needed=True)}
    key = next(key for key in keys if key not in right_keys)
    raise DataError(
        f"item '{key}' has no answer in {right_path.name}", file=str(path), line=keys[key],
        field=columns.id,
    )  # fmt: skip


def _with_ids(
    path: Path, columns: Columns, limits: Limits, *, needed: bool
) -> Iterator[tuple[Row, str]]:
    """Each row with its item's id: its own, or where no row has one, its line.

    `needed` is where two files are joined, on nothing but the id.
    """
    by_line: bool | None = None
    for row in read_rows(path, limits):
        if by_line is None:
            by_line = columns.id == USUAL.id and columns.id not in row.values and not needed
        yield row, f"line-{row.line}" if by_line else item_id(row, columns.id)


def _once(row: Row, key: str, columns: Columns, seen: dict[str, int]) -> None:
    first = seen.setdefault(key, row.line)
    if first != row.line:
        raise wrong(row, columns.id, f"'{key}' is the id on line {first} already; ids are unique")


def _item(row: Row, key: str, columns: Columns) -> dict[str, Any]:
    item: dict[str, Any] = {"id": key, "input": field_of(row, columns.prompt)}
    for name in ("context", "tags", "cluster"):
        column = getattr(columns, name)
        if column != name or column in row.values:
            item[name] = field_of(row, column)
    return item


def _answer(row: Row, name: str) -> str:
    value = field_of(row, name)
    if not isinstance(value, str):
        raise wrong(row, name, f"an answer is text, and this one is {json.dumps(value)[:60]}")
    return value


def _expected_answer(row: Row, columns: Columns) -> dict[str, Any]:
    """What the answer should be, where the row says so, as an item keeps it (`KNOWN`)."""
    if columns.expected == USUAL.expected and columns.expected not in row.values:
        return {}
    value = field_of(row, columns.expected)
    if value in (None, ""):
        return {}
    sides = {"left": "baseline", "right": "candidate"}
    expected = sides.get(value, value) if isinstance(value, str) else ""
    if expected not in get_args(Expected):
        quoted = json.dumps(value)[:60]
        raise wrong(row, columns.expected, f"use left, right, tie or both-bad, not {quoted}")
    feedback = row.values.get(columns.feedback) or ""
    if not isinstance(feedback, str):
        raise wrong(row, columns.feedback, "feedback is text")
    practice = row.values.get(columns.practice) in (True, 1, "1", "true", "yes")
    return {KNOWN: {"expected": expected, "feedback": feedback, "practice": practice}}


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False) + "\n"
