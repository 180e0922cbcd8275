"""The page on which a reviewer adjudicates disagreements, without seeing others' answers."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evalhub.accounts.requests import SignedInRequest
from reviews.pages.page import turn_context, view_of
from reviews.pages.reading import token_of
from reviews.pages.views import _campaign, _page, explain_errors
from reviews.results.adjudicate import adjudicate, next_disagreement, to_adjudicate


@never_cache
@require_http_methods(["GET", "POST"])
@explain_errors
def disagreements(request: SignedInRequest, *, pk: int) -> HttpResponse:
    """The next disagreement; a POST keeps the answer to the one before."""
    campaign = _campaign(pk)
    if request.method == "POST":
        adjudicate(
            token=token_of(request.POST.get("token", "")),
            user=request.user,
            nonce=request.POST.get("nonce", ""),
            choice=request.POST.get("choice", ""),
        )
        if not request.htmx:
            return redirect("reviews:adjudicate", pk)
    assignment = next_disagreement(campaign=campaign, user=request.user)
    if assignment is None:
        return _page(request, "adjudicated", {"campaign": campaign})
    view = view_of(request.POST.get("view") or request.GET.get("view"))
    context = turn_context(assignment, user=request.user, view=view)
    left = to_adjudicate(campaign, request.user).count()
    return _page(request, "adjudicate", context | {"left": left})
