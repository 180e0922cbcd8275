"""What the endpoints below one study have in common."""

from django.db.models import Sum
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter

from evalhub.frames.rest.endpoint import ProjectEndpoint
from evalhub.registry.models import Run, Study

CANDIDATE = OpenApiParameter("candidate", str, description="an arm; else the one in question")


class StudyEndpoint(ProjectEndpoint):
    """An address below one study of the token's project."""

    def output_count(self) -> int:
        """Number of answers that the study's runs have or will have."""
        rows = Run.objects.filter(studies__arm__study__project=self.project)
        rows = rows.filter(studies__arm__study__slug=self.kwargs["slug"])
        return rows.aggregate(sum=Sum("test_set_version__item_count"))["sum"] or 0

    def study(self) -> Study:
        rows = Study.objects.filter(project=self.project).select_related("project")
        return get_object_or_404(rows, slug=self.kwargs["slug"])
