"""Test sets, models and their versions."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.declare.declaration import DeclarationError
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import Since, list_response, response_of
from evalhub.frames.rest.registry_shapes import (
    ItemOut,
    ModelOut,
    ModelVersionOut,
    RetirementRequest,
    TestSetOut,
    TestSetVersionOut,
    TestSetVersionRequest,
)
from evalhub.ledger.retirement import retire_test_set
from evalhub.registry.models import Model, ModelVersion, TestSet, TestSetVersion
from evalhub.registry.uploads import Uploads
from evalhub.studies.file.version_file import ParentVersion, VersionFile
from evalhub.studies.web.from_web import import_test_set_from_web, register_version_from_web
from runners.backends.endpoints import endpoints

NEWEST = ("-number", "-id")


class TestSets(ProjectEndpoint):
    __test__ = False

    @describes("The project's test sets", gives=TestSetOut, pages=True, filtered=Since)
    def get(self, request: Request, project: str) -> Response:
        rows = TestSet.objects.filter(project=self.project).written().select_related("project")
        return list_response(request, rows, TestSetOut.from_model, filtered=Since)


class TestSetVersions(ProjectEndpoint):
    __test__ = False
    scopes = {"POST": Scope.INGEST}

    @describes("A test set's versions, the newest first", gives=TestSetVersionOut, pages=True)
    def get(self, request: Request, project: str, slug: str) -> Response:
        get_object_or_404(TestSet.objects.written(), project=self.project, slug=slug)
        rows = _test_set_versions(self, slug)
        return list_response(request, rows, TestSetVersionOut.from_model, ordering=NEWEST)

    @describes(
        "Make a version out of an upload\n\nThe same items are the version that is there.",
        gives=TestSetVersionOut,
        takes=TestSetVersionRequest,
        code=201,
        also=(503,),
    )
    @once(lasts=True)
    def post(self, request: Request, project: str, slug: str) -> Response:
        body = self.body(TestSetVersionRequest)
        version = import_test_set_from_web(
            project=self.project,
            by=self.by,
            slug=slug,
            file=body.file,
            files=Uploads(self.project),
            purpose=body.purpose,
            fields=body.fields,
        )
        shape = TestSetVersionOut.from_model(_test_set_versions(self, slug).get(pk=version.pk))
        return response_of(request, shape, 201, Location=shape.url)


class OneTestSetVersion(ProjectEndpoint):
    __test__ = False

    @describes("A version of a test set", gives=TestSetVersionOut)
    def get(self, request: Request, project: str, slug: str, number: int) -> Response:
        version = get_object_or_404(_test_set_versions(self, slug), number=number)
        return response_of(request, TestSetVersionOut.from_model(version))


class RetiredTestSetVersion(ProjectEndpoint):
    scopes = {"POST": Scope.DECIDE}

    @describes(
        "Retire a version of a test set\n\nFor owners, for good: nothing is judged on it any more, "
        "and pairs of reviews of its answers may be trained on. One that is retired stays so.",
        gives=TestSetVersionOut,
        takes=RetirementRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, slug: str, number: int) -> Response:
        reason = self.body(RetirementRequest).reason
        version = get_object_or_404(_test_set_versions(self, slug), number=number)
        retire_test_set(version=version, by=self.by, reason=reason)
        shape = TestSetVersionOut.from_model(_test_set_versions(self, slug).get(pk=version.pk))
        return response_of(request, shape, 201)


class Items(ProjectEndpoint):
    @describes("A version's items, in their order", gives=ItemOut, pages=True)
    def get(self, request: Request, project: str, slug: str, number: int) -> Response:
        version = get_object_or_404(_test_set_versions(self, slug), number=number)
        return list_response(
            request, version.items.all(), ItemOut.from_model, ordering=("position", "id")
        )


class Models(ProjectEndpoint):
    @describes("The project's models", gives=ModelOut, pages=True, filtered=Since)
    def get(self, request: Request, project: str) -> Response:
        rows = Model.objects.filter(project=self.project).written().select_related("project")
        return list_response(request, rows, ModelOut.from_model, filtered=Since)


class ModelVersions(ProjectEndpoint):
    scopes = {"POST": Scope.INGEST}

    @describes("A model's versions, the newest first", gives=ModelVersionOut, pages=True)
    def get(self, request: Request, project: str, slug: str) -> Response:
        get_object_or_404(Model.objects.written(), project=self.project, slug=slug)
        rows = _model_versions(self, slug)
        return list_response(request, rows, ModelVersionOut.from_model, ordering=NEWEST)

    @describes(
        "Register a version\n\nThe same specification is the version that is there.",
        gives=ModelVersionOut,
        takes=VersionFile,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, slug: str) -> Response:
        body = self.body(VersionFile)
        version = register_version_from_web(
            project=self.project,
            by=self.by,
            slug=slug,
            declaration=body,
            parent=None if body.parent is None else _parent(self, body.parent),
            files=Uploads(self.project),
            aliases=endpoints(),
        )
        shape = ModelVersionOut.from_model(_model_versions(self, slug).get(pk=version.pk))
        return response_of(request, shape, 201, Location=shape.url)


class OneModelVersion(ProjectEndpoint):
    @describes("A version of a model", gives=ModelVersionOut)
    def get(self, request: Request, project: str, slug: str, number: int) -> Response:
        version = get_object_or_404(_model_versions(self, slug), number=number)
        return response_of(request, ModelVersionOut.from_model(version))


def _test_set_versions(endpoint: ProjectEndpoint, slug: str) -> "QuerySet[TestSetVersion]":
    rows: QuerySet[TestSetVersion] = TestSetVersion.objects.filter(
        test_set__project=endpoint.project, test_set__slug=slug
    ).select_related("test_set__project", "retirement", "pool__retirement")
    return rows


def _model_versions(endpoint: ProjectEndpoint, slug: str) -> "QuerySet[ModelVersion]":
    rows: QuerySet[ModelVersion] = ModelVersion.objects.filter(
        model__project=endpoint.project, model__slug=slug
    ).select_related("model__project", "parent__model__project")
    return rows


def _parent(endpoint: ProjectEndpoint, parent: ParentVersion) -> ModelVersion:
    rows = _model_versions(endpoint, parent.model).order_by("-number")
    version = (rows.filter(number=parent.number) if parent.number else rows).first()
    if version is None:
        number = f" v{parent.number}" if parent.number else ""
        raise DeclarationError(f"there is no {parent.model}{number} in this project", "parent")
    return version
