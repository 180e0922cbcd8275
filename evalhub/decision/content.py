"""What a record says apart from the home that wrote it, and the digest of that content. Pure.

A record's SHA-256 is of every letter, the ledger's random id and the numbers of runs among them:
whoever measures and decides the same in another home has another. The content's is the same there.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from evalhub.decision.caveats import without_caveats
from evalhub.decision.document import DecisionRecord
from evalhub.declare.declaration import Declaration
from evalhub.declare.home_bound import is_home_bound
from evalhub.io.canonical import digest_of

_DIGITS = 9
_NOTHING = 1e-15
"""Below it a number is what rounding leaves of 0."""


def content_digest(record: DecisionRecord) -> str:
    """SHA-256 of what was measured and decided, 64 hexadecimal digits.

    Without what is marked as its home's (`evalhub.declare.home_bound`), and without a field that
    is what it is by itself, so that one that is added later changes nothing. Numbers count to 9
    digits: two processors may add in another order. What a caveat says is what this home knows of
    other decisions: the verdict, headline and reasons are those without it.
    """
    return digest_of(_content(without_caveats(record)))


def _content(value: Any) -> Any:
    if isinstance(value, Declaration):
        return {
            name: _content(content)
            for name, field in type(value).model_fields.items()
            if not is_home_bound(field)
            and (content := getattr(value, name)) != field.get_default(call_default_factory=True)
        }
    if isinstance(value, Mapping):
        return {name: _content(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_content(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    return _round(value) if isinstance(value, float) else value


def _round(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}") if abs(value) >= _NOTHING else 0.0
