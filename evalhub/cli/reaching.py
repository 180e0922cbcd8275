"""Connection checks of `evalhub doctor --deploy`: mail server and identity provider."""

import json
import smtplib
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit
from urllib.request import Request, urlopen

from django.conf import settings

from evalhub.cli.health import Finding

WAIT_S = 10.0
LONGEST = 1024**2
LOCAL = ("localhost", "127.0.0.1", "::1")
DISCOVERY = "/.well-known/openid-configuration"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderFault(Exception):
    """An error of the identity provider, with what would be right."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.advice = advice


def mail_finding(mail_to: str = "") -> Finding:
    """Checks the mail server: connection, greeting, encryption and sign-in. Sends nothing but one
    mail to `mail_to`, if given."""
    if not settings.MAIL_URL:
        return Finding(
            "mail",
            not mail_to,
            "none is sent: links are copied",
            "Set EVALHUB_MAIL_URL first, such as smtps://user:password@host." if mail_to else "",
        )
    parts = urlsplit(settings.MAIL_URL)
    server = f"{parts.hostname}:{settings.MAILERS['default']['OPTIONS']['port']}"
    try:
        _sign_in()
        sent = f"; a mail to {mail_to} was taken" if mail_to and _send(mail_to) else ""
    except smtplib.SMTPAuthenticationError as error:
        return Finding(
            "mail",
            False,
            f"{server} refuses the name or the password ({error.smtp_code})",
            "Correct EVALHUB_MAIL_URL; signs that a URL can't hold are written as %40 and so on.",
        )
    except (smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused) as error:
        return Finding(
            "mail",
            False,
            f"{server} doesn't take the mail: {type(error).__name__}",
            f"The sender is {settings.DEFAULT_FROM_EMAIL}: EVALHUB_MAIL_FROM names another.",
        )
    except OSError as error:  # smtplib's and ssl's errors are subclasses
        return Finding(
            "mail",
            False,
            f"{server} can't be used: {_one_line(error)}",
            "Correct EVALHUB_MAIL_URL: smtps:// is TLS from the start (465), smtp+tls:// STARTTLS "
            "(587), smtp:// neither (25).",
        )
    return Finding("mail", True, f"{server} lets the site in{sent}", _about_mail(parts.scheme))


def _sign_in() -> None:
    """Signs in to the mail server. Raises OSError (smtplib's errors are a kind of it) if it is
    refused."""
    from django.core.mail import mailers

    mailer: Any = mailers["default"]
    mailer.timeout = WAIT_S
    try:
        mailer.open()
        mailer.connection.ehlo_or_helo_if_needed()
        code, answer = mailer.connection.noop()
        if code != 250:
            raise smtplib.SMTPResponseException(code, answer)
    finally:
        mailer.close()


def _send(address: str) -> bool:
    from django.core.mail import EmailMessage, mailers
    from django.core.mail.backends.smtp import EmailBackend

    from evalhub.accounts.addresses import site_address

    text = (
        "This mail was sent by `evalhub doctor --deploy --mail-to`, for the site "
        f"{site_address()}. Mail works.\n"
    )
    mail = EmailMessage("Evalhub: mail works", text, None, [address])
    # the operator asks: also if messages are held, or there is no database yet
    return bool(EmailBackend.send_messages(mailers["default"], [mail]))


def _about_mail(scheme: str) -> str:
    if scheme == "smtp" and urlsplit(settings.MAIL_URL).hostname not in LOCAL:
        return "Nothing is encrypted on the way there: smtps:// or smtp+tls:// would be."
    if settings.DEFAULT_FROM_EMAIL.endswith("@localhost"):
        return f"Its sender is {settings.DEFAULT_FROM_EMAIL}: set EVALHUB_MAIL_FROM."
    return ""


def provider_findings() -> Iterator[Finding]:
    """Checks that the identity provider's own document fits; [] without a provider."""
    if not settings.OIDC:
        return
    url = settings.OIDC["settings"]["server_url"]
    try:
        keys = _count_keys(url)
    except ProviderFault as fault:
        yield Finding("identity provider", False, f"{url}: {fault}", fault.advice)
        return
    yield Finding(
        "identity provider",
        True,
        f"{url} answers as itself, with {keys} keys",
        f"It has to know the address {_callback_url()} as one that it may send people back to.",
    )


def _count_keys(url: str) -> int:
    """The number of the provider's signing keys, after its discovery document was checked. Raises
    ProviderFault."""
    address = url if "/.well-known/" in url else url + DISCOVERY
    document = _fetch(address, f"EVALHUB_OIDC_URL is the provider's address without {DISCOVERY}.")
    issuer = document.get("issuer")
    if issuer != address.removesuffix(DISCOVERY) and issuer != url + "/":
        raise ProviderFault(
            f"its discovery document is of the issuer {issuer!r}",
            "Set EVALHUB_OIDC_URL to that issuer, if it is yours: no other's tokens are taken.",
        )
    local = urlsplit(url).hostname in LOCAL
    for name in ENDPOINTS:
        parts = urlsplit(str(document.get(name) or ""))
        if not parts.hostname:
            raise ProviderFault(
                f"its discovery document has no {name}", "It isn't an OpenID Connect provider's."
            )
        if parts.scheme != "https" and not (local and parts.hostname in LOCAL):
            raise ProviderFault(
                f"its {name} isn't https: {parts.geturl()}",
                "Correct it at the provider: behind a proxy the provider needs its public address.",
            )
    signing_in = str(document["authorization_endpoint"])
    if urljoin(signing_in, "/") != urljoin(url, "/"):
        raise ProviderFault(
            f"its authorization_endpoint is under another scheme or host: {signing_in}",
            "A browser isn't led there by the site's pages: give the address under which it is.",
        )
    if "code" not in document.get("response_types_supported", ["code"]):
        raise ProviderFault(
            "it doesn't offer the authorisation code flow (response type `code`)",
            "Allow that flow for this site at the provider.",
        )
    keys = _fetch(document["jwks_uri"], "The provider has to answer there with its keys.")
    count = len(keys.get("keys") or [])
    if not count:
        raise ProviderFault(
            f"there are no keys at {document['jwks_uri']}",
            "The provider has to sign with a key pair (RS256, ES256).",
        )
    return count


def _fetch(address: str, advice: str) -> dict[str, Any]:
    """The JSON object at the address. Raises ProviderFault."""
    try:
        request = Request(address, headers={"Accept": "application/json"})
        with urlopen(request, timeout=WAIT_S) as reply:
            document = json.loads(reply.read(LONGEST))
            led_to = urlsplit(reply.url)
    except HTTPError as error:
        raise ProviderFault(f"{address} answers {error.code}", advice) from error
    except (OSError, HTTPException) as error:  # URLError is a subclass
        reason = getattr(error, "reason", error)
        raise ProviderFault(
            f"{address} can't be reached: {_one_line(reason)}",
            "The site has to reach it from here: correct EVALHUB_OIDC_URL, or let it through.",
        ) from error
    except ValueError as error:
        raise ProviderFault(f"{address} isn't JSON", advice) from error
    if led_to.scheme != "https" and led_to.hostname not in LOCAL:
        raise ProviderFault(f"{address} leads to {reply.url}, which isn't https", advice)
    if not isinstance(document, dict):
        raise ProviderFault(f"{address} isn't a JSON object", advice)
    return document


def _callback_url() -> str:
    from django.urls import reverse

    from evalhub.accounts.addresses import absolute

    path = reverse("openid_connect_callback", kwargs={"provider_id": settings.OIDC["provider_id"]})
    return absolute(path)


def _one_line(error: object) -> str:
    return " ".join(str(error).split()) or type(error).__name__
