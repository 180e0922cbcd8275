"""Working sets: test sets that are being written, from a version or an upload, until published."""

from http import HTTPStatus

from django.db.models import Max, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Project, Scope
from evalhub.declare.declaration import DeclarationError
from evalhub.features.working_sets.from_web import begin_from_web, look_in_upload
from evalhub.features.working_sets.items import set_parts
from evalhub.features.working_sets.models import WorkingItem, WorkingSet, WorkingSetQuerySet
from evalhub.features.working_sets.near_copies import look_in_other_test_sets, look_inside, split
from evalhub.features.working_sets.sets import (
    discard_working_set,
    edit_version,
    publish_working_set,
)
from evalhub.features.working_sets.shapes import (
    NearCopiesRequest,
    PublishedOut,
    SplitRequest,
    WholeWorkingSetOut,
    WorkingSetOut,
    WorkingSetRequest,
)
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import keep_answer, once
from evalhub.frames.rest.lists import Since, list_response, response_of
from evalhub.frames.rest.registry_shapes import TestSetVersionOut
from evalhub.frames.rest.requests import IF_MATCH, MATCHES, check_match, etag_of
from evalhub.registry.models import TestSetVersion
from evalhub.registry.uploads import Uploads


class WorkingSetEndpoint(ProjectEndpoint):
    """Below the project's working sets."""

    def rows(self) -> WorkingSetQuerySet:
        rows: WorkingSetQuerySet = WorkingSet.objects.filter(project=self.project).filled()
        return rows.with_counts().select_related("project", "origin")

    def item_count(self) -> int:
        """The number of items in the working set: the weight of a request on all of them."""
        rows = WorkingItem.objects.filter(working_set__project=self.project)
        return rows.filter(working_set=self.kwargs["pk"]).count()

    def working_set(self) -> WorkingSet:
        working_set: WorkingSet = get_object_or_404(self.rows(), pk=self.kwargs["pk"])
        return working_set

    def whole(self, request: Request, code: int = HTTPStatus.OK, **headers: str) -> Response:
        """The response with the working set as it is now."""
        shape = WholeWorkingSetOut.from_model(self.working_set())
        return response_of(request, shape, code, ETag=etag_of(shape), **headers)


def _items_of_version(view: WorkingSetEndpoint) -> int:
    """Number of items of the version that a working set begins with, or of the test set's largest
    version."""
    body = view.document()
    rows = TestSetVersion.objects.filter(test_set__project=view.project)
    rows = rows.filter(test_set__slug=str(body.get("test_set")))
    return 0 if body.get("file") else rows.aggregate(most=Max("item_count"))["most"] or 0


def _items_to_compare(view: WorkingSetEndpoint) -> int:
    """Number of items that a search for near-copies reads: the set's, and those of other test
    sets."""
    count = view.item_count()
    if view.document().get("where") == "others":
        rows = TestSetVersion.objects.filter(test_set__project=view.project)
        count += rows.aggregate(sum=Sum("item_count"))["sum"] or 0
    return count


class WorkingSets(WorkingSetEndpoint):
    scopes = {"POST": Scope.INGEST}

    @describes("Test sets that are being written", gives=WorkingSetOut, pages=True, filtered=Since)
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), WorkingSetOut.from_model, filtered=Since)

    @describes(
        "Begin a working set\n\nWith a version's items, which itself stays as it is, or with those "
        "of an upload.",
        gives=WorkingSetOut,
        takes=WorkingSetRequest,
        code=201,
        also=(503,),
    )
    @once(lasts=True, rows=_items_of_version)
    def post(self, request: Request, project: str) -> Response:
        body = self.body(WorkingSetRequest)
        if body.file is None:
            working_set = edit_version(_version(self.project, body), by=self.by)
        else:
            working_set = begin_from_web(
                project=self.project,
                by=self.by,
                slug=body.test_set,
                file=body.file,
                files=Uploads(self.project),
                purpose=body.purpose,
                fields=body.fields,
                source=body.source,
            )
        shape = WorkingSetOut.from_model(self.rows().get(pk=working_set.pk))
        return response_of(request, shape, 201, Location=shape.url)


