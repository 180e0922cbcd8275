"""REST: requests of production drawn as examples of a queue."""

from django.shortcuts import get_object_or_404
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.features.examples.sources.from_traffic import (
    ExampleDraw,
    draw_from_traffic,
    plan_draw,
)
from evalhub.features.examples.sources.shapes import ExampleDrawOut, ExampleDrawRequest
from evalhub.features.traffic.models import Request
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import keep_answer, once
from evalhub.frames.rest.lists import response_of
from reviews.models import ExampleQueue


class ExampleDraws(ProjectEndpoint):
    scopes = {"POST": Scope.RUN}

    def frame_size(self) -> int:
        """How many requests a draw reads."""
        since = self.body(ExampleDrawRequest).since
        return Request.objects.filter(project=self.project, time__gte=since, has_text=True).count()

    @describes(
        "Draw requests as examples of a queue\n\nWhat people found good first, by the slices that "
        "are needed, then at random by the seed. Nothing that a test set asks, and nothing that "
        "tells of a review or a sealed study that goes on. To ask a model for answers or "
        "variations there is the command `evalhub examples`.",
        gives=ExampleDrawOut,
        takes=ExampleDrawRequest,
        code=201,
    )
    @once(lasts=True, rows=frame_size)
    def post(self, request: HttpRequest, project: str, pk: int) -> Response:
        query = self.body(ExampleDrawRequest)
        queue = get_object_or_404(ExampleQueue.objects.filter(project=self.project), pk=pk)
        if query.dry_run:
            draw, added = plan_draw(queue=queue, query=query, by=self.by), 0
        else:
            draw, added = draw_from_traffic(
                queue=queue,
                query=query,
                by=self.by,
                on_added=lambda draw, added: keep_answer(request, _response(request, draw, added)),
            )
        return _response(request, draw, added)


def _response(request: HttpRequest, draw: ExampleDraw, added: int) -> Response:
    return response_of(request, ExampleDrawOut.of(draw, added), 201)


urlpatterns = [
    project_path("example-queues/<int:pk>/draws", ExampleDraws, "example_draws"),
]
