"""A running digest: each row's link holds the digest of all before it. Pure.

Whoever keeps a head can tell for ever whether the rows that led to it are the same: one that was
changed, removed, added or put elsewhere leads to another. People stand in it by pseudonym, and a
reason by its digest, so that a name can be erased and the chain still be followed.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from evalhub.io.canonical import canonical_json

FORMAT = "evalhub.review-chain/1"
EVENTS = "events"


def start(plan_hash: str, of: str) -> str:
    """The head of a chain without links: a reviewer's, by their pseudonym, or that of EVENTS."""
    return hashlib.sha256(f"{FORMAT}\n{plan_hash}\n{of}".encode()).hexdigest()


def after(head: str, link: Mapping[str, Any]) -> str:
    """The head when `link` is added: SHA-256 of the head before, a line feed, and the link as
    canonical JSON."""
    return hashlib.sha256(head.encode() + b"\n" + canonical_json(link)).hexdigest()


def at(moment: datetime) -> str:
    """A time as text: UTC, to the microsecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True, slots=True)
class SealedTurn:
    """What a judgment's link holds of its turn.

    Attributes:
        position: its pair's place in the plan.
        repeats: the token of the earlier turn that it repeats; None for a first one.
    """

    token: object
    position: int
    purpose: str
    repeats: object
    turn: int
    candidate_on_left: bool


@dataclass(frozen=True, slots=True)
class SealedJudgment:
    """What a judgment's link holds of its row: the columns of these names."""

    revision: int
    choice: str
    much: bool
    answers: Mapping[str, Any]
    flags: Mapping[str, Any]
    rationale: str
    seconds: float
    visible_seconds: float | None
    key: str
    created: datetime


def judgment_link(turn: SealedTurn, judgment: SealedJudgment) -> dict[str, Any]:
    """The link for a judgment in a turn."""
    rationale, visible = judgment.rationale, judgment.visible_seconds
    return {
        "what": "judgment",
        "token": str(turn.token),
        "position": turn.position,
        "purpose": turn.purpose,
        "repeats": str(turn.repeats) if turn.repeats else None,
        "turn": turn.turn,
        "candidate_on_left": bool(turn.candidate_on_left),
        "revision": judgment.revision,
        "choice": judgment.choice,
        "much": bool(judgment.much),
        "answers": dict(judgment.answers),
        "flags": dict(judgment.flags),
        "rationale": hashlib.sha256(rationale.encode()).hexdigest() if rationale else "",
        "seconds": float(judgment.seconds),
        "visible_seconds": None if visible is None else float(visible),
        "key": judgment.key,
        "created": at(judgment.created),
    }


def undo_link(*, token: object, revision: int, created: datetime) -> dict[str, Any]:
    """The link for an undo: the judgment of this revision was taken back."""
    return {"what": "undo", "token": str(token), "revision": revision, "created": at(created)}


def guess_link(*, token: object, side: str, created: datetime) -> dict[str, Any]:
    return {"what": "guess", "token": str(token), "side": side, "created": at(created)}


def event_link(
    *, kind: str, by: int | None, detail: Mapping[str, Any], created: datetime
) -> dict[str, Any]:
    """The link for an event of the campaign; `by` is a user's primary key, not a name."""
    return {
        "what": "event",
        "kind": kind,
        "by": by,
        "detail": _without_negative_zeros(dict(detail)),
        "created": at(created),
    }


def _without_negative_zeros(value: Any) -> Any:
    """PostgreSQL's JSON has no -0.0: what is read is what was written, on either database."""
    if isinstance(value, float):
        return value + 0.0
    if isinstance(value, Mapping):
        return {name: _without_negative_zeros(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_negative_zeros(each) for each in value]
    return value
