"""Rows of answers with their scores, in a JSON array or JSONL: what any script can write.

A row has an `id`, an `output` or an `error`, and its scores: `score: 1`, or several by name,
`scores: {f1: 0.8, exact: 1}` (of a CSV columns `scores.f1`). It may have the `input`, a
`reference`, a `task`, an `arm` and a `sample`. Rows are paired by task and id.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evalhub.importers.fields import count_or_none, mapping, number_or_none, score, whole
from evalhub.importers.log import AskedItem, GivenAnswer, LoggedArm, Task, ToolMetric, chat, text_of
from evalhub.io.limits import Limits
from evalhub.io.numbers import finite_number
from evalhub.io.row_paths import USUAL, RowMapping, read_mapped_rows
from evalhub.io.rows import DataError, Row, is_delimited, item_id, wrong

TASK, SCORE = "items", "score"
COLUMN = "scores."
NUMBERS = frozenset(["sample", "score", "latency_ms", "prompt_tokens", "completion_tokens"])
USED = frozenset(
    [
        "id",
        "task",
        "arm",
        "sample",
        "input",
        "reference",
        "output",
        "error",
        "score",
        "scores",
        "latency_ms",
        "prompt_tokens",
        "completion_tokens",
    ]
)


def read(path: Path, limits: Limits, fields: RowMapping = USUAL) -> list[LoggedArm]:
    """An arm for each `arm` that rows name; one, called as the file, where none does.

    Args:
        path: a file of rows; or a folder, whose Parquet files are read one after the other.
        fields: where the rows are, and what is read of each.

    Raises DataError.
    """
    arms: dict[str, LoggedArm] = {}
    seen: dict[tuple[str, str, str, int], Row] = {}
    for row in _rows(path, limits, fields):
        row = _with_types(row) if is_delimited(row.file) else row
        name = _id_or(row, "arm", path.name.split(".")[0])
        arm = arms.setdefault(name, LoggedArm(name, path))
        task = _id_or(row, "task", TASK)
        of = arm.tasks.setdefault(task, Task(task, Path(row.file)))
        item = _item(row)
        sample = whole(row, "sample") if "sample" in row.values else 0
        first = seen.setdefault((name, task, item.key, sample), row)
        if first is not row:
            raise wrong(
                row,
                "id",
                f"{item.key!r} was answered {_at(first, row)} already (sample {sample}); "
                "several answers to an item need a `sample` that counts 0, 1, …",
            )
        of.ask(item)
        of.answers.append(_answer(row, item.key, sample))
    for arm in arms.values():
        for of in arm.tasks.values():
            _measure(of)
    return list(arms.values())


def _rows(path: Path, limits: Limits, fields: RowMapping) -> Iterator[Row]:
    if not path.is_dir():
        yield from read_mapped_rows(path, fields, limits)
        return
    files = sorted(path.rglob("*.parquet"))
    if not files:
        raise DataError("holds no Parquet file (.parquet); name a file", file=str(path))
    for file in files:
        yield from read_mapped_rows(file, fields, limits)


def _at(first: Row, row: Row) -> str:
    """The first row's file and line, for an error about the second."""
    other = "" if first.file == row.file else f" of {Path(first.file).name}"
    return f"on line {first.line}{other}"


def _with_types(row: Row) -> Row:
    """A row of a CSV, which holds only text, as JSON has it: numbers, and what isn't empty.

    Columns `scores.NAME` are its scores. Raises DataError.
    """
    values: dict[str, Any] = {}
    for name, value in row.values.items():
        numeric = name in NUMBERS or name.startswith(COLUMN)
        if value == "":
            continue
        try:
            number = finite_number(value) if numeric else 0.0
        except ValueError as error:
            raise wrong(row, name, str(error)) from error
        if name.startswith(COLUMN):
            values.setdefault("scores", {})[name.removeprefix(COLUMN)] = number
        elif numeric:
            values[name] = int(number) if number.is_integer() else number
        else:
            values[name] = value
    return row._replace(values=values)


def _id_or(row: Row, name: str, usual: str) -> str:
    return item_id(row, name) if name in row.values else usual


def _item(row: Row) -> AskedItem:
    reference = row.values.get("reference")
    references = reference if isinstance(reference, list) else [reference]
    key = item_id(row)
    return AskedItem(
        key=key,
        input=chat(row.values.get("input") or key),
        references=[reference for reference in references if reference is not None],
        fields={name: value for name, value in row.values.items() if name not in USED},
        has_own_id=True,
        line=row.line,
    )


def _answer(row: Row, key: str, sample: int) -> GivenAnswer:
    error = row.values.get("error")
    output: Any = row.values.get("output")
    if error and output:
        raise wrong(row, "output", "the row has both an output and an `error`; keep one of them")
    scores = {
        name: score(row, f"scores.{name}", value)
        for name, value in (mapping(row, "scores") if "scores" in row.values else {}).items()
    }
    if SCORE in row.values:
        if SCORE in scores:
            raise wrong(row, SCORE, "stands among the `scores` too")
        scores[SCORE] = score(row, SCORE, row.values[SCORE])
    if error and any(score is not None for score in scores.values()):
        raise wrong(row, "error", "stands in place of an answer: it has no scores")
    return GivenAnswer(
        key=key,
        sample=sample,
        output=None if error or output is None else text_of(output),
        scores=scores,
        error=text_of(error) if error else "",
        line=row.line,
        latency_ms=number_or_none(row, "latency_ms"),
        prompt_tokens=count_or_none(row, "prompt_tokens"),
        completion_tokens=count_or_none(row, "completion_tokens"),
    )


def _measure(task: Task) -> None:
    names = dict.fromkeys(name for answer in task.answers for name in answer.scores)
    for answer in task.answers:
        answer.scores.update({name: None for name in names if name not in answer.scores})
    task.metrics = {name: ToolMetric(name) for name in names}
    task.headline = next(iter(names)) if len(names) == 1 else ""
