"""Comparisons made on the web: two files and a test set, and what they would show, in one page."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evalhub.accounts.requests import SignedInRequest
from evalhub.dashboard.access import results_only
from evalhub.dashboard.comparing.page import Comparison

PARTS = {"live": "_live.html", "metric": "_metric.html"}
"""By the id of what htmx changes, the template of it."""


@never_cache
@require_http_methods(["GET", "POST"])
@results_only
def new_comparison(request: SignedInRequest) -> HttpResponse:
    """The form with what its metric takes and what it would cost; `run` registers and runs it."""
    comparison = Comparison(request)
    if "run" in request.POST and (study := comparison.register()):
        return redirect("dashboard:study", study.pk)
    if "download" in request.POST and comparison.check():
        return _file(comparison)
    context = {
        "comparison": comparison,
        "form": comparison.form,
        "preview": comparison.preview(),
        "plan": comparison.plan(),
    }
    part = PARTS.get(request.htmx.target or "", "_form.html") if request.htmx else "new.html"
    context["part"] = part == "_metric.html"
    return render(request, f"dashboard/comparing/{part}", context)


def _file(comparison: Comparison) -> HttpResponse:
    """The study file, to lie beside the files that it names."""
    name = slugify(comparison.document()["name"]) or "study"
    headers = {"Content-Disposition": f'attachment; filename="{name}.yaml"'}
    return HttpResponse(comparison.as_yaml(), content_type="application/yaml", headers=headers)
