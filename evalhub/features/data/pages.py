"""Pages: reports of training files, one of them, and the form by which a file is checked."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.models import Project
from evalhub.accounts.requests import SignedInRequest
from evalhub.declare.data_report import CheckOptions
from evalhub.declare.declaration import DeclarationError
from evalhub.features.data.report_page import report_page
from evalhub.features.data.shapes import DataSignOffRequest
from evalhub.frames.page.access import results_only
from evalhub.frames.page.forms import DeclaredForm, field_of
from evalhub.frames.page.read_from import as_read
from evalhub.io.limits import WEB
from evalhub.io.rows import DataError
from evalhub.ledger.data_signoff import sign_report
from evalhub.ledger.signoff import SignOffError
from evalhub.registry.models import StoredDataReport
from evalhub.registry.models.data_reports import StoredDataReportQuerySet

FOLDER = "data"
PAGE = 25
TASKS = {
    "": "not said: no size is expected",
    "classification": "sorting into labels",
    "instruction": "following instructions",
    "reasoning": "reasoning in steps",
    "style": "a style or a format",
}


class CheckForm(DeclaredForm):
    """A training file, and what it is checked for."""

    project = forms.ChoiceField(label="Project")
    file = forms.FileField(
        label="Training file",
        help_text="JSONL, CSV or Parquet, at most 32 MiB; larger ones by evalhub data check",
    )
    task = field_of(CheckOptions, "task", "What is to be learnt", choices=TASKS, required=False)
    labels = forms.CharField(
        label="Labels",
        required=False,
        max_length=4000,
        help_text="of a classification, with commas between them; any other answer is a finding",
    )
    traffic = forms.BooleanField(
        label="Compare it with the last 28 days of the project’s traffic", required=False
    )

    def clean_file(self) -> "UploadedFile[Any]":
        file: UploadedFile[Any] = self.cleaned_data["file"]
        most = WEB.bytes or 0
        if (file.size or 0) > most:
            raise forms.ValidationError(
                f"It has {file.size:,} bytes, and at most {most:,} are taken here: check it by "
                "evalhub data check, which reads the file where it is."
            )
        return file

    @property
    def stated_labels(self) -> list[str]:
        labels = (each.strip() for each in self.cleaned_data["labels"].split(","))
        return list(dict.fromkeys(each for each in labels if each))


class SignForm(forms.Form):
    """Whether the file may be trained on, and why."""

    verdict = field_of(
        DataSignOffRequest,
        "verdict",
        "Whether it may be trained on",
        choices={"accepted": "Accepted: it may", "rejected": "Rejected: it may not"},
    )
    reason = field_of(DataSignOffRequest, "reason", "Why")


def _visible(request: SignedInRequest) -> StoredDataReportQuerySet:
    rows: StoredDataReportQuerySet = StoredDataReport.objects.visible_to(request.user)
    return rows.select_related("project")


@require_GET
@results_only
def data_reports(request: SignedInRequest) -> HttpResponse:
    rows = _visible(request).without_report().newest_first().prefetch_related("sign_offs__by")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, f"{FOLDER}/list.html", {"page": page})


@require_GET
@results_only
def data_report(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(_visible(request), pk=pk)
    context = {"shown": report_page(row, request.user), "report": row, "form": SignForm()}
    return render(request, f"{FOLDER}/report.html", context)


@require_GET
@results_only
def data_report_file(request: SignedInRequest, pk: int) -> HttpResponse:
    """The report as JSON, as the command prints it."""
    row = get_object_or_404(_visible(request), pk=pk)
    headers = {"Content-Disposition": f'attachment; filename="data-report-{pk}.json"'}
    return JsonResponse(row.report, headers=headers)


@require_POST
@results_only
def sign_data(request: SignedInRequest, pk: int) -> HttpResponse:
    """Accept or reject the file; the verb checks who may."""
    row = get_object_or_404(_visible(request), pk=pk)
    try:
        with as_read(request, lambda: _newest_sign_off(row), lock=row):
            signed = sign_report(
                report=row,
                by=request.user,
                verdict=request.POST.get("verdict", ""),
                reason=request.POST.get("reason", ""),
            )
    except SignOffError as error:
        messages.error(request, f"Not signed: {error}.")
    else:
        verdict = signed.get_verdict_display().capitalize()
        messages.success(request, f"{verdict}. Your reason is stored with it.")
    return redirect(f"{reverse('site:data_report', args=[pk])}#sign-off")


def _newest_sign_off(row: StoredDataReport) -> int | None:
    return row.sign_offs.values_list("pk", flat=True).first()


@require_http_methods(["GET", "POST"])
@results_only
def check_data(request: SignedInRequest) -> HttpResponse:
    """Check an uploaded training file, keep its report and show it; the file itself isn't kept."""
    projects = Project.objects.visible_to(request.user).order_by("slug")
    form = CheckForm(request.POST or None, request.FILES or None)
    form.set_choices("project", list(projects.values_list("slug", "name")))
    if request.method == "POST" and form.is_valid():
        from evalhub.features.data.uploaded_check import check_upload

        values = form.cleaned_data
        try:
            row = check_upload(
                values["file"],
                project=projects.get(slug=values["project"]),
                by=request.user,
                task=values["task"] or None,
                labels=form.stated_labels,
                traffic=values["traffic"],
            )
        except DataError as error:
            form.add_error("file", str(error))
        except DeclarationError as error:
            form.add_declaration_error(error)
        else:
            return redirect("site:data_report", row.pk)
    status = 400 if form.errors else 200
    return render(request, f"{FOLDER}/check.html", {"form": form}, status=status)


urlpatterns = [
    path("data/", data_reports, name="data_reports"),
    path("data/check/", check_data, name="check_data"),
    path("data/<int:pk>/", data_report, name="data_report"),
    path("data/<int:pk>.json", data_report_file, name="data_report_file"),
    path("data/<int:pk>/sign/", sign_data, name="sign_data"),
]
