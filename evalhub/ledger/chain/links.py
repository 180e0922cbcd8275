"""What the chain's links hold of a row: enough that a changed row leads to another head. Pure.

Records, which are long, are in their links by their SHA-256. Nothing here names a person: a name
can be erased and the chain still be followed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from reviews.chain.links import after, at

FORMAT = "evalhub.ledger-chain/1"

_LOOK = (
    "id",
    "claim",
    "number",
    "test_set_version_id",
    "candidate_id",
    "baseline_id",
    "candidate_run_id",
    "baseline_run_id",
    "items_digest",
    "candidate_answers",
    "baseline_answers",
    "asked",
    "drawn_for",
    "extends_id",
    "shares_id",
    "study_id",
    "created",
)

COLUMNS: Mapping[str, Sequence[str]] = {
    "look": _LOOK,
    "reading": (
        *_LOOK,
        "candidate_key",
        "baseline_key",
        "metric_key",
        "tries",
        "reading",
        "read_with_id",
    ),
    "guard": ("id", "primary_id", "guard_id", "number", "charged", "created"),
    "arms": ("id", "look_id", "count", "correlations", "readings", "created"),
    "decision": ("id", "study_id", "arm", "digest", "code_version", "created"),
    "sign-off": ("id", "decision_id", "by_id", "action", "digest", "created"),
    "data-sign": ("id", "report_id", "by_id", "digest", "created"),
    "restore": ("id", "parent", "name", "began_as", "entries", "newest_version", "created"),
    "peek": (
        "id",
        "claim",
        "beside",
        "number",
        "shares",
        "charged",
        "test_set_version_id",
        "others",
        "asked",
        "files",
        "created",
    ),
    "retirement": ("id", "version_id", "created"),
}
"""By kind of row, the columns that its link holds: as a chain's format, they never change. A column
that is added later comes in by another kind of link: looks are readings since they say who was
tried."""


def start(home: str) -> str:
    """The head of the chain without links; `home` is the random id under which it was begun."""
    return hashlib.sha256(f"{FORMAT}\n{home}".encode()).hexdigest()


def link_of(kind: str, values: Sequence[Any]) -> dict[str, Any]:
    """The link of a row; `values` are those of COLUMNS, in order."""
    return {"what": kind} | {
        name: at(value) if isinstance(value, datetime) else value
        for name, value in zip(COLUMNS[kind], values, strict=True)
    }


def head_after(head: str, kind: str, values: Sequence[Any]) -> str:
    """The head once this row is added."""
    return after(head, link_of(kind, values))
