"""What all endpoints have in common: a token's project and scope, its limit, ETags."""

from itertools import chain
from typing import Any, ClassVar

from django.db.models import QuerySet, Sum
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import conditional_page
from drf_spectacular.utils import OpenApiParameter
from pydantic import BaseModel
from rest_framework.exceptions import NotAuthenticated, UnsupportedMediaType
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from evalhub.accounts.models import ApiToken, Project, Scope, User
from evalhub.accounts.results_seen import sees_results
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.frames.rest.problems import Problem
from evalhub.frames.rest.requests import PlainJSONParser
from evalhub.frames.rest.tokens import BearerAuthentication, TokenLimit
from evalhub.ledger.models import Decision
from evalhub.registry.live_studies import check_not_live
from evalhub.registry.models import Run, Study

CANDIDATE = OpenApiParameter("candidate", str, description="an arm; else the one in question")
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def has_body(request: Request) -> bool:
    """Whether the request has a body: some clients send an empty one as a form."""
    return bool(request.META.get("CONTENT_LENGTH") != "0")


class HasScope(BasePermission):
    """The token has the scope that this method needs."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.auth is None:
            raise NotAuthenticated
        assert isinstance(view, ApiEndpoint)
        needed = view.scopes.get(request.method or "", Scope.READ)
        token: ApiToken = request.auth
        if needed not in token.scopes:
            raise Problem(
                403, f"The token needs the scope {needed}; it has {', '.join(token.scopes)}"
            )
        return True


@method_decorator(gzip_page, name="dispatch")
@method_decorator(conditional_page, name="dispatch")
class ApiEndpoint(APIView):
    """An address for programs. A method that isn't in `scopes` needs the scope read."""

    authentication_classes = [BearerAuthentication]
    permission_classes = [HasScope]
    parser_classes = [PlainJSONParser]
    renderer_classes = [JSONRenderer]
    throttle_classes = [TokenLimit]
    scopes: ClassVar[dict[str, Scope]] = {}
    metadata_class = None
    login_required = False  # Django's middleware doesn't apply: REST has tokens

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        is_form = request.content_type.startswith(FORMS)
        if is_form and PlainJSONParser in self.parser_classes and has_body(request):
            raise UnsupportedMediaType(request.content_type)  # DRF would read it as an empty body
        allowed = self.query_names()
        if unknown := [name for name in request.query_params if name not in allowed]:
            names = ", ".join(allowed) or "none"
            raise Problem(400, f"isn't known here (known: {names})", field=unknown[0])

    @classmethod
    def query_names(cls) -> list[str]:
        """Names of the query's parameters that its methods describe; any other is refused."""
        methods = (getattr(cls, name, None) for name in cls.http_method_names)
        names = (getattr(method, "query_names", ()) for method in methods)
        return list(dict.fromkeys(chain.from_iterable(names)))

    @property
    def by(self) -> User:
        """The person for whom the token acts."""
        assert isinstance(self.request.user, User)
        return self.request.user

    def job_title(self, method: str | None) -> str:
        """What a request does, for a list of jobs: the summary of its description."""
        handler = getattr(self, (method or "").lower())
        return str(getattr(handler, "summary", type(self).__name__))

    def has_scope(self, scope: Scope) -> bool:
        """Whether the token has a scope that only some requests of a method need."""
        token: ApiToken = self.request.auth
        return scope in token.scopes

    def document(self) -> dict[str, Any]:
        """The request's body, a JSON object. Raises DeclarationError for anything else."""
        if not isinstance(self.request.data, dict):
            raise DeclarationError("the body is a JSON object, of Content-Type application/json")
        return dict(self.request.data)

    def body[D: BaseModel](self, kind: type[D]) -> D:
        """The request's body as a declaration. Raises DeclarationError, naming the field."""
        return validate(kind, self.document())

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers.setdefault("Cache-Control", "private, no-cache")
        for name, value in getattr(request, "limit_headers", {}).items():
            answer.headers[name] = value
        return answer


class ProjectEndpoint(ApiEndpoint):
    """An address below the token's project. Of any other project nothing is to be seen."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.project = _project(request, kwargs["project"])
        sees_results(self.by)  # a program that reads or changes results has seen them


class StudyEndpoint(ProjectEndpoint):
    """An address below one study of the token's project."""

    def output_count(self) -> int:
        """Number of answers that the study's runs have or will have."""
        rows = Run.objects.filter(studies__arm__study__project=self.project)
        rows = rows.filter(studies__arm__study__slug=self.kwargs["slug"])
        return rows.aggregate(sum=Sum("test_set_version__item_count"))["sum"] or 0

    def study(self) -> Study:
        check_not_live(self.kwargs["slug"], project=self.project.slug)
        rows = Study.objects.filter(project=self.project).select_related("project")
        return get_object_or_404(rows, slug=self.kwargs["slug"])


class DecisionEndpoint(ProjectEndpoint):
    """An address below the decisions of the token's project."""

    def rows(self) -> "QuerySet[Decision]":
        rows = Decision.objects.filter(study__project=self.project)
        return rows.select_related("study__project")

    def decision(self) -> Decision:
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])


def _project(request: Request, slug: str) -> Project:
    """The token's project, if it is the one in the address and its user still sees it."""
    token: ApiToken = request.auth
    return get_object_or_404(Project.objects.visible_to(token.user), pk=token.project_id, slug=slug)


def project_path(below: str, endpoint: type[APIView], name: str) -> URLPattern:
    """The URL pattern of an endpoint below a project: projects/PROJECT/`below`."""
    route = "/".join(["projects/<slug:project>", below]).rstrip("/")
    pattern: URLPattern = path(route, endpoint.as_view(), name=name)
    return pattern
