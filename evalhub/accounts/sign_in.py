"""One-click sign-in: a link with a random token, for one person, one use and one hour.

And its opposite: signing out everywhere else.
"""

import hashlib
import secrets
from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth import update_session_auth_hash
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.urls import get_script_prefix
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, SignInLink, User

LASTS = timedelta(hours=1)
SESSIONS = 500
"""That one transaction deletes, at most."""
AGAIN = "Whoever runs this site makes a new one with `evalhub user link NAME`."


class SignInError(Exception):
    """A sign-in link that lets nobody in; the message says what to do about it."""


def sign_in_path(user: User, *, by: User | None = None, what: str = "") -> str:
    """The path of a new link for `user`: who has it within the hour is that user, once.

    For the operator (None), and for who administers the site in the admin; the audit log keeps who
    made it. Links that have expired are deleted on the way.
    """
    token, now = secrets.token_urlsafe(32), timezone.now()
    # `reverse` would import every page, for which a command takes four times as long.
    path = f"{get_script_prefix()}accounts/sign-in/{token}/"
    with transaction.atomic():
        SignInLink.objects.filter(expires__lte=now).delete()
        SignInLink.objects.create(user=user, digest=_digest(token), expires=now + LASTS)
        note(Action.LINK_MADE, by=by, about=user, what=what)
    return path


def mail_way_in(user: User, *, by: User, request: HttpRequest) -> None:
    """Mails a link by which this person sets a password, as for one that was forgotten.

    Whoever asks for it doesn't see it. Raises OSError where it can't be sent.
    """
    from allauth.account.forms import ResetPasswordForm

    form = ResetPasswordForm({"email": user.email})
    if form.is_valid():
        form.save(request)
    note(Action.LINK_MADE, by=by, about=user, what="in the admin, by mail")


def user_of(token: str) -> User:
    """The user that a token would sign in; it stays unused.

    Raises:
        SignInError: no such link, or it has expired or was used, or its user is inactive.
    """
    link = SignInLink.objects.select_related("user").filter(digest=_digest(token)).first()
    if link is None or link.expires <= timezone.now():
        raise SignInError(
            f"This sign-in link is older than an hour, or wasn't copied whole. {AGAIN}"
        )
    if link.used is not None:
        raise SignInError(f"This sign-in link was used already: it works once. {AGAIN}")
    if not link.user.is_active:
        raise SignInError("The person this sign-in link was made for can't sign in any more.")
    return link.user


@transaction.atomic
def use_link(token: str) -> User:
    """The user that a token signs in, now that it is used up: of two calls at once one gets it.

    Raises:
        SignInError: as `user_of`.
    """
    user = user_of(token)
    unused = SignInLink.objects.filter(digest=_digest(token), used=None)
    if not unused.update(used=timezone.now()):
        raise SignInError(f"This sign-in link was used already: it works once. {AGAIN}")
    note(Action.LINK_USED, by=user)
    return user


def end_other_sessions(*, request: HttpRequest, user: User) -> None:
    """Signs a person out in every browser but the one that asks."""
    end_sessions(user)
    update_session_auth_hash(request, user)


@transaction.atomic
def end_ways_in(*, user: User, mail: str) -> None:
    """Ends the password, passkeys and sessions of an account that a mail address lets enter.

    Else whoever made the account with somebody's address could go on using it. An address that
    was confirmed here shows that its person made them.
    """
    if EmailAddress.objects.filter(user=user, email__iexact=mail, verified=True).exists():
        return
    Authenticator.objects.filter(user=user).delete()
    user.set_unusable_password()
    user.save(update_fields=["password"])
    end_sessions(user)


def drop_expired_sessions() -> int:
    """Deletes expired sessions with their data. Returns how many.

    In short transactions, so that nobody who writes waits for it.
    """
    expired = Session.objects.filter(expire_date__lte=timezone.now()).order_by("pk")
    count = 0
    while some := list(expired.values_list("pk", flat=True)[:SESSIONS]):
        count += Session.objects.filter(pk__in=some).delete()[0]
    return count


def end_sessions(user: User) -> None:
    """Signs a person out in every browser."""
    User.objects.filter(pk=user.pk).update(sign_outs=F("sign_outs") + 1)
    user.refresh_from_db(fields=["sign_outs"])


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
