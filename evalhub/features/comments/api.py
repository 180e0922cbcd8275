"""Comments by REST: read, written and removed for the person of the token."""

from datetime import datetime
from typing import Any, Self

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from pydantic import Field, model_validator
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.declare.declaration import Declaration
from evalhub.features.comments.commenting import remove_comment, write_comment
from evalhub.features.comments.models import LONGEST, Comment, CommentQuerySet
from evalhub.features.comments.subjects import subject_of
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import Since, list_response, response_of
from evalhub.frames.rest.shapes import ResponseBody, address

LARGEST_ID = 2**63 - 1


class CommentRequest(Declaration):
    """A comment on a decision, one of its criteria, or an item."""

    text: str = Field(min_length=1, max_length=LONGEST)
    decision: int | None = Field(None, gt=0, le=LARGEST_ID)
    criterion: int | None = Field(None, gt=0, le=32_767, description="of the decision, from 1")
    test_set: str | None = Field(None, description="the item's test set, by its name")
    item: str | None = Field(None, description="the item's id in the newest version that has it")

    @model_validator(mode="after")
    def _about_one_thing(self) -> Self:
        if (self.decision is None) == (self.item is None):
            raise ValueError("a comment is about a decision or an item")
        if (self.item is None) != (self.test_set is None):
            raise ValueError("an item is named by test_set and item")
        if self.item is not None and self.criterion is not None:
            raise ValueError("a criterion is a decision's")
        return self

    def thing(self) -> dict[str, Any]:
        """What it is about, as `subject_of` takes it."""
        return self.model_dump(include={"decision", "criterion", "test_set", "item"})


class CommentOut(ResponseBody):
    """What somebody said, about a decision, one of its criteria, or an item."""

    id: int
    text: str
    by: str
    created: datetime
    decision: int | None = Field(validation_alias="decision_id")
    criterion: int | None = Field(description="of the decision, from 1")
    item: str | None = Field(description="the item's id")
    item_digest: str | None = Field(description="what the item asks, in any version")
    url: str

    @classmethod
    def from_model(cls, comment: Comment, /, **computed: Any) -> Self:
        """Of a comment with its project and item."""
        return super().from_model(
            comment,
            by=str(comment.by),
            item=comment.item.key if comment.item else None,
            item_digest=comment.item.digest if comment.item else None,
            url=address("comment", comment.project.slug, comment.pk),
            **computed,
        )


class AboutThing(Since):
    """Comments on one thing."""

    decision = filters.NumberFilter(label="also on its criteria")
    criterion = filters.NumberFilter()
    test_set = filters.CharFilter(field_name="item__version__test_set__slug")
    item = filters.CharFilter(field_name="item__key", label="an item's id")


class CommentEndpoint(ProjectEndpoint):
    """Below the project's comments."""

    def rows(self) -> CommentQuerySet:
        rows: CommentQuerySet = Comment.objects.readable_by(self.by).filter(project=self.project)
        return rows.in_order()


class Comments(CommentEndpoint):
    scopes = {"POST": Scope.DECIDE}

    @describes(
        "Comments on decisions, criteria and items", gives=CommentOut, pages=True,
        filtered=AboutThing,
    )  # fmt: skip
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), CommentOut.from_model, filtered=AboutThing)

    @describes(
        "Comment on a decision, a criterion or an item\n\n409 before the seal of a review that "
        "shows the item or is of the decision's study.",
        gives=CommentOut,
        takes=CommentRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str) -> Response:
        body = self.body(CommentRequest)
        subject = subject_of(self.project, **body.thing())
        comment = write_comment(subject=subject, by=self.by, text=body.text)
        shape = CommentOut.from_model(comment)
        return response_of(request, shape, 201, Location=shape.url)


class OneComment(CommentEndpoint):
    scopes = {"DELETE": Scope.DECIDE}

    @describes("A comment", gives=CommentOut)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return response_of(request, CommentOut.from_model(get_object_or_404(self.rows(), pk=pk)))

    @describes("Remove a comment\n\nOne's own; an owner removes anybody's.")
    def delete(self, request: Request, project: str, pk: int) -> HttpResponse:
        remove_comment(comment=get_object_or_404(self.rows(), pk=pk), by=self.by)
        return HttpResponse(status=204)


urlpatterns = [
    project_path("comments", Comments, "comments"),
    project_path("comments/<int:pk>", OneComment, "comment"),
]
