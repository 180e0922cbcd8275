"""Runs: launch, stop, resume; their answers; their scores once a decision has read them."""

from functools import partial

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Project, Scope
from evalhub.api.shapes.runs import (
    OutputOut,
    ResumeRequest,
    RunOut,
    RunRequest,
    ScoreOut,
    VersionOnItems,
)
from evalhub.declare.declaration import DeclarationError
from evalhub.frames.rest.describing import WAIT, describes
from evalhub.frames.rest.endpoint import ProjectEndpoint
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import PAGED, Since, list_response, response_of
from evalhub.frames.rest.requests import wait_for
from evalhub.judges.run import cancel_work, resume_work
from evalhub.registry.models import ModelVersion, Output, Run, Score, TestSetVersion
from evalhub.registry.models.runs import UNFINISHED, RunState
from evalhub.registry.uploads import Uploads
from evalhub.studies.web.from_web import launch_from_web
from runners.progress import WorkersSeen

RETRY_S = 5


class RunFilters(Since):
    state = filters.ChoiceFilter(choices=RunState.choices)
    model = filters.CharFilter(field_name="version__model__slug", label="slug of a model")
    test_set = filters.CharFilter(
        field_name="test_set_version__test_set__slug", label="slug of a test set"
    )


class RunEndpoint(ProjectEndpoint):
    """Below the project's runs."""

    def rows(self) -> "QuerySet[Run]":
        rows: QuerySet[Run] = (
            Run.objects.filter(test_set_version__test_set__project=self.project)
            .with_progress()
            .with_spending()
            .select_related("version__model__project", "test_set_version__test_set")
            .prefetch_related("metrics__metric")
        )
        return rows

    def run(self) -> Run:
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])


class Runs(RunEndpoint):
    scopes = {"POST": Scope.RUN}
    parameters = (*PAGED, *RunFilters.base_filters)

    @describes("The project's runs", gives=RunOut, pages=True, filtered=RunFilters)
    def get(self, request: Request, project: str) -> Response:
        of = partial(RunOut.from_model, workers=WorkersSeen())
        return list_response(request, self.rows(), of, filtered=RunFilters)

    @describes(
        "Launch a run\n\nLaunching the same again is the same run, with the metrics it lacks.",
        gives=RunOut,
        takes=RunRequest,
        code=202,
        once=True,
        also=(503,),
    )
    @once(lasts=True)
    def post(self, request: Request, project: str) -> Response:
        body = self.body(RunRequest)
        run = launch_from_web(
            project=self.project,
            by=self.by,
            version=find_version(self.project, body),
            test_set_version=find_test_set_version(self.project, body),
            metrics=body.metrics,
            answers=body.answers,
            files=Uploads(self.project),
        )
        shape = RunOut.from_model(self.rows().get(pk=run.pk))
        return response_of(request, shape, 202, Location=shape.url, Retry_After=str(RETRY_S))


class OneRun(RunEndpoint):
    parameters = ("fields", "wait")

    @describes(
        "A run\n\n202 while it goes on.",
        gives=RunOut,
        query=(WAIT,),
        also={202: RunOut},
    )
    def get(self, request: Request, project: str, pk: int) -> Response:
        run = wait_for(request, self.run, lambda run: run.state not in UNFINISHED)
        if run.state in UNFINISHED:
            return response_of(request, RunOut.from_model(run), 202, Retry_After=str(RETRY_S))
        return response_of(request, RunOut.from_model(run))


class CancelRun(RunEndpoint):
    scopes = {"POST": Scope.RUN}

    @describes(
        "Stop a run; its answers stay\n\nIf the run has ended, stop the judges of its answers; "
        "their verdicts stay.",
        gives=RunOut,
        once=True,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        cancel_work(self.run(), by=self.by)
        return response_of(request, RunOut.from_model(self.run()))


class ResumeRun(RunEndpoint):
    scopes = {"POST": Scope.RUN}

    @describes(
        "Let a run go on that failed or was cancelled\n\nAnd judges of its answers that did.",
        gives=RunOut,
        takes=ResumeRequest,
        once=True,
        also=(503,),
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        resume_work(self.run(), by=self.by, budget=self.body(ResumeRequest).budget)
        return response_of(request, RunOut.from_model(self.run()))


class OutputsOfRun(RunEndpoint):
    parameters = PAGED

    @describes("A run's answers, in the order of its items", gives=OutputOut, pages=True)
    def get(self, request: Request, project: str, pk: int) -> Response:
        # joined to its items, a page might be read from the first item on
        rows = Output.objects.filter(run=self.run()).prefetch_related("item")
        return list_response(
            request, rows, OutputOut.from_model, ordering=("item_id", "sample", "id")
        )


class ScoresOfRun(RunEndpoint):
    parameters = PAGED

    @describes(
        "A run's scores\n\nOnly those that a decision has read, and why others are none.",
        gives=ScoreOut,
        pages=True,
    )
    def get(self, request: Request, project: str, pk: int) -> Response:
        rows = Score.objects.readable_of(self.run()).prefetch_related("output__item", "metric")
        return list_response(
            request, rows, ScoreOut.from_model, ordering=("item_id", "sample", "metric_id")
        )


def find_version(project: Project, body: VersionOnItems) -> ModelVersion:
    """The named version of the model. Raises DeclarationError if there is none."""
    rows = ModelVersion.objects.filter(model__project=project, model__slug=body.model)
    rows = rows.filter(number=body.version) if body.version else rows.order_by("-number")
    if (version := rows.first()) is None:
        raise DeclarationError("there is no such version in this project", "model")
    return version  # type: ignore[no-any-return]


def find_test_set_version(project: Project, body: VersionOnItems) -> TestSetVersion:
    """The named version of the test set. Raises DeclarationError if there is none."""
    rows = TestSetVersion.objects.filter(test_set__project=project, test_set__slug=body.test_set)
    number = body.test_set_version
    rows = rows.filter(number=number) if number else rows.filter(pool=None).order_by("-number")
    if (version := rows.first()) is None:
        raise DeclarationError("there is no such version in this project", "test_set")
    return version  # type: ignore[no-any-return]
