"""REST: proposals to train again."""

from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.version_name import VersionNameError
from evalhub.features.monitoring.models import RetrainProposal, RetrainProposalQuerySet
from evalhub.features.monitoring.retraining.proposals import decline_proposal, link_retrained
from evalhub.features.monitoring.retraining.shapes import (
    DeclineRequest,
    ProposalOut,
    RetrainedRequest,
)
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import list_response, response_of
from evalhub.registry.version_names import version_by_name


class ProposalFilter(filters.FilterSet):
    declined = filters.BooleanFilter(
        field_name="declined",
        lookup_expr="isnull",
        exclude=True,
        label="only those that were declined, or the others",
    )


class ProposalsEndpoint(ProjectEndpoint):
    """Below a project's proposals."""

    def rows(self) -> RetrainProposalQuerySet:
        rows: RetrainProposalQuerySet = RetrainProposal.objects.filter(project=self.project)
        return rows.with_related()

    def proposal(self) -> RetrainProposal:
        """The one of the address."""
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])

    def answer(
        self, request: Request, verb: Callable[..., RetrainProposal], **values: Any
    ) -> Response:
        """Does it to the proposal of the address; the proposal as it is then."""
        row = verb(proposal=self.proposal(), by=self.by, **values)
        return response_of(request, ProposalOut.from_model(self.rows().get(pk=row.pk)), 201)


class Proposals(ProposalsEndpoint):
    @describes(
        "Proposals to train again, the newest first\n\nEach is made of an alarm that proves a loss "
        "of judged quality or of signals; what users ask, cost, errors and latency make none.",
        gives=ProposalOut,
        pages=True,
        filtered=ProposalFilter,
    )
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), ProposalOut.from_model, filtered=ProposalFilter)


class OneProposal(ProposalsEndpoint):
    @describes("A proposal with its evidence, and what came of it", gives=ProposalOut)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return response_of(request, ProposalOut.from_model(self.proposal()))


class DeclinedProposal(ProposalsEndpoint):
    scopes = {"POST": Scope.DECIDE}

    @describes(
        "Decline a proposal\n\nNothing is trained again, for this reason.",
        gives=ProposalOut,
        takes=DeclineRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        return self.answer(request, decline_proposal, reason=self.body(DeclineRequest).reason)


class LinkedProposal(ProposalsEndpoint):
    scopes = {"POST": Scope.DECIDE}

    @describes(
        "Say which version came of a proposal\n\nFrom then on it shows the decision on that "
        "version, and, once it is the champion, whether it helped.",
        gives=ProposalOut,
        takes=RetrainedRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        try:
            version = version_by_name(self.project, self.body(RetrainedRequest).version)
        except VersionNameError as error:
            raise DeclarationError(str(error), "version") from error
        return self.answer(request, link_retrained, version=version)


_ONE = "proposals/<int:pk>"
urlpatterns = [
    project_path("proposals", Proposals, "proposals"),
    project_path(_ONE, OneProposal, "proposal"),
    project_path(f"{_ONE}/decline", DeclinedProposal, "decline_proposal"),
    project_path(f"{_ONE}/retrained", LinkedProposal, "link_retrained"),
]
