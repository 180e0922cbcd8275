"""Jobs: heavy requests that other processes work on."""

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.frames.rest.describing import NO_BODY, WAIT, describes
from evalhub.frames.rest.endpoint import ProjectEndpoint
from evalhub.frames.rest.idempotency import JOB_RETRY_S
from evalhub.frames.rest.lists import PAGED, Since, list_response, response_of
from evalhub.frames.rest.problems import Problem
from evalhub.frames.rest.requests import wait_for
from evalhub.frames.rest.shapes import JobOut
from evalhub.jobs.models import Job, JobState
from evalhub.jobs.queue import cancel_job


class JobFilters(Since):
    state = filters.ChoiceFilter(choices=JobState.choices)


class JobEndpoint(ProjectEndpoint):
    """Below the project's jobs."""

    def rows(self) -> "QuerySet[Job]":
        rows: QuerySet[Job] = Job.objects.filter(project=self.project, token__isnull=False)
        return rows.select_related("project", "by")

    def job(self) -> Job:
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])


class Jobs(JobEndpoint):
    parameters = (*PAGED, *JobFilters.base_filters)

    @describes(
        "Heavy requests of programs\n\nA request that concerns more than 5,000 rows or 500 KB is "
        "answered with 202 and one of these. One of a project is worked on at a time.",
        gives=JobOut,
        pages=True,
        filtered=JobFilters,
    )
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), JobOut.from_model, filtered=JobFilters)


class OneJob(JobEndpoint):
    scopes = {"DELETE": Scope.INGEST}
    parameters = ("fields", "wait")

    @describes(
        "A heavy request, how far it is, and its answer\n\n202 until it has ended.",
        gives=JobOut,
        query=(WAIT,),
        also={202: JobOut},
    )
    def get(self, request: Request, project: str, pk: int) -> Response:
        job = wait_for(request, self.job, lambda job: job.has_ended)
        if not job.has_ended:
            return response_of(request, JobOut.from_model(job), 202, Retry_After=str(JOB_RETRY_S))
        return response_of(request, JobOut.from_model(job))

    @describes(
        "Cancel a heavy request that hasn't ended\n\nNothing half-written of it stays.",
        gives=None,
        code=204,
        streams=NO_BODY,
        also=(409,),
    )
    def delete(self, request: Request, project: str, pk: int) -> HttpResponse:
        job = self.job()
        if job.has_ended:
            raise Problem(409, "It has ended.")
        cancel_job(job, by=self.by)
        return HttpResponse(status=204)
