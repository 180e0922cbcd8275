"""How options are read: each parser gives the value to use, or raises ValueError saying what
would be right. Heavy libraries are imported by the parser that needs them.
"""

import math
from collections.abc import Callable
from typing import Any


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def quantity(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    if not math.isfinite(value) or value < 0:
        raise ValueError("must be a finite number, 0 or more")
    return float(value)


def names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("must be a list of names")
    if not all(isinstance(name, str) and name for name in value):
        raise ValueError("must be a list of names, each of them text")
    return tuple(value)


def letters(value: Any) -> str:
    if not isinstance(value, str) or not (value.isascii() and value.isalpha() and value.isupper()):
        raise ValueError("must be capital letters, such as ABCD")
    return value


def one_of(*choices: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return str(value)

    return parse


def pattern(value: Any) -> Any:
    from runners.metrics.pattern import compiled

    return compiled(value)


def schema(value: Any) -> Any:
    from runners.metrics.json_schema import validator

    return validator(value)
