"""Adapters for allauth: who may sign in, which mails are sent, what happens afterwards."""

import logging
from datetime import timedelta
from math import ceil
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMessage
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from evalhub.accounts.addresses import site_address, site_host
from evalhub.accounts.audit_log import note
from evalhub.accounts.guessing import TooManyGuesses, note_failure, take_guess
from evalhub.accounts.models import Action, User
from evalhub.accounts.provider_roles import apply_provider_roles
from evalhub.accounts.sign_in import end_ways_in

WAYS = {
    "password": "by password",
    "link": "by link",
    "invitation": "by invitation",
    "mfa": "by passkey",
    "socialaccount": "by identity provider",
}

log = logging.getLogger(__name__)


def sign_in_by(method: str, request: HttpRequest, user: User) -> None:
    """Signs somebody in by a link of ours, in place of whoever was signed in in this browser.

    `method` is one of WAYS; the audit log notes it.
    """
    record_authentication(request, user, method)
    get_adapter(request).login(request, user)


class SiteAccounts(DefaultAccountAdapter):
    """People of the site: no sign-up, and limits on guessing that can't lock an owner out."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        name = credentials.get("username") or credentials.get("email", "")
        address = self.get_client_ip(request)
        try:
            self._login_failed_rl_usage = take_guess(request, name=name, address=address)
        except TooManyGuesses as error:
            if error.first:
                note_failure(name=name, action=Action.LOCKED_OUT)
            raise ImmediateHttpResponse(refusal(request, error.seconds)) from error

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        name = credentials.get("username") or credentials.get("email", "")
        note_failure(name=name, action=Action.SIGN_IN_FAILED)

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        assert isinstance(user, User)
        records = get_authentication_records(request, user)
        newest = records[-1] if records else {"method": ""}
        with transaction.atomic():
            super().login(request, user)
            note(Action.SIGNED_IN, by=user, what=WAYS.get(newest["method"], newest["method"]))
            if newest["method"] == "socialaccount":
                apply_provider_roles(user=user, provider=newest["provider"], uid=newest["uid"])

    def is_reauthentication_required(self, *, app: str, **options: Any) -> bool:
        """Whether a password or passkey is needed again before a sign-in method is changed.

        A user who has neither (who came by a link or by the identity provider) can't give one:
        the session is enough. allauth itself decided so before 65.22, and refuses since (403).
        """
        methods = self.get_reauthentication_methods(self.request.user)
        return bool(methods) and super().is_reauthentication_required(app=app, **options)

    def get_login_stages(self) -> list[str]:
        """A passkey replaces the password; it is no second step after it."""
        stages: list[str] = super().get_login_stages()
        return [stage for stage in stages if not stage.startswith("allauth.mfa.")]

    def is_safe_url(self, url: str) -> bool:
        """Whether somebody may be sent on there: within the site, and to no other site."""
        own = {urlsplit(site_address()).netloc}
        return url_has_allowed_host_and_scheme(url, own, require_https=settings.HTTPS)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:account")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send from a thread, so that the response time doesn't show whether an account exists."""
        context = {"request": self.request, "email": email, **context}
        message = self.render_mail(template_prefix, email, context)
        Thread(target=_deliver, args=[message]).start()


class Passkeys(DefaultMFAAdapter):
    """What a passkey is called on the person's device, and here."""

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Any) -> str:  # noqa: A002
        return f"Passkey {Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": site_host(), "name": "Evalhub"}


class ProviderAccounts(DefaultSocialAccountAdapter):
    """Accounts of the team's identity provider. New people get no role anywhere."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True

    def populate_user(
        self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]
    ) -> User:
        """Take over a mail address only where the provider says that it is verified."""
        mail = verified_mail(sociallogin)
        sociallogin.email_addresses = [
            address for address in sociallogin.email_addresses if address.email.lower() == mail
        ]
        user: User = super().populate_user(request, sociallogin, data | {"email": mail})
        return user

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        """The one account of this address that may be entered by it, where that is configured."""
        mail = verified_mail(sociallogin)
        matches = User.objects.filter(email__iexact=mail) if mail else User.objects.none()
        if not settings.OIDC_JOIN_BY_MAIL or _connects(sociallogin) or len(matches) != 1:
            return None
        return None if matches[0].is_staff or matches[0].is_superuser else (matches[0], mail)

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Refuses a sign-in if the provider gives two identities, or another account's address."""
        claims = sociallogin.account.extra_data
        subjects = {claims[part].get("sub") for part in ("userinfo", "id_token") if part in claims}
        if len(subjects) != 1:
            raise ImmediateHttpResponse(
                render(request, "accounts/provider_failed.html", status=403)
            )
        if joined := sociallogin._did_authenticate_by_email:
            end_ways_in(user=sociallogin.user, mail=joined)
        elif not sociallogin.is_existing and not _connects(sociallogin):
            mail = verified_mail(sociallogin)
            if mail and User.objects.filter(email__iexact=mail).exists():
                page = render(request, "accounts/connect_first.html", {"mail": mail}, status=403)
                raise ImmediateHttpResponse(page)
            # somebody asked for the address, and it is another's
            EmailAddress.objects.filter(email__iexact=mail, verified=False).delete()

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: object) -> str:
        return reverse("accounts:account")


def verified_mail(sociallogin: SocialLogin) -> str:
    """The address that the provider says is verified, or "". Some providers say "true"."""
    claims = sociallogin.account.extra_data
    person = claims.get("userinfo") or claims.get("id_token") or {}
    verified = person.get("email_verified") in (True, "true")
    return str(person.get("email") or "").lower() if verified else ""


def _connects(sociallogin: SocialLogin) -> bool:
    """Whether somebody who is signed in connects their own account."""
    return bool(sociallogin.state.get("process") == "connect")


def refusal(request: HttpRequest, seconds: int) -> HttpResponse:
    """The page that says when a password may be tried again."""
    until = timezone.now() + timedelta(seconds=seconds)
    context = {
        "provider": settings.OIDC,
        "until": until,
        "seconds": seconds,
        "minutes": ceil(seconds / 60),
    }
    response = render(request, "429.html", context, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response


def _deliver(message: EmailMessage) -> None:
    try:
        message.send()
    except (OSError, DatabaseError):  # smtplib's are OSErrors; the database says whether it's held
        log.exception("mail to %s wasn't sent", message.to)
    finally:
        connection.close()  # this thread's own
