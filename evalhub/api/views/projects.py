"""The token's project, the document of this API, and the answer for unknown addresses."""

from datetime import datetime
from pathlib import Path
from typing import Any, Self

from django.http import Http404, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.models import Project
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ApiEndpoint, ProjectEndpoint
from evalhub.frames.rest.lists import PAGED, list_response, response_of
from evalhub.frames.rest.shapes import ResponseBody, address

DOCUMENT = Path(__file__).resolve().parents[1] / "openapi.json"


class ProjectOut(ResponseBody):
    slug: str
    name: str
    created: datetime
    url: str

    @classmethod
    def from_model(cls, project: Project, /, **computed: Any) -> Self:
        return super().from_model(project, url=address("project", project.slug), **computed)


class Projects(ApiEndpoint):
    parameters = PAGED

    @describes("The projects that the token is for, which is one", gives=ProjectOut, pages=True)
    def get(self, request: Request) -> Response:
        rows = Project.objects.visible_to(self.by).filter(pk=request.auth.project_id)
        return list_response(request, rows, ProjectOut.from_model)


class OneProject(ProjectEndpoint):
    parameters = ("fields",)

    @describes("A project", gives=ProjectOut)
    def get(self, request: Request, project: str) -> Response:
        return response_of(request, ProjectOut.from_model(self.project))


class Schema(APIView):
    """This API as an OpenAPI document, for everybody: it holds nothing of anybody's."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    schema = None
    login_required = False

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(DOCUMENT.read_bytes(), content_type="application/vnd.oai.openapi+json")


class NotThere(ApiEndpoint):
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404
