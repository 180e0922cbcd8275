"""A text as a report may show it: without personal data and secrets. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from evalhub.features.data.checks.secret_patterns import secrets_in
from evalhub.features.traffic.privacy.personal_data import personal_data

_AROUND = 10_000
"""Characters beside the first value in which others are looked for."""
_BEFORE = 80
"""Characters before the first value that are shown."""


def masked_excerpt(text: str) -> str:
    """What stands around the first value of a text, each value replaced by its kind.

    A secret keeps the letters that tell who issued it. The text's beginning where there is no
    value.
    """
    values = _values(text)
    if not values:
        return text[:_AROUND]
    start = max(0, values[0].start - _BEFORE)
    masked = _masked(text, values, start, values[0].start + _AROUND)
    return f"…{masked}" if start else masked


def masked_text(text: str) -> str:
    """The text, each value replaced by its kind; a secret keeps the letters that tell its kind."""
    return _masked(text, _values(text), 0, len(text))


class _Value(NamedTuple):
    start: int
    end: int
    kind: str
    shown: int


def _values(text: str) -> list[_Value]:
    secrets = [
        _Value(match.start, match.end, match.kind, match.shown) for match in secrets_in(text)
    ]
    personal = [_Value(match.start, match.end, match.kind, 0) for match in personal_data(text)]
    return sorted(secrets + personal)


def _masked(text: str, values: Sequence[_Value], start: int, until: int) -> str:
    parts: list[str] = []
    end = start
    for value in values:
        if value.start > until:
            break
        if value.start >= end:
            visible = value.start + value.shown
            parts += text[end : value.start], text[value.start : visible], f"[{value.kind}]"
        # A value may lie in another one: a mail address in a URL's password.
        end = max(end, value.end)
    return "".join((*parts, text[end : max(end, until)]))
