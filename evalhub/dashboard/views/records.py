"""A decision's record as a page, and whether it verifies."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.requests import SignedInRequest
from evalhub.dashboard.access import results_only
from evalhub.dashboard.record_page import record_page
from evalhub.gate.models import Decision, DecisionQuerySet
from evalhub.gate.verification import verified_at_home


def _seen(request: SignedInRequest) -> DecisionQuerySet:
    return Decision.objects.seen_by(request.user).select_related("study__project")


@require_GET
@results_only
def record(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(_seen(request), pk=pk)
    return render(request, "dashboard/record.html", {"shown": record_page(found)})


@require_POST
@results_only
def verify(request: SignedInRequest, pk: int) -> HttpResponse:
    """The same page with what a verification found; nothing is written."""
    found = get_object_or_404(_seen(request), pk=pk)
    shown = record_page(found, verified_at_home(found))
    return render(request, "dashboard/record.html", {"shown": shown})
