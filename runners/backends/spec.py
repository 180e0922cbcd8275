"""How a backend's specification is checked, field by field."""

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

REQUIRED = object()


class BackendError(Exception):
    """A backend that can't be used as it is specified or configured."""


class BackendUnreachable(BackendError):
    """Nothing answers at the backend's address."""

    START = "nothing answers at "

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"{self.START}{url} ({why})")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `read` gives the value to use, or raises ValueError saying what is right."""

    read: Callable[[Any], Any]
    default: Any = REQUIRED


def read_fields(given: Any, fields: Mapping[str, Field], where: str) -> dict[str, Any]:
    """The checked values with their defaults. Raises BackendError, naming the field."""
    if not isinstance(given, Mapping):
        raise BackendError(f"{where}: must be a mapping of {', '.join(fields)}")
    if unknown := [name for name in given if name not in fields]:
        raise BackendError(
            f"{where}, field '{unknown[0]}': isn't known here; known are {', '.join(fields)}"
        )
    values = {}
    for name, field in fields.items():
        if name not in given and field.default is REQUIRED:
            raise BackendError(f"{where}, field '{name}': is missing")
        try:
            values[name] = field.read(given[name]) if name in given else field.default
        except ValueError as error:
            raise BackendError(f"{where}, field '{name}': {error}") from error
    return values


def text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be text")
    return value


def one_of(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be {' or '.join(choices)}")
        return str(value)

    return read


def whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return value

    return read


def number(least: float, most: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("must be a number")
        if not math.isfinite(value) or not least <= value <= most:
            raise ValueError(f"must be a number from {least:g} to {most:g}")
        return value

    return read


def base_url(value: Any) -> str:
    """An http address without its last slash, such as http://127.0.0.1:8000/v1.

    `${NAME}` stands for the value of an environment variable where the worker runs, so that one
    version can be asked wherever it is served.
    """
    if not isinstance(value, str):
        raise ValueError("must be an address such as http://127.0.0.1:8000/v1")
    if named := re.fullmatch(r"\$\{([A-Za-z_]\w*)\}", value, re.ASCII):
        if not os.environ.get(named[1]):
            raise ValueError(f"names the environment variable {named[1]}, which isn't set here")
        value = os.environ[named[1]]
    parts = urlsplit(value.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address such as http://127.0.0.1:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must hold no user, key or query: name the key's variable in 'key_env'")
    if parts.path.rstrip("/").endswith("/completions"):
        raise ValueError("must be the base, ending in /v1: the rest is added by 'api'")
    return str(value).strip().rstrip("/")


def variable(value: Any) -> str | None:
    """The name of an environment variable. What was given isn't repeated: it may be a key."""
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z_]\w*", value, re.ASCII):
        raise ValueError("must be the name of an environment variable that holds the key, or null")
    return value


def stops(value: Any) -> list[str]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(one, str) and one for one in given):
        raise ValueError("must be a text or a list of texts")
    return given


def body_without(*ours: str) -> Callable[[Any], dict[str, Any]]:
    """Fields merged into a request's body, none of them one that is set elsewhere."""

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError("must be a mapping of fields for the request's body")
        if taken := [name for name in value if name in ours]:
            raise ValueError(f"can't set '{taken[0]}', which is set elsewhere in the version")
        return value

    return read
