"""Scores said to be wrong, and audits of metrics, as programs see them."""

from datetime import datetime

from pydantic import Field, JsonValue

from evalhub.declare.declaration import Declaration
from evalhub.features.score_audits.score_cases import LONGEST, MOST_AUDITED
from evalhub.frames.rest.addresses import address
from evalhub.frames.rest.shapes import Given
from evalhub.registry.models import Output, ScoreAudit, ScoreCase
from evalhub.studies.run.error_rates import CheckedScores, ErrorRate, error_rates

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


class ScoreCaseShape(Given):
    """One person's word on one score."""

    id: int
    run: str = Field(description="address of the run")
    item: str
    sample: int
    metric: str
    metric_digest: str
    value: float = Field(description="the score")
    said: float = Field(description="what it should be")
    why: str
    by: str
    created: datetime

    @classmethod
    def of(cls, case: ScoreCase) -> "ScoreCaseShape":
        output = case.output
        return cls(
            id=case.pk,
            run=address("run", case.project.slug, output.run_id),
            item=output.item.key,
            sample=output.sample,
            metric=case.metric.name,
            metric_digest=case.metric.digest,
            value=case.value,
            said=case.said,
            why=case.why,
            by=str(case.by),
            created=case.created,
        )


class ScoreAuditShape(Given):
    """Scored answers drawn by chance, to be checked one by one."""

    id: int
    metric: str
    metric_digest: str
    population: int = Field(description="readable scores that it was drawn from")
    drawn: int
    checked: int
    by: str
    created: datetime
    url: str

    @classmethod
    def of(cls, audit: ScoreAudit) -> "ScoreAuditShape":
        """Of an audit with its count (`with_checked`)."""
        return cls(
            id=audit.pk,
            metric=audit.metric.name,
            metric_digest=audit.metric.digest,
            population=audit.population,
            drawn=len(audit.drawn),
            checked=audit.checked,  # type: ignore[attr-defined]
            by=str(audit.by),
            created=audit.created,
            url=address("score_audit", audit.project.slug, audit.pk),
        )


class ErrorRateShape(Given):
    """How often checked scores were wrong, with a 95% interval of Clopper and Pearson."""

    scores: CheckedScores = Field(
        description="all; of scores that are 0 or 1 also passes, which should have failed, and "
        "fails, which should have passed"
    )
    wrong: int
    checked: int
    lower: float | None = Field(description="of the share that is wrong; null: none was checked")
    upper: float | None

    @classmethod
    def of(cls, rate: ErrorRate) -> "ErrorRateShape":
        return cls(
            scores=rate.scores,
            wrong=rate.wrong,
            checked=rate.checked,
            lower=rate.lower,
            upper=rate.upper,
        )


class WholeScoreAuditShape(ScoreAuditShape):
    """An audit, and how often the metric errs as far as its answers were checked."""

    rates: tuple[ErrorRateShape, ...]

    @classmethod
    def of(cls, audit: ScoreAudit) -> "WholeScoreAuditShape":
        """Of an audit with its count (`with_checked`). One query."""
        rates = error_rates(list(audit.cases.all()))
        shown = dict(ScoreAuditShape.of(audit))
        return cls(**shown, rates=tuple(ErrorRateShape.of(each) for each in rates))


class DrawnAnswerShape(Given):
    """An answer that an audit has drawn."""

    answer: int = Field(description="its number, by which it is checked")
    run: str = Field(description="address of the run")
    item: str
    sample: int
    input: JsonValue
    references: tuple[JsonValue, ...]
    text: str | None
    value: float | None = Field(description="the score")
    said: float | None = Field(description="what it should be; null: nobody has checked it")
    why: str | None

    @classmethod
    def of(cls, output: Output, project: str) -> "DrawnAnswerShape":
        """Of an answer as `drawn_answers` has it."""
        item = output.item
        return cls(
            answer=output.pk,
            run=address("run", project, output.run_id),
            item=item.key,
            sample=output.sample,
            input=item.input,
            references=tuple(item.references),
            text=output.text,
            value=output.value,  # type: ignore[attr-defined]
            said=output.said,  # type: ignore[attr-defined]
            why=output.why,  # type: ignore[attr-defined]
        )
