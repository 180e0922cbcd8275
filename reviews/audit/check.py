"""One thing that the blind audit tests. Pure."""

from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["pass", "attention", "nothing"]

LEVEL = 0.01
"""P-values below this call for a look."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tested: what, what came out in words, and the numbers of it.

    "nothing": there was nothing to test, which is no proof either way.
    """

    key: str
    title: str
    tested: str
    found: str
    status: Status
    numbers: dict[str, Any]


def status_of(something: bool, fine: bool) -> Status:
    return "nothing" if not something else "pass" if fine else "attention"
