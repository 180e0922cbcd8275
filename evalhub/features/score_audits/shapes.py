"""What endpoints take and give of disputed scores and of audits; forms take the same."""

from datetime import datetime
from typing import Any, Self

from pydantic import AliasPath, Field, JsonValue

from evalhub.declare.declaration import Declaration
from evalhub.features.score_audits.error_rates import CheckedScores, error_rates
from evalhub.features.score_audits.models import ScoreAudit, ScoreCase
from evalhub.features.score_audits.score_cases import LONGEST, MOST_AUDITED
from evalhub.frames.rest.shapes import ResponseBody, address

LARGEST_ID = 2**63 - 1


class ScoreCaseRequest(Declaration):
    """What the score of an answer should be, and why."""

    run: int = Field(gt=0, le=LARGEST_ID)
    item: str = Field(min_length=1, description="the item's id")
    sample: int = Field(0, ge=0, le=32_767)
    metric: str = Field(min_length=1, description="its name, or its digest")
    said: float = Field(description="what it should be, in the metric's own unit")
    why: str = Field(min_length=1, max_length=LONGEST)


class ScoreAuditRequest(Declaration):
    """How many answers are drawn to be checked."""

    metric: str = Field(min_length=1, description="its name, or its digest")
    size: int = Field(gt=0, le=MOST_AUDITED, description="or all, where there are fewer")


class CheckRequest(Declaration):
    """What the score of a drawn answer should be, be it the score as it is."""

    answer: int = Field(gt=0, le=LARGEST_ID, description="its number, of the audit's list")
    said: float = Field(description="what it should be, in the metric's own unit")
    why: str = Field("", max_length=LONGEST)


class ScoreCaseOut(ResponseBody):
    """One person's word on one score."""

    id: int
    run: str = Field(description="address of the run")
    item: str = Field(validation_alias=AliasPath("output", "item", "key"))
    sample: int = Field(validation_alias=AliasPath("output", "sample"))
    metric: str = Field(validation_alias=AliasPath("metric", "name"))
    metric_digest: str = Field(validation_alias=AliasPath("metric", "digest"))
    value: float = Field(description="the score")
    said: float = Field(description="what it should be")
    why: str
    by: str
    created: datetime

    @classmethod
    def from_model(cls, case: ScoreCase, /, **computed: Any) -> Self:
        run = address("run", case.project.slug, case.output.run_id)
        return super().from_model(case, run=run, by=str(case.by), **computed)


class ScoreAuditOut(ResponseBody):
    """Scored answers drawn by chance, to be checked one by one."""

    id: int
    metric: str = Field(validation_alias=AliasPath("metric", "name"))
    metric_digest: str = Field(validation_alias=AliasPath("metric", "digest"))
    population: int = Field(description="readable scores that it was drawn from")
    drawn: int
    checked: int
    by: str
    created: datetime
    url: str

    @classmethod
    def from_model(cls, audit: ScoreAudit, /, **computed: Any) -> Self:
        """Of an audit with its count (`with_checked`)."""
        return super().from_model(
            audit,
            drawn=len(audit.drawn),
            by=str(audit.by),
            url=address("score_audit", audit.project.slug, audit.pk),
            **computed,
        )


class ErrorRateOut(ResponseBody):
    """How often checked scores were wrong, with a 95% interval of Clopper and Pearson."""

    scores: CheckedScores = Field(
        description="all; of scores that are 0 or 1 also passes, which should have failed, and "
        "fails, which should have passed"
    )
    wrong: int
    checked: int
    lower: float | None = Field(description="of the share that is wrong; null: none was checked")
    upper: float | None


class WholeScoreAuditOut(ScoreAuditOut):
    """An audit, and how often the metric errs as far as its answers were checked."""

    rates: tuple[ErrorRateOut, ...]

    @classmethod
    def from_model(cls, audit: ScoreAudit, /, **computed: Any) -> Self:
        """Of an audit with its count (`with_checked`). One query."""
        rates = error_rates(list(audit.cases.all()))
        return super().from_model(audit, rates=rates, **computed)


class DrawnAnswerOut(ResponseBody):
    """An answer that an audit has drawn."""

    answer: int = Field(validation_alias="id", description="its number, by which it is checked")
    run: str = Field(description="address of the run")
    item: str = Field(validation_alias=AliasPath("item", "key"))
    sample: int
    input: JsonValue = Field(validation_alias=AliasPath("item", "input"))
    references: tuple[JsonValue, ...] = Field(validation_alias=AliasPath("item", "references"))
    text: str | None
    value: float | None = Field(description="the score")
    said: float | None = Field(description="what it should be; null: nobody has checked it")
    why: str | None
