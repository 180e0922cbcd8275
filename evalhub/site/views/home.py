"""The start page, with reviews or open tasks, and the overview of all projects for their owner."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from evalhub.accounts.models import Membership, Project, Role
from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import results_only
from evalhub.site.home.page import home_page
from evalhub.site.overview.page import overview


@require_GET
def home(request: SignedInRequest) -> HttpResponse:
    sees = Project.objects.visible_to(request.user).exists()
    if not sees and Membership.objects.filter(user=request.user, role=Role.REVIEWER).exists():
        return redirect("reviews:home")
    return _workbench(request)


@results_only
def _workbench(request: SignedInRequest) -> HttpResponse:
    return render(request, "site/home/home.html", {"home": home_page(request.user)})


@require_GET
@results_only
def projects_overview(request: SignedInRequest) -> HttpResponse:
    page = overview(request.user)
    if not page.rows and not request.user.is_superuser:
        raise PermissionDenied("The overview is for owners of projects.")
    return render(request, "site/overview/overview.html", {"overview": page})
