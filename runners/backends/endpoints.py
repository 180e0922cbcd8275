"""The endpoints that an operator made, as EVALHUB_ENDPOINTS names them to this process."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.endpoints import Endpoint, Endpoints
from runners.backends.asking import BackendError

VARIABLE = "EVALHUB_ENDPOINTS"


def endpoints() -> Mapping[str, Endpoint]:
    """By alias. Raises BackendError for what can't be read, without repeating any of it."""
    return read_endpoints()[0]


def endpoint_named(alias: str) -> tuple[Endpoint, Path]:
    """The endpoint, and the folder that its `key_file` is relative to. Raises BackendError."""
    endpoints, folder = read_endpoints()
    if alias not in endpoints:
        alternatives = f"there are {', '.join(endpoints)}" if endpoints else "it names none"
        raise BackendError(
            f"backend, field 'endpoint': there is no endpoint {alias!r} where the worker runs; "
            f"an operator makes one in {VARIABLE} ({alternatives})"
        )
    return endpoints[alias], folder


def read_endpoints() -> tuple[Mapping[str, Endpoint], Path]:
    """What the variable says, and the folder it is relative to. Raises BackendError."""
    from django.conf import settings

    variable: str = settings.ENDPOINTS.strip()
    if not variable:
        return {}, Path()
    folder = Path() if variable.startswith("{") else Path(variable).expanduser().parent
    try:
        declaration = validate(Endpoints, {"endpoints": _read(variable)})
    except DeclarationError as error:
        at = error.field.removeprefix("endpoints").removeprefix(".")
        where = f", field '{at}'" if at else ""
        raise BackendError(f"{VARIABLE}{where}: {error.message}") from None
    return declaration.endpoints, folder


def _read(variable: str) -> Any:
    if variable.startswith("{"):
        return _parse(variable, json.loads, "JSON")
    path = Path(variable).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "isn't UTF-8"
        raise BackendError(f"{VARIABLE}: {path} can't be read: {why}") from None
    if path.suffix.lower() == ".toml":
        return _parse(text, tomllib.loads, "TOML")
    return _parse(text, json.loads, "JSON")


def _parse(text: str, parse: Any, language: str) -> Any:
    try:
        return parse(text)
    except (ValueError, RecursionError):
        # What was given isn't repeated: it may hold a key.
        raise BackendError(
            f"{VARIABLE} isn't {language}: it is a JSON document, or the path of a JSON or TOML "
            'file, such as {"support": {"url": "https://models.example.org/v1", "key_env": '
            '"SUPPORT_KEY"}}'
        ) from None
