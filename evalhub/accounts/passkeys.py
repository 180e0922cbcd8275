"""Passkeys made and used on the site's own pages.

By the relying-party id alone a browser lets pages of other ports, and of names below the site's,
use its passkeys too: whoever runs one of those could sign in here as a visitor of theirs. So the
page's origin, which the browser signs, has to be EVALHUB_URL, where that is set.
"""

from collections.abc import Callable, Mapping
from typing import Any

from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from allauth.mfa.webauthn.internal.auth import (
    parse_authentication_response,
    parse_registration_response,
)
from django.conf import settings
from django.core.exceptions import ValidationError


class AddForm(AddWebAuthnForm):  # type: ignore[misc]  # allauth says nothing of its types
    def clean_credential(self) -> Any:
        credential = self.cleaned_data["credential"]
        _refuse_other_origins(parse_registration_response, credential)
        return credential


class LoginForm(LoginWebAuthnForm):  # type: ignore[misc]
    def clean_credential(self) -> Any:
        _refuse_other_origins(parse_authentication_response, self.cleaned_data["credential"])
        return super().clean_credential()


class ReauthenticateForm(ReauthenticateWebAuthnForm):  # type: ignore[misc]
    def clean_credential(self) -> Any:
        _refuse_other_origins(parse_authentication_response, self.cleaned_data["credential"])
        return super().clean_credential()


def _refuse_other_origins(parse: Callable[[Any], Any], credential: Mapping[str, Any]) -> None:
    """Raises ValidationError for a credential of another page, or one that can't be read."""
    origin = parse(credential).response.client_data.origin
    if settings.SITE_URL and origin != settings.SITE_URL:
        raise ValidationError(f"Passkeys are used at {settings.SITE_URL} alone: open it there.")
