"""The way in: accepting an invitation, and how the practice went."""

from typing import Any

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evalhub.accounts.models import User
from reviews.assignments.progress import EXPECTED_SECONDS
from reviews.errors import NotInvitedError, ReviewError
from reviews.joining.invite import accept, invitation_of
from reviews.joining.qualify import practice_of, qualify
from reviews.models import Campaign, PairKind


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """What one is invited to; the button uses the invitation up, the visit doesn't."""
    user = request.user if isinstance(request.user, User) else None
    try:
        if request.method == "GET":
            return render(request, "reviews/joining/join.html", _asked(token, user))
        return _accept(request, token, user)
    except ReviewError as error:
        context = {"error": error, "signed_in": user}
        return render(request, "reviews/joining/refused.html", context, status=403)


@never_cache
@require_http_methods(["GET", "POST"])
def practice(request: HttpRequest, pk: int) -> HttpResponse:
    """How the practice went, answer by answer; the button begins the review."""
    campaign = get_object_or_404(Campaign.objects.select_related("project").defer("plan"), pk=pk)
    assert isinstance(request.user, User)
    try:
        if request.method == "POST":
            qualify(campaign=campaign, user=request.user)
            return redirect("reviews:campaign", pk)
        found = practice_of(campaign=campaign, user=request.user)
    except ReviewError as error:
        status = 404 if isinstance(error, NotInvitedError) else 403
        context = {"error": error, "signed_in": request.user}
        return render(request, "reviews/joining/refused.html", context, status=status)
    context = {"practice": found, "campaign": campaign}
    return render(request, "reviews/joining/practice.html", context)


def _accept(request: HttpRequest, token: str, user: User | None) -> HttpResponse:
    password = request.POST.get("password", "")
    if password:
        try:
            validate_password(password)
        except ValidationError as error:
            context = _asked(token, user) | {"wrong": " ".join(error.messages)}
            return render(request, "reviews/joining/join.html", context, status=400)
    person = accept(token=token, user=user, password=password)
    if person != user:
        request.session.flush()
        login(request, person)
    return redirect("reviews:home")


def _asked(token: str, user: User | None) -> dict[str, Any]:
    """What an invited person is told before they say yes: never who or what is compared."""
    invitation = invitation_of(token)
    campaign = invitation.campaign
    pairs = campaign.pairs.exclude(kind=PairKind.PRACTICE).count()
    share = min(pairs, invitation.quota or pairs)
    return {
        "invitation": invitation,
        "form": campaign.page_form,
        "question": campaign.question,
        "practice": campaign.pairs.filter(kind=PairKind.PRACTICE).count(),
        "most": share,
        "minutes": max(1, round(share * EXPECTED_SECONDS / 60)),
        "signed_in": user,
    }
