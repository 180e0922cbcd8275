"""Endpoints for disputed scores and audits of metrics; neither changes a score."""

from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.declare.declaration import DeclarationError
from evalhub.features.score_audits.models import ScoreAudit, ScoreCase
from evalhub.features.score_audits.score_cases import (
    answers_to_check,
    check_score,
    dispute_score,
    draw_audit,
)
from evalhub.features.score_audits.shapes import (
    CheckRequest,
    DrawnAnswerOut,
    ScoreAuditOut,
    ScoreAuditRequest,
    ScoreCaseOut,
    ScoreCaseRequest,
    WholeScoreAuditOut,
)
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import Since, list_response, response_of
from evalhub.frames.rest.shapes import address
from evalhub.registry.models import Metric, Output, Run, RunMetric


class OfMetric(Since):
    """Reports on one metric."""

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

    @describes("Audits of metrics", gives=ScoreAuditOut, pages=True, filtered=OfMetric)
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), ScoreAuditOut.from_model, filtered=OfMetric)

    @describes(
        "Draw answers to be checked\n\nBy chance, each readable score of the project by this "
        "metric as likely. 409 where none may be read.",
        gives=WholeScoreAuditOut,
        takes=ScoreAuditRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str) -> Response:
        body = self.body(ScoreAuditRequest)
        metric = self.metric(body.metric)
        audit = draw_audit(project=self.project, metric=metric, size=body.size, by=self.by)
        shape = WholeScoreAuditOut.from_model(self.rows().get(pk=audit.pk))
        return response_of(request, shape, 201, Location=shape.url)


class OneScoreAudit(AuditEndpoint):
    @describes(
        "An audit, and how often the metric errs\n\nAs far as its answers were checked, with a 95% "
        "interval of Clopper and Pearson.",
        gives=WholeScoreAuditOut,
    )
    def get(self, request: Request, project: str, pk: int) -> Response:
        return response_of(request, WholeScoreAuditOut.from_model(self.audit()))


class AnswersOfAudit(AuditEndpoint):
    scopes = {"POST": Scope.INGEST}

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
