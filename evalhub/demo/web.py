"""The demo's data at the press of a button, on a site that has none yet."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from evalhub.accounts.models import Project
from evalhub.accounts.requests import SignedInRequest
from evalhub.demo.registering import register_demo
from evalhub.frames.page.access import results_only


@require_POST
@results_only
def make_demo(request: SignedInRequest) -> HttpResponse:
    """Makes the demo's study in a project, and shows how its runs go on."""
    slug = str(request.POST.get("project", ""))
    project = get_object_or_404(Project.objects.visible_to(request.user), slug=slug)
    return redirect("site:study", register_demo(project=project, by=request.user).pk)
