"""A decision's record as a page, and whether it verifies."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.models import Project
from evalhub.accounts.requests import SignedInRequest
from evalhub.features.lifecycle.moves import StageError
from evalhub.features.lifecycle.promotion import promote
from evalhub.frames.page.access import results_only
from evalhub.frames.page.read_from import as_read
from evalhub.ledger.champion_standing import ArmOf
from evalhub.ledger.models import Decision, DecisionQuerySet, Promotion
from evalhub.ledger.verification import verify_at_home
from evalhub.site.record_page import record_page


def _visible(request: SignedInRequest) -> DecisionQuerySet:
    return Decision.objects.visible_to(request.user).select_related("study__project")


@require_GET
@results_only
def record(request: SignedInRequest, pk: int) -> HttpResponse:
    decision = get_object_or_404(_visible(request), pk=pk)
    sort = request.GET.get("sort", "")
    return render(request, "site/record.html", {"shown": record_page(decision, sort=sort)})


@require_POST
@results_only
def promote_arm(request: SignedInRequest, pk: int) -> HttpResponse:
    """Make the decision's candidate the champion, or its baseline the first champion."""
    decision = get_object_or_404(_visible(request), pk=pk)
    reason = request.POST.get("reason", "")
    arm: ArmOf = "baseline" if request.POST.get("arm") == "baseline" else "candidate"
    try:
        project = decision.study.project
        with as_read(request, lambda: _promotion(project), lock=project):
            promotion = promote(decision=decision, by=request.user, reason=reason, arm=arm)
    except StageError as error:
        typed = {"arm": arm, "reason": reason, "refused": f"Not done: {error}."}
        context = {"shown": record_page(decision), "typed": typed}
        return render(request, "site/record.html", context, status=409)
    sentence = f"{promotion.version} is the champion of {promotion.project}."
    messages.success(request, f"{sentence} Your reason is stored with it.")
    return redirect(f"{reverse('site:record', args=[pk])}#champion")


def _promotion(project: Project) -> int | None:
    """The newest one, which made the champion."""
    newest = Promotion.objects.filter(project=project).newest_first()
    return newest.values_list("pk", flat=True).first()


@require_POST
@results_only
def verify(request: SignedInRequest, pk: int) -> HttpResponse:
    """The same page with the result of a verification; nothing is written."""
    decision = get_object_or_404(_visible(request), pk=pk)
    page = record_page(decision, verify_at_home(decision))
    return render(request, "site/record.html", {"shown": page})