class OneWorkingSet(WorkingSetEndpoint):
    scopes = {"DELETE": Scope.INGEST}

    @describes("A working set, and what publishing it would change", gives=WholeWorkingSetOut)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return self.whole(request)

    @describes(
        "Discard it with its items\n\nVersions stay.", query=(IF_MATCH,), also=(409, *MATCHES)
    )
    def delete(self, request: Request, project: str, pk: int) -> HttpResponse:
        working_set = self.working_set()
        check_match(request, WholeWorkingSetOut.from_model(working_set))
        discard_working_set(working_set, by=self.by)
        return HttpResponse(status=204)


class NearCopiesOfWorkingSet(WorkingSetEndpoint):
    scopes = {"POST": Scope.INGEST}

    @describes(
        "Look for near-copies of its items\n\nThe list of items then says of each what it is alike "
        "to; what was found before is forgotten.",
        gives=WholeWorkingSetOut,
        takes=NearCopiesRequest,
        also=(503,),
    )
    @once(lasts=True, rows=_items_to_compare)
    def post(self, request: Request, project: str, pk: int) -> Response:
        working_set, body = self.working_set(), self.body(NearCopiesRequest)
        if body.file is not None:
            look_in_upload(working_set, file=body.file, files=Uploads(self.project), by=self.by)
        elif body.where == "others":
            look_in_other_test_sets(working_set, by=self.by)
        else:
            look_inside(working_set, by=self.by)
        return self.whole(request)


class SplitWorkingSet(WorkingSetEndpoint):
    scopes = {"POST": Scope.INGEST, "DELETE": Scope.INGEST}

    @describes(
        "Split it into a test part and a development part\n\nItems of one cluster, and "
        "near-copies, stay on one side; the same items, share and seed are the same split.",
        gives=WholeWorkingSetOut,
        takes=SplitRequest,
        also=(503,),
    )
    @once(lasts=True, rows=WorkingSetEndpoint.item_count)
    def post(self, request: Request, project: str, pk: int) -> Response:
        working_set, body = self.working_set(), self.body(SplitRequest)
        split(working_set, share=body.share, seed=body.seed, by=self.by)
        return self.whole(request)

    @describes("Take the split back", also=(409,))
    def delete(self, request: Request, project: str, pk: int) -> HttpResponse:
        set_parts(self.working_set(), None, by=self.by)
        return HttpResponse(status=204)


class PublishWorkingSet(WorkingSetEndpoint):
    scopes = {"POST": Scope.INGEST}

    @describes(
        "Make it the frozen version that holds its items\n\nThe same content is the version that "
        "is there; a set that is split makes two. If-Match is the working set's ETag; the set is "
        "gone then.",
        gives=PublishedOut,
        code=201,
        query=(IF_MATCH,),
        also=(*MATCHES, 503),
    )
    @once(lasts=True, rows=WorkingSetEndpoint.item_count)
    def post(self, request: Request, project: str, pk: int) -> Response:
        working_set = self.working_set()
        check_match(request, WholeWorkingSetOut.from_model(working_set))
        versions = publish_working_set(
            working_set,
            revision=working_set.revision,
            by=self.by,
            on_published=lambda versions: keep_answer(
                request, _versions_response(request, versions)
            ),
        )
        return _versions_response(request, versions)


def _versions_response(request: Request, versions: list[TestSetVersion]) -> Response:
    rows = TestSetVersion.objects.filter(pk__in=[version.pk for version in versions])
    ordered = rows.select_related("test_set__project").order_by("test_set__slug")
    shape = PublishedOut(versions=tuple(TestSetVersionOut.from_model(row) for row in ordered))
    return response_of(request, shape, 201, Location=shape.versions[0].url)


def _version(project: Project, body: WorkingSetRequest) -> TestSetVersion:
    """The version that the body names. Raises DeclarationError if there is none."""
    rows = TestSetVersion.objects.filter(test_set__project=project, test_set__slug=body.test_set)
    number = body.version
    rows = rows.filter(number=number) if number else rows.filter(pool=None).order_by("-number")
    version: TestSetVersion | None = rows.select_related("test_set__project").first()
    if version is None:
        field = "version" if number else "test_set"
        raise DeclarationError("there is no such version in this project", field)
    return version


urlpatterns = [
    project_path("working-sets", WorkingSets, "working_sets"),
    project_path("working-sets/<int:pk>", OneWorkingSet, "working_set"),
    project_path("working-sets/<int:pk>/near-copies", NearCopiesOfWorkingSet, "near_copies"),
    project_path("working-sets/<int:pk>/split", SplitWorkingSet, "split"),
    project_path("working-sets/<int:pk>/publish", PublishWorkingSet, "publish"),
]
