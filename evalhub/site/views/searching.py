"""The results of the search field."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import results_only
from evalhub.site.searching.everything import search


@require_GET
@results_only
def search_results(request: SignedInRequest) -> HttpResponse:
    results = search(request.user, request.GET.get("q", ""))
    return render(request, "site/search/results.html", {"search": results})
