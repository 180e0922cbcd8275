"""What of a row is its label: a short answer, a field `label`, a key of an answer in JSON. Pure."""

import json
from collections.abc import Mapping

from evalhub.features.data.rows.training_rows import TrainingRow

LONGEST_LABEL = 40
"""Characters of an answer that may be a label."""
MOST_WORDS = 6
ANSWER = "answer"
"""The place of a label that is all of the answer."""
LABEL_FIELDS = ("label", "labels", "category", "class", "intent", "sentiment", "topic", "target")
LONGEST_JSON = 20_000
"""Characters of an answer that is read as JSON."""
MOST_KEYS = 50


def is_short(answer: str) -> bool:
    """Whether an answer is so short that it may be a label."""
    text = answer.strip()
    return 0 < len(text) <= LONGEST_LABEL and "\n" not in text and len(text.split()) <= MOST_WORDS


def is_json(answer: str) -> bool:
    """Whether an answer is an object or a list in JSON, also in a code fence."""
    return _json_value(answer) is not None


def json_object(answer: str) -> Mapping[str, object] | None:
    """The object that an answer is in JSON, without a code fence around it; None: it is none."""
    value = _json_value(answer)
    return value if isinstance(value, dict) else None


def _json_value(answer: str) -> object | None:
    text = answer.strip()
    if text.startswith("```") and text.endswith("```"):
        text = text.strip("`").removeprefix("json").strip()
    if not text.startswith(("{", "[")) or len(text) > LONGEST_JSON:
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def labels_of(row: TrainingRow) -> dict[str, str]:
    """The row's labels as they are written, by place: "answer", "field label", "key intent"."""
    labels: dict[str, str] = {}
    for name in LABEL_FIELDS:
        if name in row.fields and (text := _scalar_text(row.fields[name])):
            labels[f"field {name}"] = text
    if (answer := json_object(row.answer)) is not None:
        for key, value in [*answer.items()][:MOST_KEYS]:
            if text := _scalar_text(value):
                labels[f"key {key[:LONGEST_LABEL]}"] = text
    elif is_short(row.answer):
        labels[ANSWER] = row.answer
    return labels


def _scalar_text(value: object) -> str:
    """A text or number as it may be a label; "" for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value) if isinstance(value, str | int) else ""
    return text if is_short(text) else ""
