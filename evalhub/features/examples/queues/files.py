"""A file of examples as drafts, each with its file, digest and line as provenance."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evalhub.io.limits import COMMAND, Limits
from evalhub.io.rows import DataError, Row, read_rows, wrong
from reviews.errors import DraftError
from reviews.examples.drafts import ExampleDraft
from reviews.models import ExampleSource

INPUTS = ("input", "messages", "prompt", "question")
PROPOSALS = ("proposal", "answer", "completion", "output")
TEXTS = ("context", "licence", "model", "model_prompt", "expected")
READ = frozenset((*INPUTS, *PROPOSALS, *TEXTS, "tags", "gold"))


def drafts_of_file(
    path: Path, *, labels: tuple[str, ...] = (), limits: Limits = COMMAND
) -> Iterator[ExampleDraft]:
    """The drafts of a file: JSONL, CSV, a JSON array or Parquet, one row an example.

    A row has one of `input`, `messages`, `prompt` or `question`, and may have a proposed answer
    (`proposal`, `answer`, `completion` or `output`), `context`, `tags`, `licence`, `model` and
    `model_prompt` (who proposed it, and how it was asked), `gold` and `expected`. Where the last
    of `messages` is the assistant's, it is the proposal. Other fields are kept with the example.

    Raises DataError, while reading, naming file, line and field.
    """
    digest = _sha256(path)
    for row in read_rows(path, limits):
        draft = _draft(row, {"name": path.name, "sha256": digest, "line": row.line})
        try:
            draft.check(row.line, labels)
        except DraftError as error:
            raise wrong(row, _field_of(row, error.field), error.reason) from error
        yield draft


def _draft(row: Row, reference: Mapping[str, Any]) -> ExampleDraft:
    value = row.values[_one_of(row, INPUTS, required=True)]
    name = _one_of(row, PROPOSALS, required=False)
    proposal = _text(row, name) if name else ""
    if isinstance(value, list) and not name and len(value) > 1 and _is_answer(value[-1]):
        value, proposal = value[:-1], value[-1]["content"]
    gold = row.values.get("gold", False)
    if not isinstance(gold, bool):
        raise wrong(row, "gold", "true or false")
    return ExampleDraft(
        input=value,
        source=ExampleSource.FILE,
        proposal=proposal,
        tags=_tags(row),
        metadata={name: each for name, each in row.values.items() if name not in READ},
        reference=reference,
        context=_text(row, "context"),
        licence=_text(row, "licence"),
        model=_text(row, "model"),
        prompt=_text(row, "model_prompt"),
        gold=gold,
        expected=_text(row, "expected"),
    )


def _one_of(row: Row, names: tuple[str, ...], *, required: bool) -> str:
    """The field of these that the row has; "" where it has none and needs none."""
    present = [name for name in names if row.values.get(name) is not None]
    if len(present) > 1:
        raise wrong(row, present[1], f"stands beside {present[0]!r}; give one of them")
    if not present and required:
        raise DataError(
            f"needs one of {', '.join(names)}", file=row.file, line=row.line, field=names[0]
        )
    return present[0] if present else ""


def _text(row: Row, name: str) -> str:
    value = row.values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong(row, name, "a text")
    return value


def _tags(row: Row) -> list[str]:
    tags = row.values.get("tags") or []
    tags = [tags] if isinstance(tags, str) else tags
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise wrong(row, "tags", "a list of texts")
    return tags


def _is_answer(message: object) -> bool:
    """Whether a message is one of the assistant that says something and calls nothing."""
    if not isinstance(message, dict) or message.get("role") != "assistant":
        return False
    return isinstance(message.get("content"), str) and not message.get("tool_calls")


def _field_of(row: Row, field: str) -> str:
    """What a draft's field is called in this row."""
    names = {"input": INPUTS, "proposal": PROPOSALS, "prompt": ("model_prompt",)}.get(field, ())
    return next((name for name in names if name in row.values), field)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""  # reading the rows says what is wrong with the file
