"""Samples of traffic by REST."""

from django.db.models import QuerySet
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.features.traffic.models import Request
from evalhub.features.traffic.shadow.drawing import draw_requests
from evalhub.features.traffic.shadow.query import SampleQuery
from evalhub.features.traffic.shadow.shapes import DrawnSampleOut, SampleOut
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import list_response, response_of
from evalhub.registry.models import TrafficSample


class TrafficSamples(ProjectEndpoint):
    scopes = {"POST": Scope.INGEST}

    def rows(self) -> "QuerySet[TrafficSample]":
        rows = TrafficSample.objects.filter(version__test_set__project=self.project)
        return rows.select_related("version__test_set__project", "model_version__model")

    def frame_size(self) -> int:
        """How many requests a draw reads."""
        since = self.body(SampleQuery).since
        return Request.objects.filter(project=self.project, time__gte=since, has_text=True).count()

    @describes("Samples of production's requests", gives=SampleOut, pages=True)
    def get(self, request: HttpRequest, project: str) -> Response:
        return list_response(request, self.rows(), SampleOut.from_model, ordering=("-version_id",))

    @describes(
        "Draw a sample of requests as a version of a test set\n\nAt random by the seed, in each "
        "stratum its share. What a test set of the project asks already isn't drawn again.",
        gives=DrawnSampleOut,
        takes=SampleQuery,
        code=201,
    )
    @once(rows=frame_size)
    def post(self, request: HttpRequest, project: str) -> Response:
        query = self.body(SampleQuery)
        drawn = draw_requests(project=self.project, query=query, by=self.by)
        sample = DrawnSampleOut.from_drawn(drawn)
        return response_of(request, sample, 201, Location=sample.url)


urlpatterns = [project_path("traffic/samples", TrafficSamples, "traffic_samples")]
