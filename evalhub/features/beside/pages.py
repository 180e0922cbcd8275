"""Pages: two runs beside each other, and two prompts beside each other on one item."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from evalhub.accounts.requests import SignedInRequest
from evalhub.features.beside.prompt_page import prompts_page
from evalhub.features.beside.run_page import BesideQuery, run_choices, runs_beside
from evalhub.frames.page.access import results_only
from evalhub.frames.page.forms import whole_number
from evalhub.registry.models import Item, Run
from runners.backends.endpoints import endpoints


def _run(request: SignedInRequest, name: str) -> Run | None:
    """The run that the address names, as the user may see it; None without one."""
    number = request.GET.get(name, "")
    related = ("version__model__project", "test_set_version__test_set__project")
    seen = Run.objects.visible_to(request.user).select_related(*related)
    return get_object_or_404(seen, pk=whole_number(number)) if number else None


@require_GET
@results_only
def two_runs(request: SignedInRequest) -> HttpResponse:
    """The runs `left` and `right` of the address; if one is missing, a form to choose both."""
    left, right = (_run(request, name) for name in ("left", "right"))
    query = BesideQuery.of(request.GET)
    beside = runs_beside(left, right, query, user=request.user) if left and right else None
    choices = run_choices(request.user, left, right)
    context = {"left": left, "right": right, "choices": choices, "beside": beside}
    return render(request, "beside/runs.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@results_only
def two_prompts(request: SignedInRequest) -> HttpResponse:
    """Two prompts and one item; sent with `ask`, both models are asked it."""
    try:
        page = prompts_page(request.GET, request.POST, user=request.user, aliases=list(endpoints()))
    except Item.DoesNotExist:
        raise Http404 from None
    status = 400 if page.refused else 200
    return render(request, "beside/prompts.html", {"shown": page}, status=status)


urlpatterns = [
    path("runs/beside/", two_runs, name="runs_beside"),
    path("prompts/beside/", two_prompts, name="prompts_beside"),
]
