"""The projects that a person may look at, and the page of each."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from evalhub.accounts.models import Project
from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import results_only
from evalhub.site.project_pages import project_lines, project_page


@require_GET
@results_only
def projects(request: SignedInRequest) -> HttpResponse:
    context = {"lines": project_lines(request.user)}
    return render(request, "site/projects/list.html", context)


@require_GET
@results_only
def project(request: SignedInRequest, slug: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.visible_to(request.user).distinct(), slug=slug)
    page = project_page(project, request.user)
    return render(request, "site/projects/project.html", {"page": page, "project": project})
