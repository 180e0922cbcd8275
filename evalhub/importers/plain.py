"""What a log holds, as the plain files that test sets and recorded answers are made of.

Items stand in the order of their keys: two logs of the same items make the same file, whatever
order each of them has.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from evalhub.importers.log import AskedItem, GivenAnswer, Task, digestible
from evalhub.io.full_disk import whole_or_gone
from evalhub.io.rows import DataError

DOCUMENT = "document"
"""Field of an item with what else the log holds of it."""


class PlainFile:
    """A file of rows, with the lines of the log that they were made of."""

    def __init__(self, path: Path, log: Path) -> None:
        self.path, self.log = path, log
        self._lines: list[int | None] = []

    def write(self, rows: Iterable[tuple[int | None, Mapping[str, Any]]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with whole_or_gone(self.path), self.path.open("w", encoding="utf-8") as file:
            for line, row in rows:
                self._lines.append(line)
                file.write(f"{json.dumps(row, ensure_ascii=False)}\n")

    def digest(self) -> str:
        """SHA-256 of the file."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def of_log(self, error: DataError) -> DataError:
        """An error about this file as one about the log: its line there."""
        if error.file != str(self.path):
            return error
        line = self._lines[error.line - 1] if error.line else None
        return DataError(error.message, file=str(self.log), line=line, field=error.field)


def items_file(items: Iterable[AskedItem], path: Path, log: Path) -> PlainFile:
    """Items as rows: id, input, reference, cluster where there is one, and the document where the
    key is made of it: of an item that has a name it may hold what is a run's own."""
    file = PlainFile(path, log)
    file.write((item.line, item_row(item)) for item in sorted(items, key=lambda item: item.key))
    return file


def whole_items_file(
    items: Iterable[AskedItem], path: Path, log: Path, right: Mapping[str, list[Any]]
) -> PlainFile:
    """Items as rows, each with a cluster and its document.

    Args:
        right: by key, right answers that the log doesn't have.
    """
    file = PlainFile(path, log)
    file.write(
        (
            item.line,
            item_row(item)
            | {"reference": right.get(item.key, item.references)}
            | {"cluster": item.cluster or item.key, DOCUMENT: item.fields},
        )
        for item in items
    )
    return file


def answers_file(task: Task, path: Path) -> PlainFile:
    """Answers as rows: id, sample, the output or the error, the scores that there are, and what
    it took. Raises DataError for a score without an answer."""
    file = PlainFile(path, task.file)
    file.write((answer.line, _answer(answer, task)) for answer in task.answers)
    return file


def item_row(item: AskedItem) -> dict[str, Any]:
    """An item as a row of a test set's file."""
    row: dict[str, Any] = {
        "id": item.key,
        "input": item.input or digestible(item.fields or item.key),
        "reference": item.references,
    }
    if item.cluster:
        row["cluster"] = item.cluster
    if item.fields and not item.has_own_id:
        row[DOCUMENT] = item.fields
    return row


def _answer(answer: GivenAnswer, task: Task) -> dict[str, Any]:
    row: dict[str, Any] = {"id": answer.key, "sample": answer.sample}
    if answer.output is None and not answer.error:
        raise DataError(
            "has scores and no output: a run keeps answers; bare scores are taken by `evalhub "
            "compare --from` and `evalhub decide`",
            file=str(task.file),
            line=answer.line,
            field="output",
        )
    if answer.output is None:
        row["error"] = answer.error
    else:
        row["output"] = answer.output
        row["scores"] = {
            name: value for name, value in answer.scores.items() if name in task.metrics
        }
    usage = {
        "latency_ms": answer.latency_ms,
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
    }
    return row | {name: value for name, value in usage.items() if value is not None}
