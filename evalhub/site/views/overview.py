"""The overview of all projects, for their owner."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import results_only
from evalhub.site.overview.page import overview


@require_GET
@results_only
def projects_overview(request: SignedInRequest) -> HttpResponse:
    page = overview(request.user)
    if not page.rows and not request.user.is_superuser:
        raise PermissionDenied("The overview is for owners of projects.")
    return render(request, "site/overview/overview.html", {"overview": page})
