"""Working sets: test sets that are being written, from a version or an upload, until published."""

from http import HTTPStatus

from django.db.models import Max, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Project, Scope
from evalhub.api.shapes.working_sets import (
    NearCopiesRequest,
    PublishedShape,
    SplitRequest,
    WholeWorkingSetShape,
    WorkingSetRequest,
    WorkingSetShape,
)
from evalhub.declare.declaration import DeclarationError
from evalhub.features.working_sets.from_web import begin_from_web, look_in_upload
from evalhub.features.working_sets.near_copies import look_in_other_test_sets, look_inside, split
from evalhub.frames.rest.describing import NO_BODY, describes
from evalhub.frames.rest.endpoint import ProjectEndpoint
from evalhub.frames.rest.idempotency import keep_answer, once
from evalhub.frames.rest.lists import PAGED, Since, listed, shown
from evalhub.frames.rest.matching import IF_MATCH, MATCHES, check_match, etag_of
from evalhub.registry.models import TestSetVersion, WorkingItem, WorkingSet
from evalhub.registry.models.working_sets import WorkingSetQuerySet
from evalhub.registry.uploads import Uploads
from evalhub.registry.working_items import set_parts
from evalhub.registry.working_sets import discard_working_set, edit_version, publish_working_set


class WorkingSetEndpoint(ProjectEndpoint):
    """Below the project's working sets."""

    def rows(self) -> WorkingSetQuerySet:
        found: WorkingSetQuerySet = WorkingSet.objects.filter(project=self.project).filled()
        return found.with_counts().select_related("project", "origin")

    def item_count(self) -> int:
        """How many items the working set has, as a request on all of them concerns."""
        rows = WorkingItem.objects.filter(working_set__project=self.project)
        return rows.filter(working_set=self.kwargs["pk"]).count()

    def working_set(self) -> WorkingSet:
        found: WorkingSet = get_object_or_404(self.rows(), pk=self.kwargs["pk"])
        return found

    def whole(self, request: Request, code: int = HTTPStatus.OK, **headers: str) -> Response:
        """The working set as it is now."""
        shape = WholeWorkingSetShape.of(self.working_set())
        return shown(request, shape, code, ETag=etag_of(shape), **headers)


def _items_of_version(view: WorkingSetEndpoint) -> int:
    """Items of the version that a working set begins with, or of the test set's largest one."""
    asked = view.document()
    rows = TestSetVersion.objects.filter(test_set__project=view.project)
    rows = rows.filter(test_set__slug=str(asked.get("test_set")))
    return 0 if asked.get("file") else rows.aggregate(most=Max("item_count"))["most"] or 0


def _compared_items(view: WorkingSetEndpoint) -> int:
    """Items that a search for near-copies reads: the set's, and those of other test sets."""
    count = view.item_count()
    if view.document().get("where") == "others":
        rows = TestSetVersion.objects.filter(test_set__project=view.project)
        count += rows.aggregate(sum=Sum("item_count"))["sum"] or 0
    return count


class WorkingSets(WorkingSetEndpoint):
    scopes = {"POST": Scope.INGEST}
    parameters = (*PAGED, *Since.base_filters)

    @describes(
        "Test sets that are being written", gives=WorkingSetShape, pages=True, filtered=Since
    )
    def get(self, request: Request, project: str) -> Response:
        return listed(request, self.rows(), WorkingSetShape.of, filtered=Since)

    @describes(
        "Begin a working set\n\nWith a version's items, which itself stays as it is, or with those "
        "of an upload.",
        gives=WorkingSetShape,
        takes=WorkingSetRequest,
        code=201,
        once=True,
        also=(503,),
    )
    @once(lasts=True, rows=_items_of_version)
    def post(self, request: Request, project: str) -> Response:
        asked = self.body(WorkingSetRequest)
        if asked.file is None:
            made = edit_version(_version(self.project, asked), by=self.by)
        else:
            made = begin_from_web(
                project=self.project,
                by=self.by,
                slug=asked.test_set,
                file=asked.file,
                files=Uploads(self.project),
                purpose=asked.purpose,
                fields=asked.fields,
                source=asked.source,
            )
        found = WorkingSetShape.of(self.rows().get(pk=made.pk))
        return shown(request, found, 201, Location=found.url)


