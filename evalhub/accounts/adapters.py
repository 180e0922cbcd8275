"""What allauth asks the site: who gets in, how it is told, and what happens then."""

import logging
from datetime import timedelta
from math import ceil
from threading import Thread
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.guessing import TooManyGuesses, take_guess

log = logging.getLogger(__name__)


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
            raise ImmediateHttpResponse(refusal(request, error.seconds)) from error

    def get_login_stages(self) -> list[str]:
        """A passkey stands beside the password, and isn't asked for after it."""
        stages: list[str] = super().get_login_stages()
        return [stage for stage in stages if not stage.startswith("allauth.mfa.")]

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:account")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """From a thread: how long it takes would say whether there is such an account."""
        context = {"request": self.request, "email": email, **context}
        message = self.render_mail(template_prefix, email, context)
        Thread(target=_deliver, args=[message]).start()


class Passkeys(DefaultMFAAdapter):
    """What a passkey is called on the person's device, and here."""

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Any) -> str:  # noqa: A002
        return f"Passkey {Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": "Evalhub"}


class ProviderAccounts(DefaultSocialAccountAdapter):
    """People whom the team's identity provider knows."""


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
    except OSError:  # smtplib's errors are ones too
        log.exception("mail to %s wasn't sent", message.to)
