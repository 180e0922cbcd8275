"""A decision record's fields, each read with the type it must have. Pure."""

from collections.abc import Mapping, Sequence
from math import inf
from sys import float_info
from typing import Any

from evalhub.files.rows import JsonError

LARGEST = float_info.max


def value_of(row: Mapping[str, Any], name: str, at: str) -> Any:
    if name not in row:
        raise JsonError("missing; a decision record has it", f"{at}{name}")
    return row[name]


def an_object(value: Any, at: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise JsonError("a JSON object was expected", at)
    return value


def a_list(row: Mapping[str, Any], name: str, at: str) -> list[Any]:
    value = value_of(row, name, at)
    if not isinstance(value, list):
        raise JsonError("a list was expected", f"{at}{name}")
    return value


def a_text(row: Mapping[str, Any], name: str, at: str) -> str:
    value = value_of(row, name, at)
    if not isinstance(value, str):
        raise JsonError("text was expected", f"{at}{name}")
    return value


def texts(row: Mapping[str, Any], name: str, at: str) -> Sequence[str]:
    values = a_list(row, name, at)
    if not all(isinstance(each, str) for each in values):
        raise JsonError("a list of texts was expected", f"{at}{name}")
    return values


def a_flag(row: Mapping[str, Any], name: str, at: str) -> bool:
    value = value_of(row, name, at)
    if not isinstance(value, bool):
        raise JsonError("true or false was expected", f"{at}{name}")
    return value


def a_count(row: Mapping[str, Any], name: str, at: str, *, least: int = 0) -> int:
    value = value_of(row, name, at)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise JsonError(f"a whole number of at least {least} was expected", f"{at}{name}")
    return value


def a_number(
    row: Mapping[str, Any], name: str, at: str, *, least: float = -inf, most: float = inf
) -> float:
    value = value_of(row, name, at)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise JsonError("a number was expected", f"{at}{name}")
    if not (least <= value <= most and abs(value) <= LARGEST):
        raise JsonError(f"{value} doesn't lie between {least:g} and {most:g}", f"{at}{name}")
    return value


def a_positive(row: Mapping[str, Any], name: str, at: str, *, most: float = inf) -> float:
    value = a_number(row, name, at, least=0, most=most)
    if value == 0:
        raise JsonError("more than 0 was expected", f"{at}{name}")
    return value


def one_of[T: str](row: Mapping[str, Any], name: str, at: str, known: Sequence[T]) -> T:
    value = a_text(row, name, at)
    for each in known:
        if each == value:
            return each
    raise JsonError(f"one of {', '.join(known)} was expected", f"{at}{name}")


def a_number_or_none(row: Mapping[str, Any], name: str, at: str, **limits: float) -> float | None:
    """A number, or None where the field is null or absent, as in a record of an older version."""
    return None if row.get(name) is None else a_number(row, name, at, **limits)
