"""One spelling of a JSON value, and its hash: equal values have equal digests."""

import hashlib
import json
from typing import Any

_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)
_WHOLE_FROM = 1e16
"""Python writes such a float with an exponent."""


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted names and no white space.

    Raises ValueError for NaN and infinities, TypeError for what JSON has no form for.
    """
    return _ENCODER.encode(value).encode()


def storable(value: Any) -> Any:
    """The same JSON value, its numbers spelled so that SQLite and PostgreSQL both give them back.

    PostgreSQL's jsonb has no -0.0, and returns a float from 1e16 as a whole number: a digest that
    was taken before would be that of another spelling.
    """
    if isinstance(value, float):
        return int(value) if abs(value) >= _WHOLE_FROM else value + 0.0
    if isinstance(value, dict):
        return {name: storable(member) for name, member in value.items()}
    if isinstance(value, list):
        return [storable(member) for member in value]
    return value


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical JSON, 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
