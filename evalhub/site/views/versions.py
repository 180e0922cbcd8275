"""Model versions: all of them, one with its lineage and how it answers, and two side by side."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.models import User
from evalhub.accounts.requests import SignedInRequest
from evalhub.declare.declaration import DeclarationError
from evalhub.features.lifecycle.moves import StageError
from evalhub.features.lifecycle.pages import MOVES, stage_page
from evalhub.features.monitoring.page_data.askings import askings_of
from evalhub.features.training.training_file import training_file
from evalhub.features.training.view import training_view
from evalhub.frames.page.access import results_only
from evalhub.frames.page.forms import whole_number
from evalhub.frames.page.properties import Property, backend_properties, properties
from evalhub.frames.page.read_from import as_read
from evalhub.registry.models import ModelVersion, Run
from evalhub.registry.models.versions import ModelVersionQuerySet
from evalhub.site.lineage import lineage
from evalhub.site.listing import list_page
from evalhub.site.lists import versions_list
from evalhub.site.trend_page import trend_page
from evalhub.site.version_form import (
    VersionForm,
    form_of_version,
    leaves_out_retriever,
    register_form,
)
from evalhub.site.versions_beside import versions_beside
from evalhub.studies.run.verdicts import with_evidence

RUNS = 50
PROBES = 30


def _visible(request: SignedInRequest) -> ModelVersionQuerySet:
    versions: ModelVersionQuerySet = ModelVersion.objects.visible_to(request.user)
    return versions.select_related("model__project", "parent__model")


@require_GET
@results_only
def versions(request: SignedInRequest) -> HttpResponse:
    page = list_page(versions_list(request.user), with_evidence(_visible(request)), request.GET)
    return render(request, "site/versions.html", {"listed": page})


@require_http_methods(["GET", "POST"])
@results_only
def new_version(request: SignedInRequest) -> HttpResponse:
    """Register a version; `parent` in the address is the version whose values the form begins
    with."""
    parent = _visible(request).filter(pk=whole_number(request.GET.get("parent", ""))).first()
    initial = form_of_version(parent) if parent else {}
    form = VersionForm(request.POST or None, initial=initial, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            version = register_form(form.cleaned_data, by=request.user)
        except DeclarationError as error:
            form.add_declaration_error(error)
        else:
            messages.success(request, f"{version} is registered.")
            return redirect("site:version", version.pk)
    left_out = parent if parent and leaves_out_retriever(parent) else None
    status = 400 if form.errors else 200
    context = {"form": form, "left_out": left_out}
    return render(request, "site/versions/new.html", context, status=status)


@require_GET
@results_only
def version(request: SignedInRequest, pk: int) -> HttpResponse:
    return _render_version(request, get_object_or_404(_visible(request), pk=pk), 200)


@require_POST
@results_only
def move(request: SignedInRequest, pk: int) -> HttpResponse:
    """Roll a champion back; retire or reopen a candidate, or put it in shadow; or override."""
    version = get_object_or_404(_visible(request), pk=pk)
    verb = request.POST.get("verb", "")
    if verb not in MOVES:
        return _render_version(request, version, 400, refused="Say what is to be done.")
    try:
        with as_read(request, version, lock=version.model.project):
            sentence = MOVES[verb](version, request.user, request.POST.dict())
    except StageError as error:
        typed = request.POST.dict()
        return _render_version(request, version, 409, refused=f"Not done: {error}.", typed=typed)
    messages.success(request, f"{sentence} Your reason is stored with it.")
    return redirect(f"{reverse('site:version', args=[pk])}#stage")


def _render_version(
    request: SignedInRequest, version: ModelVersion, status: int, **more: Any
) -> HttpResponse:
    runs = Run.objects.visible_to(request.user).filter(version=version).with_progress()
    parts: list[tuple[str, list[Property]]] = [
        ("Backend", backend_properties(version.backend)),
        ("Sampling", properties(version.sampling.as_json())),
        ("Prompt", properties(version.prompt.as_json())),
    ]
    context = {
        "version": version,
        "root": lineage(version),
        "stage": stage_page(version, request.user),
        **more,
        "askings": askings_of(version),
        "aliases": version.mlflow_aliases.all(),
        "probes": version.probes.all()[:PROBES],
        "trend": trend_page(
            version.model, user=request.user, wanted=request.GET.get("measured", "")
        ),
        "training": training_view(version),
        "training_file": training_file(version),
        "parts": [(title, rows) for title, rows in parts if rows],
        "runs": runs.select_related(
            "version__model", "test_set_version__test_set__project"
        ).prefetch_related("metrics__metric")[:RUNS],
    }
    return render(request, "site/version.html", context, status=status)


class BesideForm(forms.Form):
    """Which two; both are seen by the person who asks."""

    left = forms.ModelChoiceField(
        ModelVersion.objects.none(), label="One version", empty_label="choose one"
    )
    right = forms.ModelChoiceField(
        ModelVersion.objects.none(), label="Another", empty_label="choose one"
    )

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        seen = ModelVersion.objects.visible_to(user).select_related(
            "model__project", "parent__model"
        )
        for field in self.fields.values():
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = seen


@require_GET
@results_only
def beside(request: SignedInRequest) -> HttpResponse:
    """The versions `left` and `right` of the address; if one is missing, a form to choose both."""
    both = {"left", "right"} <= request.GET.keys()
    form = BesideForm(request.GET if both else None, initial=request.GET.dict(), user=request.user)
    chosen = form.cleaned_data if both and form.is_valid() else None
    page = chosen and versions_beside(chosen["left"], chosen["right"], user=request.user)
    status = 400 if form.errors else 200
    context = {"form": form, "beside": page}
    return render(request, "site/versions/beside.html", context, status=status)
