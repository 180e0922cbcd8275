"""Page: a study's file, shown and downloaded, alone or with its data."""

import tempfile
from pathlib import Path
from typing import Any

from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.views.decorators.http import require_GET

from evalhub.accounts.requests import SignedInRequest
from evalhub.features.exporters.study import export_study
from evalhub.frames.page.access import results_only
from evalhub.registry.models import Study
from evalhub.studies.file.document import study_document
from evalhub.studies.web.study_data import study_text


def _visible_study(request: SignedInRequest, pk: int) -> Study:
    studies = Study.objects.visible_to(request.user).select_related("project")
    return get_object_or_404(studies, pk=pk)


@require_GET
@results_only
def study_file(request: SignedInRequest, pk: int) -> HttpResponse:
    """The page of a study's file, and of fields that the file can't have."""
    study = _visible_study(request, pk)
    document = study_document(study)
    context = {
        "study": study,
        "document": document,
        "text": study_text(document),
        "items": list(document.items.items()),
        "answers": list(document.answers.items()),
        "documents": list(document.documents.items()),
    }
    return render(request, "exporters/study_file.html", context)


@require_GET
@results_only
def study_yaml(request: SignedInRequest, pk: int) -> HttpResponse:
    """Download of the file alone."""
    study = _visible_study(request, pk)
    headers = {"Content-Disposition": f'attachment; filename="{study.slug}.yaml"'}
    text = study_text(study_document(study))
    return HttpResponse(text, content_type="application/yaml", headers=headers)


@require_GET
@results_only
def study_zip(request: SignedInRequest, pk: int) -> Any:
    """Download of the file with its items and recorded answers, as a zip."""
    study = _visible_study(request, pk)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.zip"
        export_study(study=study, by=request.user, to=path)
        opened = path.open("rb")  # the open file outlives its name
    return FileResponse(opened, as_attachment=True, filename=f"{study.slug}.zip")


urlpatterns = [
    path("studies/<int:pk>/file/", study_file, name="study_file"),
    path("studies/<int:pk>/study.yaml", study_yaml, name="study_yaml"),
    path("studies/<int:pk>/study.zip", study_zip, name="study_zip"),
]
