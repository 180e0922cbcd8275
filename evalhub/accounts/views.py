"""The one-click way in, the page of a link that makes an account, and one's own account."""

import logging
from typing import Any

from allauth.account.views import EmailView
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.openid_connect import views as openid
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from requests import RequestException

from evalhub.accounts.adapters import sign_in_by
from evalhub.accounts.draft_recovery import draft_of, fields_of_request, keep, person_mark
from evalhub.accounts.invitations import MembershipError
from evalhub.accounts.members import join_project, member_invitation_of
from evalhub.accounts.models import Project, User
from evalhub.accounts.requests import SignedInRequest
from evalhub.accounts.sign_in import SignInError, end_other_sessions, use_link, user_of

log = logging.getLogger(__name__)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """Signs in the link's user, instead of the browser's present user.

    GET only asks: a mail program that looks at the link in advance doesn't use it up.
    """
    try:
        user = use_link(token) if request.method == "POST" else user_of(token)
    except SignInError as error:
        return render(request, "accounts/sign_in_failed.html", {"why": str(error)}, status=403)
    if request.method != "POST":
        return render(request, "accounts/sign_in.html", {"person": user})
    sign_in_by("link", request, user)
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
        "projects": Project.objects.visible_to(request.user),
        "connected": SocialAccount.objects.filter(user=request.user).order_by("pk"),
    }
    return render(request, "accounts/account.html", context)


class OwnMail(EmailView):  # type: ignore[misc]  # allauth says nothing of its types
    """A new mail address of one's own. allauth forgets the one that there is; here it stays."""

    def form_valid(self, form: Any) -> HttpResponse:
        has = self.request.user.email
        response: HttpResponse = super().form_valid(form)
        User.objects.filter(pk=self.request.user.pk).update(email=has)
        return response


@require_POST
def sign_out_elsewhere(request: SignedInRequest) -> HttpResponse:
    end_other_sessions(request=request, user=request.user)
    messages.success(request, "You are signed out everywhere else.")
    return redirect("accounts:account")


@never_cache
@require_GET
def typed(request: SignedInRequest, key: str) -> HttpResponse:
    """What this person had typed when their session was over, to be sent by them once more."""
    draft = draft_of(request, key)
    status = 404 if draft is None else 200
    return render(request, "accounts/typed.html", {"typed": draft}, status=status)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that a page of this site didn't send, or one that is older than the last sign-in.

    Who is signed in and did send it from here may send it once more; who isn't signs in first.
    """
    draft = fields_of_request(request)
    signed_in = request.user.is_authenticated
    context = {"typed": draft if signed_in else None, "kept": "" if signed_in else keep(request)}
    response = render(request, "accounts/csrf_failure.html", context, status=403)
    response.headers["Evalhub-Page"] = "stale"
    return response


@never_cache
@require_GET
def still_here(request: SignedInRequest) -> JsonResponse:
    """For a page that was left open meanwhile: who is signed in, and a token for its forms."""
    return JsonResponse({"person": person_mark(request.user), "token": get_token(request)})


def person(request: HttpRequest) -> dict[str, str]:
    """Template context of every page: the person it is for."""
    user = getattr(request, "user", None)  # no user is known yet where a request is refused early
    return {"person": person_mark(user) if isinstance(user, User) else ""}


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Redirects to the identity provider; its addresses come from its discovery document."""
    try:
        answer: HttpResponse = openid.login(request, provider_id)
    except RequestException:
        log.exception("the identity provider %s can't be asked", provider_id)
        return render(request, "accounts/provider_failed.html", status=502)
    return answer


@login_not_required
@require_GET
def cancelled(request: HttpRequest) -> HttpResponse:
    """Back from the identity provider without having signed in there."""
    messages.info(request, "You didn’t sign in there, so you aren’t signed in here.")
    return redirect("accounts:login")


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """What one is invited to; the button makes the account, the visit doesn't."""
    user = request.user if isinstance(request.user, User) else None
    password = request.POST.get("password", "")
    try:
        invitation = member_invitation_of(token)
        if request.method == "GET":
            return render(request, "accounts/join.html", {"invitation": invitation})
        if password:
            validate_password(password)
        person = join_project(token=token, user=user, password=password)
    except ValidationError as error:
        context = {"invitation": invitation, "wrong": " ".join(error.messages)}
        return render(request, "accounts/join.html", context, status=400)
    except MembershipError as error:
        return render(request, "accounts/sign_in_failed.html", {"why": str(error)}, status=403)
    request.session.flush()
    sign_in_by("invitation", request, person)
    return redirect("home")
