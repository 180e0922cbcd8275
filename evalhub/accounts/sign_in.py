"""One-click sign-in: a signed address that says who somebody is, for half a day."""

from datetime import timedelta

from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.urls import reverse

from evalhub.accounts.models import User

LASTS = timedelta(hours=12)
_SALT = "evalhub.accounts.sign_in"


class SignInError(Exception):
    """A sign-in link that lets nobody in; the message says what to do about it."""


def sign_in_path(user: User) -> str:
    """The path that signs `user` in for the next 12 hours. Whoever has it is that user."""
    token = TimestampSigner(salt=_SALT).sign(str(user.pk))
    return reverse("accounts:sign_in", args=[token])


def user_of(token: str) -> User:
    """The user that a token was made for.

    Raises:
        SignInError: the token is altered or older than 12 hours, or its user is gone or inactive.
    """
    try:
        pk = TimestampSigner(salt=_SALT).unsign(token, max_age=LASTS)
    except SignatureExpired as error:
        raise SignInError("This sign-in link is older than 12 hours. Ask for a new one.") from error
    except BadSignature as error:
        raise SignInError(
            "This sign-in link is damaged. Copy the whole line that was printed."
        ) from error
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None:
        raise SignInError("The person this sign-in link was made for can't sign in any more.")
    return user
