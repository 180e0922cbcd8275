"""Scores said to be wrong, and metrics audited: no score changes by it."""

from datetime import datetime
from typing import Any, Self

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from pydantic import AliasPath, Field, JsonValue
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.declare.declaration import Declaration, DeclarationError
from evalhub.features.score_audits.error_rates import CheckedScores, error_rates
from evalhub.features.score_audits.models import ScoreAudit, ScoreCase
from evalhub.features.score_audits.score_cases import (
    LONGEST,
    MOST_AUDITED,
    answers_to_check,
    check_score,
    dispute_score,
    draw_audit,
)
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import PAGED, Since, list_response, response_of
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.registry.models import Metric, Output, Run, RunMetric

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


class OfMetric(Since):
    """What is said of one metric."""

    metric = filters.CharFilter(method="of_metric", label="its name, or its digest")

    def of_metric(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        return rows.filter(Q(metric__name=value) | Q(metric__digest=value))


class Checked(filters.FilterSet):
    checked = filters.ChoiceFilter(
        choices=[("1", "1"), ("0", "0")], method="of_checked", label="0: what is left to check"
    )

    def of_checked(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        return rows.filter(said__isnull=value == "0")


class ScoreEndpoint(ProjectEndpoint):
    """Below the project's scores."""

    def answers(self) -> "QuerySet[Output]":
        rows: QuerySet[Output] = Output.objects.filter(
            run__test_set_version__test_set__project=self.project
        )
        return rows.select_related("item", "run__test_set_version__test_set__project")

    def metric(self, name: str, **of: Any) -> Metric:
        """The one metric of this name or digest among those of the project, or of a run of it.

        Raises DeclarationError where there is none, or several.
        """
        used = RunMetric.objects.filter(run__test_set_version__test_set__project=self.project, **of)
        matching = Q(name=name) | Q(digest=name)
        metrics = list(Metric.objects.filter(matching, pk__in=used.order_by().values("metric"))[:2])
        if len(metrics) == 1:
            return metrics[0]
        message = (
            "several metrics have this name: give the digest of one"
            if metrics
            else "nothing is scored by it here"
        )
        raise DeclarationError(message, "metric")


class ScoreCases(ScoreEndpoint):
    scopes = {"POST": Scope.INGEST}
    parameters = (*PAGED, *OfMetric.base_filters)

    @describes(
        "Scores that somebody came upon and says are wrong\n\nNot those that an audit drew.",
        gives=ScoreCaseOut,
        pages=True,
        filtered=OfMetric,
    )
    def get(self, request: Request, project: str) -> Response:
        rows = ScoreCase.objects.filter(project=self.project).from_reports()
        rows = rows.select_related("output__item", "metric", "by", "project")
        return list_response(request, rows, ScoreCaseOut.from_model, filtered=OfMetric)

    @describes(
        "Say that a score is wrong\n\nIt is kept, and no score changes. 409 for a sealed score: "
        "who disputes one has read it.",
        gives=ScoreCaseOut,
        takes=ScoreCaseRequest,
        code=201,
        once=True,
    )
    @once()
    def post(self, request: Request, project: str) -> Response:
        body = self.body(ScoreCaseRequest)
        runs = Run.objects.filter(test_set_version__test_set__project=self.project)
        if not runs.filter(pk=body.run).exists():
            raise DeclarationError("there is no such run in this project", "run")
        metric = self.metric(body.metric, run=body.run)
        rows = self.answers().filter(run=body.run, item__key=body.item, sample=body.sample)
        output = rows.first()
        if output is None:
            raise DeclarationError("the run has no such answer", "item")
        case = dispute_score(output=output, metric=metric, said=body.said, why=body.why, by=self.by)
        case.refresh_from_db(fields=["created"])
        return response_of(request, ScoreCaseOut.from_model(case), 201)


class AuditEndpoint(ScoreEndpoint):
    """Below the project's audits."""

    def rows(self) -> "QuerySet[ScoreAudit]":
        rows = ScoreAudit.objects.filter(project=self.project).with_checked()
        return rows.select_related("project", "metric", "by")

    def audit(self) -> ScoreAudit:
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])


class ScoreAudits(AuditEndpoint):
    scopes = {"POST": Scope.INGEST}
    parameters = (*PAGED, *OfMetric.base_filters)

    @describes("Audits of metrics", gives=ScoreAuditOut, pages=True, filtered=OfMetric)
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), ScoreAuditOut.from_model, filtered=OfMetric)

    @describes(
        "Draw answers to be checked\n\nBy chance, each readable score of the project by this "
        "metric as likely. 409 where none may be read.",
        gives=WholeScoreAuditOut,
        takes=ScoreAuditRequest,
        code=201,
        once=True,
    )
    @once()
    def post(self, request: Request, project: str) -> Response:
        body = self.body(ScoreAuditRequest)
        metric = self.metric(body.metric)
        audit = draw_audit(project=self.project, metric=metric, size=body.size, by=self.by)
        shape = WholeScoreAuditOut.from_model(self.rows().get(pk=audit.pk))
        return response_of(request, shape, 201, Location=shape.url)


class OneScoreAudit(AuditEndpoint):
    parameters = ("fields",)

    @describes(
        "An audit, and how often the metric errs\n\nAs far as its answers were checked, with a 95% "
        "interval of Clopper and Pearson.",
        gives=WholeScoreAuditOut,
    )
    def get(self, request: Request, project: str, pk: int) -> Response:
        return response_of(request, WholeScoreAuditOut.from_model(self.audit()))


class AnswersOfAudit(AuditEndpoint):
    scopes = {"POST": Scope.INGEST}
    parameters = (*PAGED, *Checked.base_filters)

    @describes(
        "An audit's answers, in the order in which they are to be checked\n\nThe order is chance, "
        "so that the first ones are a fair draw too.",
        gives=DrawnAnswerOut,
        pages=True,
        filtered=Checked,
    )
    def get(self, request: Request, project: str, pk: int) -> Response:
        return list_response(
            request,
            answers_to_check(self.audit()),
            lambda output: DrawnAnswerOut.from_model(
                output, run=address("run", self.project.slug, output.run_id)
            ),
            filtered=Checked,
            ordering=("place",),
        )

    @describes(
        "Say of a drawn answer what its score should be\n\nAlso where it is right; once each.",
        gives=ScoreCaseOut,
        takes=CheckRequest,
        code=201,
        once=True,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        audit, body = self.audit(), self.body(CheckRequest)
        output = self.answers().filter(pk=body.answer).first()
        if output is None:
            raise DeclarationError("there is no such answer in this project", "answer")
        case = check_score(audit=audit, output=output, said=body.said, why=body.why, by=self.by)
        case.refresh_from_db(fields=["created"])
        return response_of(request, ScoreCaseOut.from_model(case), 201)


urlpatterns = [
    project_path("score-cases", ScoreCases, "score_cases"),
    project_path("score-audits", ScoreAudits, "score_audits"),
    project_path("score-audits/<int:pk>", OneScoreAudit, "score_audit"),
    project_path("score-audits/<int:pk>/answers", AnswersOfAudit, "answers_of_audit"),
]
