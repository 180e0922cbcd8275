"""Where a person starts, the one-click way in, and one's own account."""

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.models import Membership, Project, Role
from evalhub.accounts.requests import SignedInRequest
from evalhub.accounts.sign_in import SignInError, end_other_sessions, use_link, user_of


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Reviewers start with their reviews, everybody else with the studies."""
    assert request.user.is_authenticated
    if Project.objects.seen_by(request.user).exists():
        return redirect("dashboard:studies")
    reviews = Membership.objects.filter(user=request.user, role=Role.REVIEWER).exists()
    return redirect("reviews:home" if reviews else "dashboard:studies")


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """Signs in whom the link is for, in place of whoever was signed in in this browser.

    GET only asks: a mail program that looks at the link in advance doesn't use it up.
    """
    try:
        user = use_link(token) if request.method == "POST" else user_of(token)
    except SignInError as error:
        return render(request, "accounts/sign_in_failed.html", {"why": str(error)}, status=403)
    if request.method != "POST":
        return render(request, "accounts/sign_in.html", {"person": user})
    record_authentication(request, user, "link")
    get_adapter(request).login(request, user)
    return redirect("home")


@never_cache
@require_GET
def account(request: SignedInRequest) -> HttpResponse:
    """Ways in of one's own: password, passkeys, the team's identity provider; other sessions."""
    keys = Authenticator.objects.filter(user=request.user, type=Authenticator.Type.WEBAUTHN)
    context = {
        "mail": bool(settings.MAIL_URL),
        "passkeys": keys.order_by("pk"),
        "provider": settings.OIDC,
        "connected": SocialAccount.objects.filter(user=request.user).order_by("pk"),
    }
    return render(request, "accounts/account.html", context)


@require_POST
def sign_out_elsewhere(request: SignedInRequest) -> HttpResponse:
    end_other_sessions(request=request, user=request.user)
    messages.success(request, "You are signed out everywhere else.")
    return redirect("accounts:account")


@login_not_required
@require_GET
def cancelled(request: HttpRequest) -> HttpResponse:
    """Back from the identity provider without having signed in there."""
    messages.info(request, "You didn’t sign in there, so you aren’t signed in here.")
    return redirect("accounts:login")
