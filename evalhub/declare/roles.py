"""The role of a test set, and the fields of a demand that go with it."""

from typing import Literal

DemandRole = Literal["primary", "guard"]
TestSetRole = Literal["primary", "guard", "development"]

_OF_OTHERS: dict[TestSetRole, tuple[tuple[str, ...], str]] = {
    "primary": (
        ("margin", "relative_margin", "tier"),
        "is for guards: a primary is critical and must gain min_gain",
    ),
    "guard": (
        ("min_gain", "planned_gain"),
        "is for primaries: a guard is asked no gain, and may lose less than its margin",
    ),
    "development": (
        ("margin", "relative_margin", "tier", "min_gain", "planned_gain", "mix", "tails"),
        "is for what is judged: a development set is only read",
    ),
}
"""By role, the fields that are other roles' alone, and why."""


def not_for(role: TestSetRole, field: str) -> str | None:
    """Why a demand of this role can't have a field ("is for guards: …"); None where it can."""
    others, why = _OF_OTHERS[role]
    return why if field in others else None
