"""Fields of an item that are read where they are named alone: choices, tools, weight, and which
passages hold its answer. In a CSV lists stand as JSON in a text."""

import json
from contextlib import suppress
from typing import Any

from evalhub.io.json_values import parse_json
from evalhub.io.numbers import finite_number
from evalhub.io.passages import LONGEST_ID
from evalhub.io.rows import Row, field, wrong
from evalhub.io.tools import tools_of

OPTIONAL_FIELDS = ("choices", "tools", "relevant", "answerable", "weight")
"""Names of the fields that are read where they are named alone."""


def choices_of(row: Row, name: str) -> list[str]:
    """Texts; in a CSV, as JSON in a text."""
    value = field(row, name)
    if isinstance(value, str):
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    if not isinstance(value, list) or not value:
        raise wrong(row, name, f"choices are a list of texts, and this one is {quoted(value)}")
    for index, choice in enumerate(value):
        if not isinstance(choice, str) or not choice.strip():
            raise wrong(
                row, f"{name}[{index}]", f"a choice is a text, and this one is {quoted(choice)}"
            )
    if len(set(value)) < len(value):
        raise wrong(row, name, "two of the choices are the same")
    return value


def tools_in(row: Row, name: str) -> list[dict[str, Any]] | None:
    """Tools as OpenAI's protocol has them; in a CSV, as JSON in a text."""
    value = field(row, name)
    try:
        return tools_of(parse_json(value) if isinstance(value, str) and value else value or None)
    except ValueError as flaw:
        raise wrong(row, name, str(flaw)) from None


def weight_of(row: Row, name: str) -> float:
    """The weight in a field of a row. Raises DataError for what isn't a number above 0."""
    value = field(row, name)
    try:
        weight = finite_number(value)
    except ValueError as flaw:
        raise wrong(row, name, str(flaw)) from None
    if weight <= 0:
        raise wrong(row, name, f"a weight is a number above 0, and this one is {quoted(value)}")
    return weight


def relevant_of(row: Row, name: str) -> list[str] | None:
    """Ids of the passages that hold the item's answer, each once; None where nobody said.

    A list of texts or whole numbers, or one of them. Raises DataError for anything else.
    """
    value = field(row, name)
    if isinstance(value, str) and (value.strip()[:1], value.strip()[-1:]) == ("[", "]"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise wrong(
                row,
                name,
                'a list of ids in a text is JSON, such as ["a", "b"], and this one is '
                f"{quoted(value)}",
            ) from None
    if value is None or value == "":
        return None
    ids = value if isinstance(value, list) else [value]
    for index, key in enumerate(ids):
        whole = isinstance(key, int) and not isinstance(key, bool)
        if not whole and not (isinstance(key, str) and 0 < len(key) <= LONGEST_ID):
            at = f"{name}[{index}]" if isinstance(value, list) else name
            raise wrong(
                row,
                at,
                f"a passage's id is a text of 1 to {LONGEST_ID} characters, and this one is "
                f"{quoted(key)}",
            )
    return list(dict.fromkeys(map(str, ids)))


def answerable_of(row: Row, name: str) -> bool:
    """Whether the documents hold the item's answer: true where the field is empty.

    Raises DataError for what is neither true nor false.
    """
    value = field(row, name)
    if isinstance(value, str):
        value = {"true": True, "false": False, "": None}.get(value.strip().lower(), value)
    if value is None:
        return True
    if not isinstance(value, bool):
        raise wrong(row, name, f"true or false was expected, and this one is {quoted(value)}")
    return value


def quoted(value: Any) -> str:
    """The beginning of a value as JSON, for an error."""
    return json.dumps(value, ensure_ascii=False)[:60]
