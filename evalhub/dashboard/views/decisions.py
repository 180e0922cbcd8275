"""A decision: its record, its criteria one by one, and the methods behind them."""

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from evalhub.dashboard.access import Request, results_only
from evalhub.dashboard.criterion_page import criterion_page
from evalhub.dashboard.methods import CHAPTERS
from evalhub.dashboard.methods.rates import COVERAGES, RATES
from evalhub.dashboard.queries import decisions_seen_by
from evalhub.dashboard.sampling import flips_of, sampling_of


@require_GET
@results_only
def decision(request: Request, pk: int) -> HttpResponse:
    """The decision's record, as the command line prints it."""
    found = get_object_or_404(decisions_seen_by(request.user), pk=pk)
    return JsonResponse(found.record, json_dumps_params={"indent": 2, "ensure_ascii": False})


@require_GET
@results_only
def criterion(request: Request, pk: int, number: int) -> HttpResponse:
    """How one criterion was computed, counted from 1 as the record lists them."""
    found = get_object_or_404(decisions_seen_by(request.user), pk=pk)
    criteria = found.record["criteria"]
    if not 1 <= number <= len(criteria):
        raise Http404
    context = {
        "decision": found,
        "study": found.study,
        "shown": criterion_page(found.record, number, sampling_of(found, criteria[number - 1])),
        "flips": flips_of(found, criteria[number - 1]),
        "earlier": number - 1,
        "later": number + 1 if number < len(criteria) else 0,
    }
    return render(request, "dashboard/criterion.html", context)


@require_GET
@results_only
def methods(request: Request) -> HttpResponse:
    """Every method in words and formulas, and how often they are right."""
    context = {"chapters": CHAPTERS, "rates": RATES, "coverages": COVERAGES}
    return render(request, "dashboard/methods.html", context)
