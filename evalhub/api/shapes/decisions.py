"""Shapes of decisions, their sign-offs, and their changed items."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field, JsonValue

from evalhub.decision.document import DecisionRecord
from evalhub.declare.declaration import Declaration
from evalhub.declare.verdicts import Verdict
from evalhub.frames.rest.addresses import address
from evalhub.frames.rest.shapes import ResponseShape
from evalhub.ledger.models import Decision, SignOff
from evalhub.ledger.staleness import changes_since


class DecisionShape(ResponseShape):
    """A decision, as lists have it."""

    id: int
    study: str
    arm: str
    verdict: Verdict
    headline: str
    digest: str = Field(description="SHA-256 of its canonical record")
    content: str = Field(
        description="SHA-256 of what was measured and decided, the same in any home"
    )
    created: datetime
    url: str

    @classmethod
    def of(cls, decision: Decision) -> "DecisionShape":
        return cls(**_of(decision))


class WholeDecisionShape(DecisionShape):
    """A decision with its record and what has changed since."""

    record: DecisionRecord
    current: bool
    changed_since: tuple[str, ...]

    @classmethod
    def of(cls, decision: Decision) -> "WholeDecisionShape":
        since = tuple(each.sentence for each in changes_since(decision))
        return cls(
            **_of(decision), record=decision.document, current=not since, changed_since=since
        )


def _of(decision: Decision) -> dict[str, Any]:
    return {
        "id": decision.pk,
        "study": decision.study.slug,
        "arm": decision.arm,
        "verdict": Verdict(decision.verdict),
        "headline": decision.document.headline,
        "digest": decision.digest,
        "content": decision.content,
        "created": decision.created,
        "url": address("decision", decision.study.project.slug, decision.pk),
    }


class SignOffRequest(Declaration):
    """Request to sign a decision off, or to override it."""

    reason: str = Field(min_length=1, max_length=4000)
    verdict: Verdict | None = Field(None, description="another than it gave overrides it")


class AcceptanceRequest(Declaration):
    """An owner accepts what a decision's caveats hold a ship for."""

    reason: str = Field(min_length=1, max_length=4000)


class SignOffShape(ResponseShape):
    id: int
    action: str
    verdict: Verdict
    reason: str
    by: int = Field(description="number of the account")
    created: datetime
    digest: str

    @classmethod
    def of(cls, signed: SignOff) -> "SignOffShape":
        return cls(
            id=signed.pk,
            action=signed.action,
            verdict=Verdict(signed.verdict),
            reason=signed.reason,
            by=signed.by_id,
            created=signed.created,
            digest=signed.digest,
        )


class FlipSideShape(ResponseShape):
    arm: Literal["baseline", "candidate"]
    text: str | None
    error: str
    score: float | None


class FlipShape(ResponseShape):
    item: str
    test_set: str
    outcome: str
    difference: float | None
    input: JsonValue
    references: JsonValue
    tags: tuple[str, ...]
    samples: int
    sides: tuple[FlipSideShape, FlipSideShape]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "FlipShape":
        """From a row of `evalhub.ledger.changed_items`."""
        before, after = (
            FlipSideShape(
                arm=arm,
                text=row[f"{arm}_text"],
                error=row.get(f"{arm}_error", ""),
                score=row[arm],
            )
            for arm in ("baseline", "candidate")
        )
        return cls(
            item=row["key"],
            test_set=row["test_set"],
            outcome=row["outcome"],
            difference=row["difference"],
            input=row["input"],
            references=row["reference"],
            tags=tuple(row["tags"]),
            samples=row["samples"],
            sides=(before, after),
        )


class FlipsShape(ResponseShape):
    flips: tuple[FlipShape, ...]
