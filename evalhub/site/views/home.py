"""The start page: reviewers see their reviews, others see their open tasks."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from evalhub.accounts.models import Membership, Project, Role
from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import results_only
from evalhub.site.home.page import home_page


@require_GET
def home(request: SignedInRequest) -> HttpResponse:
    sees = Project.objects.visible_to(request.user).exists()
    if not sees and Membership.objects.filter(user=request.user, role=Role.REVIEWER).exists():
        return redirect("reviews:home")
    return _workbench(request)


@results_only
def _workbench(request: SignedInRequest) -> HttpResponse:
    return render(request, "site/home/home.html", {"home": home_page(request.user)})
