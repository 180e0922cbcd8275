"""Scores said to be wrong, and metrics audited: no score changes by it."""

from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.api.shapes.score_cases import (
    CheckRequest,
    DrawnAnswerShape,
    ScoreAuditRequest,
    ScoreAuditShape,
    ScoreCaseRequest,
    ScoreCaseShape,
    WholeScoreAuditShape,
)
from evalhub.declare.declaration import DeclarationError
from evalhub.features.score_audits.score_cases import (
    check_score,
    dispute_score,
    draw_audit,
    drawn_answers,
)
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import PAGED, Since, listed, shown
from evalhub.registry.models import Metric, Output, Run, RunMetric, ScoreAudit, ScoreCase


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

    def metric(self, asked: str, **of: Any) -> Metric:
        """The one metric of this name or digest among those of the project, or of a run of it.

        Raises DeclarationError where there is none, or several.
        """
        used = RunMetric.objects.filter(run__test_set_version__test_set__project=self.project, **of)
        named = Q(name=asked) | Q(digest=asked)
        found = list(Metric.objects.filter(named, pk__in=used.order_by().values("metric"))[:2])
        if len(found) == 1:
            return found[0]
        told = (
            "several metrics have this name: give the digest of one"
            if found
            else "nothing is scored by it here"
        )
        raise DeclarationError(told, "metric")


class ScoreCases(ScoreEndpoint):
    scopes = {"POST": Scope.INGEST}
    parameters = (*PAGED, *OfMetric.base_filters)

    @describes(
        "Scores that somebody came upon and says are wrong\n\nNot those that an audit drew.",
        gives=ScoreCaseShape,
        pages=True,
        filtered=OfMetric,
    )
    def get(self, request: Request, project: str) -> Response:
        rows = ScoreCase.objects.filter(project=self.project).reported()
        rows = rows.select_related("output__item", "metric", "by", "project")
        return listed(request, rows, ScoreCaseShape.of, filtered=OfMetric)

    @describes(
        "Say that a score is wrong\n\nIt is kept, and no score changes. 409 for a sealed score: "
        "who disputes one has read it.",
        gives=ScoreCaseShape,
        takes=ScoreCaseRequest,
        code=201,
        once=True,
    )
    @once()
    def post(self, request: Request, project: str) -> Response:
        asked = self.body(ScoreCaseRequest)
        runs = Run.objects.filter(test_set_version__test_set__project=self.project)
        if not runs.filter(pk=asked.run).exists():
            raise DeclarationError("there is no such run in this project", "run")
        metric = self.metric(asked.metric, run=asked.run)
        rows = self.answers().filter(run=asked.run, item__key=asked.item, sample=asked.sample)
        output = rows.first()
        if output is None:
            raise DeclarationError("the run has no such answer", "item")
        made = dispute_score(
            output=output, metric=metric, said=asked.said, why=asked.why, by=self.by
        )
        made.refresh_from_db(fields=["created"])
        return shown(request, ScoreCaseShape.of(made), 201)


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

    @describes("Audits of metrics", gives=ScoreAuditShape, pages=True, filtered=OfMetric)
    def get(self, request: Request, project: str) -> Response:
        return listed(request, self.rows(), ScoreAuditShape.of, filtered=OfMetric)

    @describes(
        "Draw answers to be checked\n\nBy chance, each readable score of the project by this "
        "metric as likely. 409 where none may be read.",
        gives=WholeScoreAuditShape,
        takes=ScoreAuditRequest,
        code=201,
        once=True,
    )
    @once()
    def post(self, request: Request, project: str) -> Response:
        asked = self.body(ScoreAuditRequest)
        metric = self.metric(asked.metric)
        made = draw_audit(project=self.project, metric=metric, size=asked.size, by=self.by)
        found = WholeScoreAuditShape.of(self.rows().get(pk=made.pk))
        return shown(request, found, 201, Location=found.url)


class OneScoreAudit(AuditEndpoint):
    parameters = ("fields",)

    @describes(
        "An audit, and how often the metric errs\n\nAs far as its answers were checked, with a 95% "
        "interval of Clopper and Pearson.",
        gives=WholeScoreAuditShape,
    )
    def get(self, request: Request, project: str, pk: int) -> Response:
        return shown(request, WholeScoreAuditShape.of(self.audit()))


class AnswersOfAudit(AuditEndpoint):
    scopes = {"POST": Scope.INGEST}
    parameters = (*PAGED, *Checked.base_filters)

    @describes(
        "An audit's answers, in the order in which they are to be checked\n\nThe order is chance, "
        "so that the first ones are a fair draw too.",
        gives=DrawnAnswerShape,
        pages=True,
        filtered=Checked,
    )
    def get(self, request: Request, project: str, pk: int) -> Response:
        return listed(
            request,
            drawn_answers(self.audit()),
            lambda output: DrawnAnswerShape.of(output, self.project.slug),
            filtered=Checked,
            ordering=("place",),
        )

    @describes(
        "Say of a drawn answer what its score should be\n\nAlso where it is right; once each.",
        gives=ScoreCaseShape,
        takes=CheckRequest,
        code=201,
        once=True,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        audit, asked = self.audit(), self.body(CheckRequest)
        output = self.answers().filter(pk=asked.answer).first()
        if output is None:
            raise DeclarationError("there is no such answer in this project", "answer")
        made = check_score(audit=audit, output=output, said=asked.said, why=asked.why, by=self.by)
        made.refresh_from_db(fields=["created"])
        return shown(request, ScoreCaseShape.of(made), 201)
