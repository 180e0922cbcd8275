"""A judge's verdict: one JSON object, read strictly or not at all. Pure."""

import re
from typing import Any

from evalhub.io.json_values import JsonError, parse_json

_FENCED = re.compile(r"```(?:json)?\s*\n(?P<inside>.*)\n\s*```", re.S | re.I)
_SHOWN = 80


class VerdictError(ValueError):
    """A judge's reply that is no verdict. Nothing is guessed from it."""


def read_verdict(text: str) -> dict[str, Any]:
    """The one JSON object of a judge's reply, without white space and one fence around it.

    Raises VerdictError for anything else: prose around it, two objects, a name given twice.
    """
    stripped = text.strip()
    fenced = _FENCED.fullmatch(stripped)
    try:
        value = parse_json(fenced["inside"] if fenced else stripped)
    except JsonError as error:
        raise VerdictError(f"{error}; it said {quote(stripped)}") from error
    if not isinstance(value, dict):
        raise VerdictError(f"it is JSON, but no object; it said {quote(stripped)}")
    return value


def text_in(verdict: dict[str, Any], name: str) -> str:
    """A text of the verdict, for people; "" where there is none: nothing is decided by it."""
    value = verdict.get(name)
    return value.strip() if isinstance(value, str) else ""


def quote(text: str) -> str:
    """The beginning of the judge's text, in quotes and on one line, for an error."""
    line = " ".join(text.split())
    return repr(line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…")
