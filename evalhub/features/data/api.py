"""Endpoints for reports of training files: kept, listed, read, signed."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.declare.data_report import DataReport
from evalhub.features.data.shapes import (
    DataReportOut,
    DataSignOffOut,
    DataSignOffRequest,
    WholeDataReportOut,
)
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import Since, list_response, response_of
from evalhub.ledger.data_signoff import sign_report
from evalhub.registry.data_reports import keep_report
from evalhub.registry.models import StoredDataReport
from evalhub.registry.models.data_reports import StoredDataReportQuerySet


class OfFile(Since):
    """Reports of one file."""

    sha256 = filters.CharFilter(label="SHA-256 of the file's bytes")
    report = filters.CharFilter(
        method="matches", label="its number, or how its SHA-256 or its file's begins"
    )

    def matches(
        self, rows: StoredDataReportQuerySet, name: str, value: str
    ) -> StoredDataReportQuerySet:
        return rows.matching(value)


class DataReportEndpoint(ProjectEndpoint):
    """Below the project's reports of training files."""

    def rows(self) -> "QuerySet[StoredDataReport]":
        rows = StoredDataReport.objects.filter(project=self.project)
        return rows.select_related("project").prefetch_related("sign_offs")

    def report(self) -> StoredDataReport:
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])


class DataReports(DataReportEndpoint):
    scopes = {"POST": Scope.INGEST}

    @describes("Reports of training files", gives=DataReportOut, pages=True, filtered=OfFile)
    def get(self, request: Request, project: str) -> Response:
        rows = StoredDataReport.objects.filter(project=self.project).without_report()
        rows = rows.select_related("project").prefetch_related("sign_offs")
        return list_response(request, rows, DataReportOut.from_model, filtered=OfFile)

    @describes(
        "Keep the report of a training file\n\nAs `evalhub data check FILE --json` prints it; the "
        "file itself stays where it is. The same report again is the one that is there.",
        gives=DataReportOut,
        takes=DataReport,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str) -> Response:
        row = keep_report(project=self.project, report=self.body(DataReport), by=self.by)
        shape = DataReportOut.from_model(row)
        return response_of(request, shape, 201, Location=shape.url)


class OneDataReport(DataReportEndpoint):
    @describes("The report of a training file, with all its findings", gives=WholeDataReportOut)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return response_of(request, WholeDataReportOut.from_model(self.report()))


class DataSignOffs(DataReportEndpoint):
    scopes = {"POST": Scope.DECIDE}

    @describes("Who accepted a training file, or rejected it", gives=DataSignOffOut, pages=True)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return list_response(request, self.report().sign_offs.all(), DataSignOffOut.from_model)

    @describes(
        "Accept a training file by its report, or reject it\n\nOf a report with serious findings "
        "an owner alone accepts. 409 where a newer report of the file is there.",
        gives=DataSignOffOut,
        takes=DataSignOffRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        body = self.body(DataSignOffRequest)
        signed = sign_report(
            report=self.report(), by=self.by, verdict=body.verdict, reason=body.reason
        )
        return response_of(request, DataSignOffOut.from_model(signed), 201)


urlpatterns = [
    project_path("data-reports", DataReports, "data_reports"),
    project_path("data-reports/<int:pk>", OneDataReport, "data_report"),
    project_path("data-reports/<int:pk>/sign-offs", DataSignOffs, "data_sign_offs"),
]
