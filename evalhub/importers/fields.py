"""A row's fields by the type that a tool's format gives them. Errors name file, line and field."""

from typing import Any

from evalhub.io.numbers import finite_number, quote
from evalhub.io.rows import Row, field, wrong


def text(row: Row, name: str) -> str:
    """A text that isn't empty. Raises DataError."""
    value = field(row, name)
    if not isinstance(value, str) or not value:
        raise wrong(row, name, f"a text was expected, not {quote(value)}")
    return value


def mapping(row: Row, name: str) -> dict[str, Any]:
    """An object. Raises DataError."""
    value = field(row, name)
    if not isinstance(value, dict):
        raise wrong(row, name, f"an object with fields was expected, not {quote(value)}")
    return value


def listing(row: Row, name: str) -> list[Any]:
    """A list. Raises DataError."""
    value = field(row, name)
    if not isinstance(value, list):
        raise wrong(row, name, f"a list was expected, not {quote(value)}")
    return value


def whole(row: Row, name: str) -> int:
    """A whole number of 0 or more. Raises DataError."""
    value = field(row, name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise wrong(row, name, f"a whole number of 0 or more was expected, not {quote(value)}")
    return value


def score(row: Row, name: str, value: Any) -> float | None:
    """A score: a number, true (1) or false (0); null: nothing was scored. Raises DataError."""
    if value is None:
        return None
    if not isinstance(value, int | float):
        raise wrong(row, name, f"a score is a number, true, false or null, not {quote(value)}")
    try:
        return finite_number(value)
    except ValueError as error:
        raise wrong(row, name, str(error)) from error


def count_or_none(row: Row, name: str) -> int | None:
    """A whole number where the row has one there, and else None: what costs tell isn't needed."""
    value = _reach(row, name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def number_or_none(row: Row, name: str) -> float | None:
    """A number of 0 or more where the row has one there, and else None."""
    value = _reach(row, name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e12:
        return None
    return float(value)


def _reach(row: Row, name: str) -> Any:
    value: Any = row.values
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
