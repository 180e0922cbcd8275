"""Comparisons made on the web: two files and a test set, and their preview, on one page."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from evalhub.accounts.models import Project
from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import results_only
from evalhub.registry.models import Study
from evalhub.site.comparing.copying import form_of
from evalhub.site.comparing.page import Comparison
from evalhub.site.sent_study import SentStudy
from evalhub.studies.web.copying import copy_of
from runners.backends.endpoints import endpoints

PARTS = {
    "live": "_live.html",
    "metric": "_metric.html",
    "tried-baseline": "_tried.html",
    "tried-candidate": "_tried.html",
}
"""By the id of what htmx changes, the template of it."""


@never_cache
@require_http_methods(["GET", "POST"])
@results_only
def new_comparison(request: SignedInRequest) -> HttpResponse:
    """The form with a preview of its metric and its cost; `run` registers and runs it."""
    if not Project.objects.visible_to(request.user).exists():
        messages.error(request, "There is no project yet to compare anything in.")
        return redirect("home")
    comparison = Comparison(request.user, request.POST, request.FILES)
    if "run" in request.POST and (study := comparison.register()):
        return redirect("site:study", study.pk)
    if "download" in request.POST and comparison.check():
        return _file(comparison)
    part = PARTS.get(request.htmx.target or "", "_form.html") if request.htmx else "new.html"
    return _page(request, comparison, part)


@never_cache
@require_POST
@results_only
def copy_study(request: SignedInRequest, pk: int) -> HttpResponse:
    """The form, filled in from the study, or its study file; nothing is registered."""
    studies = Study.objects.visible_to(request.user).select_related("project")
    study = get_object_or_404(studies, pk=pk)
    copied = copy_of(study, by=request.user, aliases=endpoints())
    if comparison := form_of(study, copied, by=request.user):
        return _page(request, comparison, "new.html")
    sent = SentStudy.of_copy(request, study, copied)
    return render(request, "site/sending/study_file.html", {"sent": sent})


def _page(request: SignedInRequest, comparison: Comparison, part: str) -> HttpResponse:
    arm = str(request.POST.get("try", ""))
    context = {
        "comparison": comparison,
        "form": comparison.form,
        "trying": arm,
        "tried": comparison.try_arm(arm),
        "preview": comparison.preview(),
        "plan": comparison.plan(),
        "part": part == "_metric.html",
    }
    return render(request, f"site/comparing/{part}", context)


def _file(comparison: Comparison) -> HttpResponse:
    """The study file, to be stored next to its data files; a test set of the project's is
    included."""
    name = slugify(comparison.document()["name"]) or "study"
    packed = bool(comparison.data.get("items_of"))
    content = comparison.as_zip() if packed else comparison.as_yaml()
    kind, suffix = ("application/zip", "zip") if packed else ("application/yaml", "yaml")
    headers = {"Content-Disposition": f'attachment; filename="{name}.{suffix}"'}
    return HttpResponse(content, content_type=kind, headers=headers)
