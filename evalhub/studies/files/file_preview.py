"""Preview an uploaded file: what its first rows seem to hold."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from evalhub.io.limits import WEB
from evalhub.io.rows import Row, read_rows

FIRST = 20
"""Rows that are looked at."""
LONG = 60
"""Characters of a reference that is a text to come near to, and not to meet."""

ITEM: Mapping[str, Sequence[str]] = {
    "id": ("id", "key", "item_id", "item", "question_id", "idx", "index", "qid", "uid"),
    "input": ("input", "prompt", "messages", "question", "instruction", "query", "problem", "text"),
    "reference": (
        *("reference", "references", "expected", "expected_output", "answer", "target", "label"),
        *("gold", "ideal", "solution", "answers"),
    ),
}
ANSWER: Mapping[str, Sequence[str]] = {
    "id": ITEM["id"],
    "output": (
        *("output", "answer", "response", "completion", "prediction", "generation"),
        *("generated_text", "model_output", "text", "result"),
    ),
}
"""By what a field means, what people call it, the likeliest first."""


@dataclass(frozen=True, slots=True)
class FilePreview:
    """The beginning of a file.

    Attributes:
        fields: names of the first rows' fields, in their order.
    """

    rows: Sequence[Row]
    fields: tuple[str, ...]

    def guess_fields(self, names: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """For each meaning, the field that seems to have it; meanings without one are left out."""
        small = {each.lower(): each for each in reversed(self.fields)}
        guesses = {
            meaning: next((small[each] for each in called if each in small), "")
            for meaning, called in names.items()
        }
        return {meaning: name for meaning, name in guesses.items() if name}

    @property
    def asks(self) -> bool:
        """Whether it seems to hold items, and not answers."""
        small = {each.lower() for each in self.fields}
        if small & {"output", "response", "completion", "prediction", "error"}:
            return False
        return bool(small & set(ITEM["input"]))


def glance(path: Path) -> FilePreview:
    """The first rows of a file. Raises evalhub.io.rows.DataError for one that can't be read."""
    rows = list(islice(read_rows(path, WEB), FIRST))
    return FilePreview(rows, tuple(dict.fromkeys(name for row in rows for name in row.values)))


def propose_metric(references: Sequence[Any]) -> str:
    """The metric that fits such references best; one without references if there are none."""
    flat = [one for each in references for one in _several(each)]
    if not flat:
        return "length"
    texts = [each.strip() for each in flat if isinstance(each, str)]
    if all(_is_number(each) for each in flat):
        return "numeric_match"
    if len(texts) < len(flat) or all(each.startswith("{") and _is_json(each) for each in texts):
        return "json_fields" if all(_is_object(each) for each in flat) else "exact_match"
    if all(len(each) == 1 and "A" <= each <= "J" for each in texts):
        return "multiple_choice"
    return "token_f1" if sum(map(len, texts)) > LONG * len(texts) else "exact_match"


def _several(reference: Any) -> Iterator[Any]:
    references = reference if isinstance(reference, list) else [reference]
    return (each for each in references if each is not None and each != "")


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        float(value.replace(",", "") if isinstance(value, str) else value)
    except ValueError:
        return False
    return True


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, str) and _is_json(value))


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
