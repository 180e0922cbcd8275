"""Links to a decision by REST, for a project's owners alone."""

from datetime import datetime
from typing import Any, Self

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.declare.declaration import Declaration
from evalhub.features.decision_links.models import DecisionLink
from evalhub.features.decision_links.sharing import (
    LASTS_DAYS,
    LONGEST_DAYS,
    share_decision,
    withdraw_link,
)
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import DecisionEndpoint, project_path
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import list_response, response_of
from evalhub.frames.rest.shapes import ResponseBody, address


class SharedLinkRequest(Declaration):
    """How long a link opens, and what it shows."""

    days: int = Field(LASTS_DAYS, le=LONGEST_DAYS, description="1 or more")
    texts: bool = Field(False, description="the items that changed most, with their answers")


class SharedLinkOut(ResponseBody):
    """A link by which anybody reads one decision."""

    id: int
    decision: int = Field(validation_alias="decision_id")
    texts: bool
    by: str
    expires: datetime
    withdrawn: datetime | None
    created: datetime
    url: str

    @classmethod
    def from_model(cls, link: DecisionLink, /, **computed: Any) -> Self:
        project = link.decision.study.project.slug
        url = address("decision_link", project, link.decision_id, link.pk)
        return super().from_model(link, by=str(link.by), url=url, **computed)


class NewSharedLinkOut(SharedLinkOut):
    """With its address, which is shown this once."""

    address: str


class LinkEndpoint(DecisionEndpoint):
    """Below the links of a decision."""

    scopes = dict.fromkeys(("GET", "POST", "DELETE"), Scope.ADMIN)

    def links(self) -> "QuerySet[DecisionLink]":
        rows = DecisionLink.objects.filter(decision=self.decision())
        return rows.select_related("decision__study__project", "by")


class DecisionLinks(LinkEndpoint):
    @describes("Links to a decision for people without an account", gives=SharedLinkOut,
               pages=True)  # fmt: skip
    def get(self, request: Request, project: str, pk: int) -> Response:
        return list_response(request, self.links(), SharedLinkOut.from_model)

    @describes(
        "Make a link to a decision\n\nWhoever has its address reads the decision. The address is "
        "shown only once.",
        gives=NewSharedLinkOut,
        takes=SharedLinkRequest,
        code=201,
    )
    @once(secret=True)
    def post(self, request: Request, project: str, pk: int) -> Response:
        body = self.body(SharedLinkRequest)
        new = share_decision(decision=self.decision(), by=self.by, days=body.days, texts=body.texts)
        shape = NewSharedLinkOut.from_model(new.link, address=new.address)
        return response_of(request, shape, 201, Location=shape.url)


class OneDecisionLink(LinkEndpoint):
    @describes("A link to a decision", gives=SharedLinkOut)
    def get(self, request: Request, project: str, pk: int, link: int) -> Response:
        return response_of(request, SharedLinkOut.from_model(self._link(link)))

    @describes("Withdraw it: it opens nothing any more")
    def delete(self, request: Request, project: str, pk: int, link: int) -> HttpResponse:
        withdraw_link(link=self._link(link), by=self.by)
        return HttpResponse(status=204)

    def _link(self, pk: int) -> DecisionLink:
        return get_object_or_404(self.links(), pk=pk)


urlpatterns = [
    project_path("decisions/<int:pk>/links", DecisionLinks, "decision_links"),
    project_path("decisions/<int:pk>/links/<int:link>", OneDecisionLink, "decision_link"),
]
