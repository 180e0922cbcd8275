"""Model versions: all of them, and one with its lineage and how it answers."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from evalhub.accounts.requests import SignedInRequest
from evalhub.dashboard.access import results_only
from evalhub.dashboard.lineage import lineage
from evalhub.dashboard.listing import listed
from evalhub.dashboard.lists import versions_list
from evalhub.dashboard.properties import Property, backend_properties, properties
from evalhub.registry.models import ModelVersion, Run
from evalhub.registry.models.versions import ModelVersionQuerySet
from evalhub.studies.verdicts import with_evidence
from evalhub.watching.asking import sentence
from evalhub.watching.models import Asking

RUNS = 50
ASKINGS = 30


def _seen(request: SignedInRequest) -> ModelVersionQuerySet:
    found: ModelVersionQuerySet = ModelVersion.objects.seen_by(request.user)
    return found.select_related("model__project", "parent__model")


@require_GET
@results_only
def versions(request: SignedInRequest) -> HttpResponse:
    shown = listed(versions_list(request.user), with_evidence(_seen(request)), request.GET)
    return render(request, "dashboard/versions.html", {"listed": shown})


@require_GET
@results_only
def version(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(_seen(request), pk=pk)
    runs = Run.objects.seen_by(request.user).filter(version=found).with_progress()
    parts: list[tuple[str, list[Property]]] = [
        ("Backend", backend_properties(found.backend)),
        ("Sampling", properties(found.sampling.as_json())),
        ("Prompt", properties(found.prompt.as_json())),
        ("Training", properties(found.training.as_json())),
    ]
    context = {
        "version": found,
        "root": lineage(found),
        "blessings": found.blessings.select_related("by", "project"),
        "askings": [(each, sentence(each)) for each in _askings(found)],
        "parts": [(title, rows) for title, rows in parts if rows],
        "runs": runs.select_related(
            "version__model", "test_set_version__test_set__project"
        ).prefetch_related("metrics__metric")[:RUNS],
    }
    return render(request, "dashboard/version.html", context)


def _askings(version: ModelVersion) -> list[Asking]:
    found = Asking.objects.filter(watch__version=version)
    return list(found.select_related("watch__test_set_version__test_set", "run")[:ASKINGS])
