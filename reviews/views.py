"""A reviewer's pages. None of them knows which arm is which once a page is rendered."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.middleware import HtmxDetails

from evalhub.accounts.models import User
from reviews import judge as judging
from reviews.answer import Answer
from reviews.assign import End, next_assignment
from reviews.errors import (
    NotInvitedError,
    ReviewError,
    UnblindedError,
    UnknownAssignmentError,
    UnknownChoiceError,
)
from reviews.models import Assignment, Campaign, Choice, Pair
from reviews.progress import progress
from reviews.showing import shown, turns

KEYS = {Choice.LEFT: "1", Choice.TIE: "0", Choice.BOTH_BAD: "9", Choice.RIGHT: "2"}


class Request(HttpRequest):
    """A signed-in person's request: the site's middleware lets no other through."""

    user: User
    htmx: HtmxDetails


@never_cache
@require_GET
def home(request: Request) -> HttpResponse:
    """The campaigns in which this person reviews."""
    campaigns = (
        Campaign.objects.of_reviewer(request.user)
        .with_own_progress(request.user)
        .select_related("project")
    )
    return render(request, "reviews/home.html", {"campaigns": campaigns})


@never_cache
@require_GET
def campaign(request: Request, pk: int) -> HttpResponse:
    """The comparison at hand, or why there is none."""
    try:
        found = Campaign.objects.select_related("project").filter(pk=pk).first()
        if found is None:
            raise NotInvitedError
        return _turn(request, found)
    except ReviewError as error:
        return _refusal(request, error)


@never_cache
@require_http_methods(["GET", "POST"])
def judge(request: Request, token: uuid.UUID) -> HttpResponse:
    """Keeps an answer; what comes back is the next comparison."""
    if request.method == "GET":  # back from signing in, which had come between
        return redirect("reviews:home")
    try:
        judgment = judging.record(
            token=token,
            user=request.user,
            answer=Answer(request.POST.get("choice", "")),
            nonce=request.POST.get("nonce", ""),
        )
    except ReviewError as error:
        own = Campaign.objects.filter(
            reviewers__user=request.user, reviewers__assignments__token=token
        )
        return _refusal(request, error, campaign=own.first())
    reviewed = judgment.assignment.reviewer.campaign
    if request.htmx:
        return _turn(request, reviewed, part="#turn")
    return redirect("reviews:campaign", reviewed.pk)


def _turn(request: Request, campaign: Campaign, *, part: str = "") -> HttpResponse:
    dealt = next_assignment(campaign=campaign, user=request.user)
    own = progress(campaign, request.user)
    context: dict[str, Any] = {"campaign": campaign, "progress": own}
    if isinstance(dealt, End):
        return render(request, f"reviews/end.html{part}", context | {"end": dealt})
    return render(request, f"reviews/turn.html{part}", context | _shown(dealt, request.user))


def _shown(assignment: Assignment, user: User) -> dict[str, Any]:
    """All that the page may show of an assignment."""
    pair = Pair.objects.select_related("item", "baseline_output", "candidate_output").get(
        pk=assignment.pair_id
    )
    arms = [pair.candidate_output, pair.baseline_output]
    sides = arms if assignment.candidate_on_left else reversed(arms)
    texts = [output.text for output in sides if output is not None]
    left, right = (shown(text) for text in texts if text is not None)
    return {
        "token": assignment.token,
        "nonce": judging.form_nonce(token=assignment.token, user=user),
        "turns": turns(pair.item.input),
        "context": pair.item.context,
        "panes": [("Left", left), ("Right", right)],
        "code": left.startswith(("{", "[")) or right.startswith(("{", "[")),
        "answers": [(choice.value, choice.label, KEYS[choice]) for choice in Choice],
    }


STATUS = {
    NotInvitedError: 404,
    UnknownAssignmentError: 404,
    UnblindedError: 403,
    UnknownChoiceError: 400,
}


def _refusal(
    request: Request, error: ReviewError, *, campaign: Campaign | None = None
) -> HttpResponse:
    part = "#turn" if request.htmx else ""
    context = {"error": error, "campaign": campaign}
    status = STATUS.get(type(error), 409)
    return render(request, f"reviews/refusal.html{part}", context, status=status)
