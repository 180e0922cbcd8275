"""REST: a project's evidence as files, in formats that other tools read."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from evalhub.features.exporters.answers import export_answers
from evalhub.features.exporters.decisions import export_decisions
from evalhub.features.exporters.every_eval_ever import export_every_eval_ever
from evalhub.features.exporters.judgments import export_dpo, export_judgments
from evalhub.features.exporters.model_card import export_model_index
from evalhub.features.exporters.report import export_report
from evalhub.features.exporters.study import export_study
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.problems import Problem
from evalhub.frames.rest.requests import number
from evalhub.ledger.models import Decision
from evalhub.registry.models import Study
from reviews.models import Campaign

ROWS = ("jsonl", "parquet")
TYPES = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "html": "text/html; charset=utf-8",
    "yaml": "application/yaml",
    "zip": "application/zip",
}
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class _Export:
    """A request for an export, with the folder to write it into."""

    endpoint: "Exports"
    form: str
    folder: Path

    @property
    def to(self) -> Path:
        return self.folder / f"export.{self.form}"

    @property
    def by(self) -> Any:
        return self.endpoint.by

    def row(self, rows: "QuerySet[Any]", name: str) -> Any:
        """The project's row whose number or slug the query parameter `name` gives."""
        value = self.endpoint.request.query_params.get(name, "")
        if not value:
            raise Problem(400, "says which one", field=name)
        if name == "study":
            return get_object_or_404(rows, slug=value)
        return get_object_or_404(rows, pk=number(value, field=name, most=LARGEST_ID))

    def study(self) -> Study:
        rows = Study.objects.filter(project=self.endpoint.project)
        study: Study = self.row(rows.select_related("project"), "study")
        return study

    def decision(self) -> Decision:
        rows = Decision.objects.filter(study__project=self.endpoint.project)
        decision: Decision = self.row(rows.select_related("study__project"), "decision")
        return decision

    def review(self) -> Campaign:
        rows = Campaign.objects.filter(project=self.endpoint.project)
        related = ("project", "study", "baseline__model", "candidate__model")
        campaign: Campaign = self.row(rows.select_related(*related), "review")
        return campaign


def _answers(export: _Export) -> None:
    form: Any = export.form
    export_answers(study=export.study(), by=export.by, to=export.to, form=form)


def _study(export: _Export) -> None:
    export_study(study=export.study(), by=export.by, to=export.to)


def _decisions(export: _Export) -> None:
    form: Any = export.form
    export_decisions(project=export.endpoint.project, by=export.by, to=export.to, form=form)


def _judgments(export: _Export) -> None:
    form: Any = export.form
    pseudonyms = export.endpoint.request.query_params.get("pseudonyms") == "1"
    export_judgments(
        campaign=export.review(), by=export.by, to=export.to, form=form, pseudonyms=pseudonyms
    )


def _dpo(export: _Export) -> None:
    export_dpo(campaign=export.review(), by=export.by, to=export.to)


def _report(export: _Export) -> None:
    export.to.write_text(export_report(decision=export.decision(), by=export.by), encoding="utf-8")


def _model_index(export: _Export) -> None:
    text = export_model_index(decision=export.decision(), by=export.by)
    export.to.write_text(text, encoding="utf-8")


def _every_eval_ever(export: _Export) -> None:
    whole = export.folder / "whole"
    export_every_eval_ever(decision=export.decision(), by=export.by, to=whole)
    shutil.make_archive(str(export.to.with_suffix("")), "zip", whole)


EXPORTS: dict[str, tuple[Callable[[_Export], None], tuple[str, ...]]] = {
    "answers": (_answers, ROWS),
    "decisions": (_decisions, ROWS),
    "judgments": (_judgments, ("jsonl", "csv", "parquet")),
    "dpo": (_dpo, ("jsonl",)),
    "report": (_report, ("html",)),
    "model-index": (_model_index, ("yaml",)),
    "every-eval-ever": (_every_eval_ever, ("zip",)),
    "study": (_study, ("zip",)),
}
"""What is exported by which function, in which forms; the first is the usual one."""

WHAT = OpenApiParameter("what", str, OpenApiParameter.PATH, enum=list(EXPORTS))
FORMAT = OpenApiParameter("format", str, enum=[*TYPES], description="else the usual one")
STUDY = OpenApiParameter("study", str, description="of answers and study: its slug")
REVIEW = OpenApiParameter("review", int, description="of judgments and dpo: the review's number")
DECISION = OpenApiParameter("decision", int, description="of the others: the decision's number")
PSEUDONYMS = OpenApiParameter("pseudonyms", str, enum=["1"], description="r1, r2, … for people")


class Exports(ProjectEndpoint):
    @describes(
        "A file of the project's evidence\n\nAnswers of a study, decisions, a review's judgments "
        "or preference pairs for DPO once it has ended, and a decision as a report, as a model "
        "card's model-index, or as Every Eval Ever. Sealed scores never leave.",
        streams=dict.fromkeys(
            (each.partition(";")[0] for each in TYPES.values()), OpenApiTypes.STR
        ),
        query=(WHAT, FORMAT, STUDY, REVIEW, DECISION, PSEUDONYMS),
        also=(409,),
    )
    def get(self, request: Request, project: str, what: str) -> FileResponse:
        if what not in EXPORTS:
            raise Problem(404, f"There is no such export: {', '.join(EXPORTS)}.")
        write, forms = EXPORTS[what]
        form = request.query_params.get("format", forms[0])
        if form not in forms:
            raise Problem(400, f"is one of {', '.join(forms)}", field="format")
        with tempfile.TemporaryDirectory() as folder:
            export = _Export(self, form, Path(folder))
            write(export)
            file = export.to.open("rb")  # stays readable after its folder is deleted
        return FileResponse(
            file, as_attachment=True, filename=f"{what}.{form}", content_type=TYPES[form]
        )


urlpatterns = [project_path("exports/<str:what>", Exports, "exports")]
