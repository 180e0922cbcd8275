"""The way in: accepting an invitation, and how the practice went."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from evalhub.accounts.adapters import sign_in_by
from evalhub.accounts.invitations import MembershipError
from evalhub.accounts.members import accept_membership, decline_membership
from evalhub.accounts.models import MemberInvitation, User
from evalhub.accounts.requests import SignedInRequest
from reviews.assignments.progress import EXPECTED_SECONDS
from reviews.errors import NotInvitedError, ReviewError
from reviews.joining.invite import accept, accept_own, decline, invitation_of
from reviews.joining.qualify import practice_of, qualify
from reviews.models import Campaign, Invitation, PairKind


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """What one is invited to; the button makes the account, the visit doesn't."""
    user = request.user if isinstance(request.user, User) else None
    try:
        if request.method == "GET":
            return render(request, "reviews/joining/join.html", _request_context(token))
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
        result = practice_of(campaign=campaign, user=request.user)
    except ReviewError as error:
        status = 404 if isinstance(error, NotInvitedError) else 403
        context = {"error": error, "signed_in": request.user}
        return render(request, "reviews/joining/refused.html", context, status=status)
    context = {"practice": result, "campaign": campaign}
    return render(request, "reviews/joining/practice.html", context)


@never_cache
@require_POST
def answer_invitation(request: SignedInRequest, pk: int) -> HttpResponse:
    """Accepts or declines what waits in one's own list."""
    invitation = get_object_or_404(Invitation.objects.filter(account=request.user), pk=pk)
    try:
        if request.POST.get("answer") == "accept":
            accept_own(invitation=invitation, user=request.user)
        else:
            decline(invitation=invitation, user=request.user)
    except ReviewError as error:
        return _refusal(request, error)
    return redirect("reviews:home")


@never_cache
@require_POST
def answer_membership(request: SignedInRequest, pk: int) -> HttpResponse:
    """Accepts or declines to be a member of a project."""
    invitation = get_object_or_404(MemberInvitation.objects.filter(account=request.user), pk=pk)
    accepts = request.POST.get("answer") == "accept"
    try:
        (accept_membership if accepts else decline_membership)(
            invitation=invitation, user=request.user
        )
    except MembershipError as error:
        return _refusal(request, error)
    return redirect("home" if accepts else "reviews:home")


def _refusal(request: SignedInRequest, error: Exception) -> HttpResponse:
    context = {"error": error, "signed_in": request.user}
    return render(request, "reviews/joining/refused.html", context, status=403)


def _accept(request: HttpRequest, token: str, user: User | None) -> HttpResponse:
    password = request.POST.get("password", "")
    if password:
        try:
            validate_password(password)
        except ValidationError as error:
            context = _request_context(token) | {"wrong": " ".join(error.messages)}
            return render(request, "reviews/joining/join.html", context, status=400)
    person = accept(token=token, user=user, password=password)
    request.session.flush()
    sign_in_by("invitation", request, person)
    return redirect("reviews:home")


def _request_context(token: str) -> dict[str, Any]:
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
    }
