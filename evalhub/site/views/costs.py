"""What a study's candidate costs."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import results_only
from evalhub.io.rows import DataError
from evalhub.registry.models import Study, StudyArm
from evalhub.site.cost_page import cost_page


@require_GET
@results_only
def study_cost(request: SignedInRequest, pk: int) -> HttpResponse:
    rows = Study.objects.seen_by(request.user).select_related("project")
    found = get_object_or_404(rows, pk=pk)
    try:
        shown = cost_page(found, request.GET)
    except StudyArm.DoesNotExist as error:
        raise Http404(str(error)) from error
    except DataError as error:  # of the operator's table of prices
        messages.error(request, f"What it costs isn't known: {error}.")
        return redirect("site:study", pk)
    return render(request, "site/cost/cost.html", {"shown": shown, "study": found})
