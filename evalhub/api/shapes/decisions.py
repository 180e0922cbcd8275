"""Shapes of decisions, their sign-offs, and their changed items."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import AliasPath, Field, JsonValue

from evalhub.decision.document import DecisionRecord
from evalhub.declare.declaration import Declaration
from evalhub.declare.verdicts import Verdict
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.ledger.models import Decision
from evalhub.ledger.staleness import changes_since


class DecisionOut(ResponseBody):
    """A decision, as lists have it."""

    id: int
    study: str = Field(validation_alias=AliasPath("study", "slug"))
    arm: str
    verdict: Verdict
    headline: str = Field(validation_alias=AliasPath("document", "headline"))
    digest: str = Field(description="SHA-256 of its canonical record")
    content: str = Field(
        description="SHA-256 of what was measured and decided, the same in any home"
    )
    created: datetime
    url: str

    @classmethod
    def from_model(cls, decision: Decision, /, **computed: Any) -> Self:
        url = address("decision", decision.study.project.slug, decision.pk)
        return super().from_model(decision, url=url, **computed)


class WholeDecisionOut(DecisionOut):
    """A decision with its record and what has changed since."""

    record: DecisionRecord = Field(validation_alias="document")
    current: bool
    changed_since: tuple[str, ...]

    @classmethod
    def from_model(cls, decision: Decision, /, **computed: Any) -> Self:
        since = tuple(change.sentence for change in changes_since(decision))
        return super().from_model(decision, current=not since, changed_since=since, **computed)


class SignOffRequest(Declaration):
    """A person stands by a decision, or overrides it."""

    reason: str = Field(min_length=1, max_length=4000)
    verdict: Verdict | None = Field(None, description="another than it gave overrides it")


class AcceptanceRequest(Declaration):
    """An owner accepts what a decision's caveats hold a ship for."""

    reason: str = Field(min_length=1, max_length=4000)


class SignOffOut(ResponseBody):
    id: int
    action: str
    verdict: Verdict
    reason: str
    by: int = Field(validation_alias="by_id", description="number of the account")
    created: datetime
    digest: str


class FlipSideOut(ResponseBody):
    arm: Literal["baseline", "candidate"]
    text: str | None
    error: str
    score: float | None


class FlipOut(ResponseBody):
    item: str
    test_set: str
    outcome: str
    difference: float | None
    input: JsonValue
    references: JsonValue
    tags: tuple[str, ...]
    samples: int
    sides: tuple[FlipSideOut, FlipSideOut]

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """From a row of `evalhub.ledger.changed_items`."""
        before, after = (
            FlipSideOut(
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


class FlipsOut(ResponseBody):
    flips: tuple[FlipOut, ...]
