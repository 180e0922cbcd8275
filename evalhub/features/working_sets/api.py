"""Working sets: test sets that are being written, from a version or an upload, until published."""

from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal, Self

from django.db.models import Max, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from pydantic import Field, model_validator
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Project, Scope
from evalhub.declare.declaration import Declaration, DeclarationError, default_of, invalid
from evalhub.declare.study import Name
from evalhub.features.working_sets.from_web import begin_from_web, look_in_upload
from evalhub.features.working_sets.items import set_parts
from evalhub.features.working_sets.models import (
    WorkingItem,
    WorkingItemFilter,
    WorkingSet,
    WorkingSetQuerySet,
)
from evalhub.features.working_sets.near_copies import look_in_other_test_sets, look_inside, split
from evalhub.features.working_sets.sets import (
    difference,
    discard_working_set,
    edit_version,
    publish_working_set,
)
from evalhub.frames.rest.describing import NO_BODY, describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import keep_answer, once
from evalhub.frames.rest.lists import PAGED, Since, list_response, response_of
from evalhub.frames.rest.registry_shapes import (
    Purpose,
    TestSetVersionOut,
    TestSetVersionRequest,
    Upload,
)
from evalhub.frames.rest.requests import IF_MATCH, MATCHES, check_match, etag_of
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.registry.models import TestSetVersion
from evalhub.registry.uploads import Uploads
from evalhub.studies.file.test_sets import ItemFields


class WorkingSetRequest(Declaration):
    """What a working set begins with: a version's items, or those of an upload."""

    test_set: Name = Field(description="the test set that it becomes a version of")
    version: int | None = Field(
        None, ge=1, le=2_147_483_647, description="whose items it begins with; else the newest"
    )
    file: Upload | None = Field(None, description="in place of a version: an upload of items")
    purpose: Purpose = Field(
        default_of(TestSetVersionRequest, "purpose"),
        description="with a file: of a test set that isn't there yet",
    )
    fields: ItemFields = Field(ItemFields(), description="with a file: what its fields are called")
    source: str = Field(
        "", max_length=255, description="with a file: what people call it; else its digest"
    )

    @model_validator(mode="after")
    def _begins_with_one(self) -> "WorkingSetRequest":
        if self.source and (self.file is None or not self.source.isprintable()):
            raise invalid("is the name of a file that is given, in one line", "source")
        if self.file is not None and self.version is not None:
            raise invalid("is in place of a version: give one of the two", "file")
        return self


class NearCopiesRequest(Declaration):
    """Where near-copies are looked for."""

    where: Literal["inside", "others", "training"] = Field(
        description="among its own items, in the project's other test sets, in an upload"
    )
    file: Upload | None = Field(
        None, description="of training: the data, or what `evalhub fingerprint` made of it"
    )

    @model_validator(mode="after")
    def _has_its_file(self) -> "NearCopiesRequest":
        if (self.where == "training") != (self.file is not None):
            raise invalid("is for training, and needed there", "file")
        return self


class SplitRequest(Declaration):
    """How a working set is split."""

    share: float = Field(ge=0.01, le=0.99, description="of the items, for development")
    seed: int = Field(0, ge=0, le=2_147_483_648)


class WorkingSetOut(ResponseBody):
    """A test set that is being written."""

    id: int
    test_set: str = Field(validation_alias="slug")
    purpose: str
    source: str = Field(description="where its first items came from")
    origin: str | None = Field(description="address of the version that it is seen against")
    items: int = Field(validation_alias="size")
    revision: int = Field(description="counts what was written")
    created: datetime
    changed: datetime
    url: str

    @classmethod
    def from_model(cls, working_set: WorkingSet, /, **computed: Any) -> Self:
        """Of a working set with its count (`with_counts`)."""
        return super().from_model(
            working_set,
            origin=_version_address(working_set, working_set.origin),
            url=address("working_set", working_set.project.slug, working_set.pk),
            **computed,
        )


class SetDifferenceOut(ResponseBody):
    """What publishing would change, in numbers of items."""

    added: int
    changed: int
    removed: int
    newer: str | None = Field(description="address of a version that came after the origin")


class WholeWorkingSetOut(WorkingSetOut):
    """A working set, and what it is beside the version that it was begun from."""

    difference: SetDifferenceOut
    alike: int = Field(description="items that are near-copies, as last looked for")
    parts: dict[str, int] = Field(description="items by part: test, development, or none")

    @classmethod
    def from_model(cls, working_set: WorkingSet, /, **computed: Any) -> Self:
        """Of a working set with its count (`with_counts`). Seven queries."""
        change = difference(working_set)
        newer = _version_address(working_set, change.newer)
        items = working_set.items.all()
        return super().from_model(
            working_set,
            difference=SetDifferenceOut.from_model(change, newer=newer),
            alike=items.matching(WorkingItemFilter(alike=True)).count(),
            parts={part or "none": n for part, n in items.per_part().items()},
            **computed,
        )


class PublishedOut(ResponseBody):
    """The versions that a working set became: one, or one for each part of a split."""

    versions: tuple[TestSetVersionOut, ...]


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
    parameters = (*PAGED, *Since.base_filters)

    @describes("Test sets that are being written", gives=WorkingSetOut, pages=True, filtered=Since)
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), WorkingSetOut.from_model, filtered=Since)

    @describes(
        "Begin a working set\n\nWith a version's items, which itself stays as it is, or with those "
        "of an upload.",
        gives=WorkingSetOut,
        takes=WorkingSetRequest,
        code=201,
        once=True,
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
    parameters = ("fields",)

    @describes("A working set, and what publishing it would change", gives=WholeWorkingSetOut)
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
        once=True,
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
        once=True,
        also=(503,),
    )
    @once(lasts=True, rows=WorkingSetEndpoint.item_count)
    def post(self, request: Request, project: str, pk: int) -> Response:
        working_set, body = self.working_set(), self.body(SplitRequest)
        split(working_set, share=body.share, seed=body.seed, by=self.by)
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
        gives=PublishedOut,
        code=201,
        once=True,
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


def _version_address(working_set: WorkingSet, version: TestSetVersion | None) -> str | None:
    """The address of a version of the set's own test set."""
    if version is None:
        return None
    return address("test_set_version", working_set.project.slug, working_set.slug, version.number)


urlpatterns = [
    project_path("working-sets", WorkingSets, "working_sets"),
    project_path("working-sets/<int:pk>", OneWorkingSet, "working_set"),
    project_path("working-sets/<int:pk>/near-copies", NearCopiesOfWorkingSet, "near_copies"),
    project_path("working-sets/<int:pk>/split", SplitWorkingSet, "split"),
    project_path("working-sets/<int:pk>/publish", PublishWorkingSet, "publish"),
]
