"""Pages: make and withdraw links to a decision, and the decision as whoever has a link reads it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.models import Membership, Project, Role, User
from evalhub.accounts.requests import SignedInRequest
from evalhub.accounts.results_seen import expose
from evalhub.features.decision_links.models import DecisionLink
from evalhub.features.decision_links.sharing import (
    DecisionLinkError,
    link_of,
    share_decision,
    shows_texts,
    withdraw_link,
)
from evalhub.frames.page.access import results_only
from evalhub.frames.page.forms import whole_number
from evalhub.ledger.models import Decision
from evalhub.report.one_file import report_context
from evalhub.report.stored_report import stored_report

FOLDER = "decision_links"
PRIVATE = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer"}


@never_cache
@require_POST
@results_only
def share(request: SignedInRequest, pk: int) -> HttpResponse:
    """Make a link; its address is in this answer only."""
    decisions = Decision.objects.visible_to(request.user).select_related("study__project")
    decision = get_object_or_404(decisions, pk=pk)
    days, texts = whole_number(request.POST.get("days", "")), bool(request.POST.get("texts"))
    try:
        new = share_decision(decision=decision, by=request.user, days=days, texts=texts)
    except DecisionLinkError as error:
        messages.error(request, f"No link was made. {error}.")
        return redirect(f"{reverse('site:record', args=[pk])}#shared")
    return render(request, f"{FOLDER}/new.html", {"new": new, "decision": decision})


@require_POST
@results_only
def withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    links = DecisionLink.objects.visible_to(request.user).select_related("decision__study__project")
    link = withdraw_link(link=get_object_or_404(links, pk=pk), by=request.user)
    messages.success(request, "The link is withdrawn: it opens nothing any more.")
    return redirect(f"{reverse('site:record', args=[link.decision_id])}#shared")


@login_not_required
@never_cache
@require_GET
def shared_decision(request: HttpRequest, token: str) -> HttpResponse:
    """The decision as its report shows it, for whoever has the link."""
    link = link_of(token)
    if link is None:
        response = render(request, f"{FOLDER}/ended.html", status=404)
    elif isinstance(request.user, User) and not _may_see(request.user, link):
        response = render(request, f"{FOLDER}/blind.html", status=403)
    else:
        context = report_context(**stored_report(link.decision))
        if not shows_texts(link):
            context |= {"sections": [], "examples": []}
        response = render(request, f"{FOLDER}/shared.html", context | {"link": link})
    for name, value in PRIVATE.items():
        response.headers[name] = value
    return response


def _may_see(user: User, link: DecisionLink) -> bool:
    """Whether somebody signed in isn't a reviewer of the project; notes that they see results."""
    project: Project = link.decision.study.project
    roles = set(
        Membership.objects.filter(project=project, user=user).values_list("role", flat=True)
    )
    if Role.REVIEWER in roles:
        return False
    expose(projects=[project.pk], user=user, how="opened a link to a decision")
    return True


urlpatterns = [
    path("decisions/<int:pk>/share/", share, name="share_decision"),
    path("decision-links/<int:pk>/withdraw/", withdraw, name="withdraw_decision_link"),
]
public_urlpatterns = [path("shared/<str:token>/", shared_decision, name="shared_decision")]
