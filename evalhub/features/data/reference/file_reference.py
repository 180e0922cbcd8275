"""Questions of a file that a training file should represent. Pure but for the reading.

The file is laid out as a training file, or it holds questions alone: a row has one of the fields
`messages`, `conversations`, `instruction`, `input`, `question`, `prompt` and `text`. `user` says
who asked, `weight` how many requests it stands for; slices are as training rows have them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evalhub.features.data.checks.check import ReferenceText
from evalhub.features.data.rows.messages import RowError, list_in, read_conversation
from evalhub.features.data.rows.slices import slices_of_fields
from evalhub.io.item_fields import weight_of
from evalhub.io.rows import DataError, Row, read_rows, wrong

CHATS = ("messages", "conversations")
TEXTS = ("input", "question", "prompt", "text")
KNOWN = ", ".join((*CHATS, "instruction", *TEXTS))


def file_reference(path: Path) -> list[ReferenceText]:
    """The question of every row.

    Raises DataError: a file that can't be read, a row without a question, a weight that isn't a
    number above 0; it names the line and the field.
    """
    return list(_texts(path))


def _texts(path: Path) -> Iterator[ReferenceText]:
    for row in read_rows(path):
        name, text = _question(row)
        if not text.strip():
            raise wrong(row, name, "the question is empty: leave the row out")
        user = row.values.get("user")
        yield ReferenceText(
            text=text,
            user="" if user is None else str(user),
            slices=slices_of_fields(row.values),
            weight=weight_of(row, "weight") if row.values.get("weight") is not None else 1.0,
        )


def _question(row: Row) -> tuple[str, str]:
    """The field that holds the question, and its text."""
    values = row.values
    for name in CHATS:
        if values.get(name) is not None:
            return name, _last_of_user(row, name, values[name])
    if isinstance(values.get("instruction"), str):
        context = values.get("input")
        more = f"\n\n{context}" if isinstance(context, str) and context.strip() else ""
        return "instruction", f"{values['instruction']}{more}"
    for name in TEXTS:
        value = values.get(name)
        if isinstance(value, list) or (name == "input" and isinstance(value, dict)):
            chat = value.get("messages") if isinstance(value, dict) else value
            return name, _last_of_user(row, name, chat)
        if value is not None:
            if not isinstance(value, str):
                raise wrong(row, name, f"a question is a text, not {str(value)[:60]}")
            return name, value
    present = ", ".join(values)[:200] or "no fields"
    raise DataError(
        f"no question; the row has {present}, and one of {KNOWN} was expected",
        file=row.file,
        line=row.line,
    )


def _last_of_user(row: Row, name: str, raw: Any) -> str:
    try:
        conversation = read_conversation(list_in(raw, name, []), name, [])
    except RowError as error:
        raise wrong(row, error.field or name, error.message) from error
    asked = [message.text for message in conversation.messages if message.role == "user"]
    if not asked:
        raise wrong(row, name, "no message is the user's")
    return asked[-1]