class OneWorkingSet(WorkingSetEndpoint):
    scopes = {"DELETE": Scope.INGEST}
    parameters = ("fields",)

    @describes("A working set, and what publishing it would change", gives=WholeWorkingSetShape)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return self.whole(request)

    @describes(
        "Discard it with its items\n\nVersions stay.",
        gives=None,
        code=204,
        streams=NO_BODY,
        query=(IF_MATCH,),
        also=(409, *MATCHES),
    )
    def delete(self, request: Request, project: str, pk: int) -> HttpResponse:
        found = self.working_set()
        check_match(request, WholeWorkingSetShape.of(found))
        discard_working_set(found, by=self.by)
        return HttpResponse(status=204)


class NearCopiesOfWorkingSet(WorkingSetEndpoint):
    scopes = {"POST": Scope.INGEST}

    @describes(
        "Look for near-copies of its items\n\nThe list of items then says of each what it is alike "
        "to; what was found before is forgotten.",
        gives=WholeWorkingSetShape,
        takes=NearCopiesRequest,
        once=True,
        also=(503,),
    )
    @once(lasts=True, rows=_compared_items)
    def post(self, request: Request, project: str, pk: int) -> Response:
        found, asked = self.working_set(), self.body(NearCopiesRequest)
        if asked.file is not None:
            look_in_upload(found, file=asked.file, files=Uploads(self.project), by=self.by)
        elif asked.where == "others":
            look_in_other_test_sets(found, by=self.by)
        else:
            look_inside(found, by=self.by)
        return self.whole(request)


class SplitWorkingSet(WorkingSetEndpoint):
    scopes = {"POST": Scope.INGEST, "DELETE": Scope.INGEST}

    @describes(
        "Split it into a test part and a development part\n\nItems of one cluster, and "
        "near-copies, stay on one side; the same items, share and seed are the same split.",
        gives=WholeWorkingSetShape,
        takes=SplitRequest,
        once=True,
        also=(503,),
    )
    @once(lasts=True, rows=WorkingSetEndpoint.item_count)
    def post(self, request: Request, project: str, pk: int) -> Response:
        found, asked = self.working_set(), self.body(SplitRequest)
        split(found, share=asked.share, seed=asked.seed, by=self.by)
        return self.whole(request)

    @describes("Take the split back", gives=None, code=204, streams=NO_BODY, also=(409,))
    def delete(self, request: Request, project: str, pk: int) -> HttpResponse:
        set_parts(self.working_set(), None, by=self.by)
        return HttpResponse(status=204)


class PublishWorkingSet(WorkingSetEndpoint):
    scopes = {"POST": Scope.INGEST}

    @describes(
        "Make it the frozen version that holds its items\n\nThe same content is the version that "
        "is there; a set that is split makes two. If-Match is the working set's ETag; the set is "
        "gone then.",
        gives=PublishedShape,
        code=201,
        once=True,
        query=(IF_MATCH,),
        also=(*MATCHES, 503),
    )
    @once(lasts=True, rows=WorkingSetEndpoint.item_count)
    def post(self, request: Request, project: str, pk: int) -> Response:
        found = self.working_set()
        check_match(request, WholeWorkingSetShape.of(found))
        made = publish_working_set(
            found,
            revision=found.revision,
            by=self.by,
            told=lambda made: keep_answer(request, _published(request, made)),
        )
        return _published(request, made)


def _published(request: Request, made: list[TestSetVersion]) -> Response:
    rows = TestSetVersion.objects.filter(pk__in=[each.pk for each in made])
    versions = rows.select_related("test_set__project").order_by("test_set__slug")
    shape = PublishedShape.of(list(versions))
    return shown(request, shape, 201, Location=shape.versions[0].url)


def _version(project: Project, asked: WorkingSetRequest) -> TestSetVersion:
    """The version that is named. Raises DeclarationError where there is none."""
    rows = TestSetVersion.objects.filter(test_set__project=project, test_set__slug=asked.test_set)
    number = asked.version
    rows = rows.filter(number=number) if number else rows.filter(pool=None).order_by("-number")
    found: TestSetVersion | None = rows.select_related("test_set__project").first()
    if found is None:
        field = "version" if number else "test_set"
        raise DeclarationError("there is no such version in this project", field)
    return found
