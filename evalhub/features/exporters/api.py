"""REST: a project's evidence as files, in formats that other tools read."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from django.http import FileResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from evalhub.features.exporters.exports import EXPORTS, ExportTarget
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.problems import Problem
from evalhub.frames.rest.requests import number
from evalhub.ledger.models import Decision
from evalhub.registry.live_studies import check_not_live
from evalhub.registry.models import Study
from reviews.models import Campaign

TYPES = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "html": "text/html; charset=utf-8",
    "yaml": "application/yaml",
    "zip": "application/zip",
}
LARGEST_ID = 2**63 - 1


WHAT = OpenApiParameter("what", str, OpenApiParameter.PATH, enum=list(EXPORTS))
FORMAT = OpenApiParameter("format", str, enum=[*TYPES], description="else the usual one")
STUDY = OpenApiParameter("study", str, description="of answers and study: its slug")
REVIEW = OpenApiParameter("review", int, description="of judgments and dpo: the review's number")
DECISION = OpenApiParameter("decision", int, description="of the others: the decision's number")
RELEASED = OpenApiParameter(
    "released_only", str, enum=["1"], description="of dpo: leave out pairs on test items in use"
)
PSEUDONYMS = OpenApiParameter("pseudonyms", str, enum=["1"], description="r1, r2, … for people")


class Exports(ProjectEndpoint):
    @describes(
        "A file of the project's evidence\n\nAnswers of a study, decisions, a review's judgments "
        "or preference pairs for DPO once it has ended, and a decision as a report, as a model "
        "card's model-index, or as Every Eval Ever. Sealed scores never leave, and preference "
        "pairs only of items whose test sets are retired.",
        streams=dict.fromkeys(
            (each.partition(";")[0] for each in TYPES.values()), OpenApiTypes.STR
        ),
        query=(WHAT, FORMAT, STUDY, REVIEW, DECISION, PSEUDONYMS, RELEASED),
        also=(409,),
    )
    def get(self, request: Request, project: str, what: str) -> FileResponse:
        if what not in EXPORTS:
            raise Problem(404, f"There is no such export: {', '.join(EXPORTS)}.")
        export = EXPORTS[what]
        form = request.query_params.get("format", export.forms[0])
        if form not in export.forms:
            raise Problem(400, f"is one of {', '.join(export.forms)}", field="format")
        pseudonyms, released_only = (
            request.query_params.get(name) == "1" for name in ("pseudonyms", "released_only")
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"export.{form}"
            whole = Path(folder) / "whole" if what == "every-eval-ever" else path
            target = ExportTarget(self.by, whole, form, pseudonyms, released_only)
            export.write(self._row(export.of), target)
            if whole != path:
                shutil.make_archive(str(path.with_suffix("")), "zip", whole)
            file = path.open("rb")  # stays readable after its folder is deleted
        return FileResponse(
            file, as_attachment=True, filename=f"{what}.{form}", content_type=TYPES[form]
        )

    def _row(self, of: str) -> Any:
        """The project, or its study, decision or review that the query names."""
        if of == "project":
            return self.project
        value = self.request.query_params.get(of, "")
        if not value:
            raise Problem(400, "says which one", field=of)
        if of == "study":
            check_not_live(value, project=self.project.slug)
            studies = Study.objects.filter(project=self.project).select_related("project")
            return get_object_or_404(studies, slug=value)
        pk = number(value, field=of, most=LARGEST_ID)
        if of == "decision":
            decisions = Decision.objects.filter(study__project=self.project)
            return get_object_or_404(decisions.select_related("study__project"), pk=pk)
        related = ("project", "study", "baseline__model", "candidate__model")
        reviews = Campaign.objects.filter(project=self.project).select_related(*related)
        return get_object_or_404(reviews, pk=pk)


urlpatterns = [project_path("exports/<str:what>", Exports, "exports")]
