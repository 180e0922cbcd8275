"""What the endpoints of a project's decisions have in common."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from evalhub.frames.rest.endpoint import ProjectEndpoint
from evalhub.ledger.models import Decision


class DecisionEndpoint(ProjectEndpoint):
    """An address below the decisions of the token's project."""

    def rows(self) -> "QuerySet[Decision]":
        rows = Decision.objects.filter(study__project=self.project)
        return rows.select_related("study__project")

    def decision(self) -> Decision:
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])
