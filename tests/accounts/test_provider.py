"""Signing in by the team's identity provider, against a server that speaks its protocol."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from evalhub.accounts.models import Membership, User
from evalhub.env import identity_provider
from tests.cast import Team
from tests.fakes.oidc_server import OIDCServer

NORA = {
    "sub": "2f3a",
    "preferred_username": "nora",
    "given_name": "Nora",
    "family_name": "Ek",
    "email": "nora@example.org",
    "email_verified": True,
}


@pytest.fixture
def provider(db: None, settings: Settings) -> Iterator[OIDCServer]:
    with OIDCServer(person=dict(NORA)) as server:
        use(server, settings)
        yield server
    cache.clear()


def use(server: OIDCServer, settings: Settings) -> None:
    settings.OIDC = server.app()
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [server.app()]}
    }


def begin(browser: Client, server: OIDCServer, **query: str) -> str:
    """The address at the provider to which the button leads."""
    path = reverse("openid_connect_login", args=[server.app()["provider_id"]])
    answer = browser.post(f"{path}?{urlencode(query)}")
    assert answer.status_code == 302, answer.text
    return str(answer.url)


def come_back(browser: Client, address: str) -> HttpResponse:
    """The provider sends its person back with a code, which the site takes to it."""
    back = requests.get(address, allow_redirects=False, timeout=5).headers["Location"]
    parts = urlsplit(back)
    return browser.get(f"{parts.path}?{parts.query}", follow=True)


def sign_in(server: OIDCServer, browser: Client | None = None, **query: str) -> HttpResponse:
    browser = browser or Client()
    return come_back(browser, begin(browser, server, **query))


def test_who_is_new_gets_an_account_without_any_role(provider: OIDCServer) -> None:
    page = Client().get(reverse("accounts:login"))
    assert "Sign in with Example ID" in page.text
    answer = sign_in(provider)
    person = answer.context["user"]
    assert (person.username, person.email) == ("nora", "nora@example.org")
    assert not person.has_usable_password()
    assert not person.is_staff
    assert not Membership.objects.filter(user=person).exists()
    assert "You aren’t in a project yet" in answer.text
    assert not SocialToken.objects.exists()


def test_the_same_person_comes_back_to_the_same_account(provider: OIDCServer) -> None:
    first = sign_in(provider).context["user"]
    provider.person |= {"email": "nora@elsewhere.example", "preferred_username": "nora2"}
    assert sign_in(provider).context["user"] == first
    assert User.objects.count() == 1


def test_a_name_that_is_taken_gets_another(provider: OIDCServer, team: Team) -> None:
    provider.person["preferred_username"] = "olga"
    person = sign_in(provider).context["user"]
    assert person != team.olga
    assert person.username != "olga"


def test_the_page_that_was_wanted_comes_up(provider: OIDCServer) -> None:
    answer = sign_in(provider, next=reverse("accounts:account"))
    assert "Your account" in answer.text


@pytest.mark.parametrize("verified", [True, False, None, "false"])
@pytest.mark.parametrize("configured", [True, False])
def test_an_address_opens_an_account_where_it_is_verified_and_that_is_configured(
    provider: OIDCServer, team: Team, settings: Settings, verified: Any, configured: bool
) -> None:
    settings.OIDC_JOIN_BY_MAIL = configured
    provider.person |= {"email": "Olga@example.org", "email_verified": verified}
    answer = sign_in(provider)
    if verified is True and configured:
        assert answer.context["user"] == team.olga
    elif verified is True:
        assert answer.status_code == 403
        assert "connect the two" in answer.text
        assert not SocialAccount.objects.exists()
    else:  # the address isn't believed: it is somebody new, and doesn't have it
        assert answer.context["user"] != team.olga
        assert answer.context["user"].email == ""


def test_an_account_that_an_address_opened_has_no_other_ways_in(
    provider: OIDCServer, team: Team, settings: Settings
) -> None:
    """Somebody else may have made it, with her address."""
    settings.OIDC_JOIN_BY_MAIL = True
    team.olga.set_password("known to another")
    team.olga.save()
    Authenticator.objects.create(user=team.olga, type="webauthn", data={"name": "another's"})
    other = team.signed_in(team.olga)
    provider.person |= {"email": "olga@example.org"}
    sign_in(provider)
    team.olga.refresh_from_db()
    assert not team.olga.has_usable_password()
    assert not Authenticator.objects.exists()
    assert other.get(reverse("accounts:account")).status_code == 302


def test_an_address_that_was_confirmed_here_keeps_its_ways_in(
    provider: OIDCServer, team: Team, settings: Settings
) -> None:
    settings.OIDC_JOIN_BY_MAIL = True
    team.olga.set_password("her own")
    team.olga.save()
    EmailAddress.objects.create(user=team.olga, email="olga@example.org", verified=True)
    provider.person |= {"email": "olga@example.org"}
    assert sign_in(provider).context["user"] == team.olga
    team.olga.refresh_from_db()
    assert team.olga.check_password("her own")


def test_an_address_that_is_only_wanted_opens_nothing(
    provider: OIDCServer, team: Team, settings: Settings
) -> None:
    """Eva has asked for Nora's address, and hasn't opened the link that was sent there."""
    settings.OIDC_JOIN_BY_MAIL = True
    EmailAddress.objects.create(user=team.eva, email="nora@example.org", verified=False)
    assert sign_in(provider).context["user"] != team.eva


@pytest.mark.parametrize("right", ["is_staff", "is_superuser"])
def test_no_address_opens_an_account_that_administers_the_site(
    provider: OIDCServer, team: Team, settings: Settings, right: str
) -> None:
    settings.OIDC_JOIN_BY_MAIL = True
    User.objects.filter(pk=team.olga.pk).update(**{right: True})
    provider.person |= {"email": "olga@example.org"}
    assert sign_in(provider).status_code == 403


def test_who_is_signed_in_connects_their_account_and_takes_that_back(
    provider: OIDCServer, team: Team
) -> None:
    team.olga.set_password("a long passphrase")
    team.olga.save()
    olga = team.signed_in(team.olga)
    assert "Connect with Example ID" in olga.get(reverse("accounts:account")).text
    answer = sign_in(provider, olga, process="connect")
    assert "Is it still you?" in answer.text
    answer = olga.post(answer.request["PATH_INFO"], {"password": "a long passphrase"}, follow=True)
    assert "It is connected" in answer.text
    assert sign_in(provider).context["user"] == team.olga
    account = SocialAccount.objects.get()
    olga.post(reverse("socialaccount_connections"), {"account": account.pk})
    assert not SocialAccount.objects.exists()


def test_connecting_takes_a_post(provider: OIDCServer, olga: Client) -> None:
    path = reverse("openid_connect_login", args=[provider.app()["provider_id"]])
    answer = olga.get(f"{path}?process=connect")
    assert answer.status_code == 200
    assert provider.url not in answer.headers.get("Location", "")


def test_the_same_number_at_another_provider_is_somebody_else(
    provider: OIDCServer, settings: Settings
) -> None:
    first = sign_in(provider).context["user"]
    with OIDCServer(person={"sub": NORA["sub"], "preferred_username": "mallory"}) as other:
        use(other, settings)
        assert sign_in(other).context["user"] != first


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another site"},
        {"iss": "http://localhost:1"},
        {"exp": 1},
        {"sub": "somebody else"},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_a_token_for_another_site_or_time_or_person_signs_nobody_in(
    provider: OIDCServer, claims: dict[str, Any]
) -> None:
    provider.token_claims = claims
    browser = Client()
    answer = sign_in(provider, browser)
    assert answer.status_code in (401, 403)
    assert "can’t be used" in answer.text
    assert "_auth_user_id" not in browser.session
    assert not User.objects.exists()


def test_another_browser_can_not_bring_the_code(provider: OIDCServer) -> None:
    """Else somebody could be signed in to an account that is an attacker's."""
    address = begin(Client(), provider)
    victim = Client()
    answer = come_back(victim, address)
    assert "can’t be used" in answer.text
    assert "_auth_user_id" not in victim.session


def test_a_code_works_once(provider: OIDCServer) -> None:
    browser = Client()
    address = begin(browser, provider)
    back = requests.get(address, allow_redirects=False, timeout=5).headers["Location"]
    state = parse_qs(urlsplit(back).query)["state"]
    assert state
    browser.get(back.replace("http://localhost:8000", ""), follow=True)
    again = Client().get(back.replace("http://localhost:8000", ""), follow=True)
    assert "can’t be used" in again.text


def test_who_says_no_there_comes_back_to_signing_in(provider: OIDCServer) -> None:
    provider.refuses = "access_denied"
    answer = sign_in(provider)
    assert "You didn’t sign in there" in answer.text
    assert "_auth_user_id" not in answer.client.session


def test_a_provider_that_does_not_answer_is_told_in_a_sentence(
    provider: OIDCServer, settings: Settings
) -> None:
    app = provider.app() | {"settings": {"server_url": "http://localhost:1"}}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    path = reverse("openid_connect_login", args=[app["provider_id"]])
    answer = Client().post(path)
    assert answer.status_code == 502
    assert "can’t be used" in answer.text


def test_without_one_there_is_no_button_and_no_address(db: None) -> None:
    assert "Sign in with" not in Client().get(reverse("accounts:login")).text.replace(
        "Sign in with a passkey", ""
    )
    assert Client().post("/accounts/oidc/anything/login/").status_code == 404


def test_nobody_signs_up(db: None) -> None:
    for path in ("signup/", "3rdparty/signup/", "social/signup/"):
        assert Client().get(f"/accounts/{path}").status_code in (302, 404)
    assert not User.objects.exists()


def test_the_environment_names_the_provider() -> None:
    whole = {"client": "evalhub", "secret": "hush", "name": ""}
    assert identity_provider("", **whole) == {}
    with pytest.raises(ImproperlyConfigured, match="CLIENT_ID"):
        identity_provider("https://login.example.org", **whole | {"client": ""})
    with pytest.raises(ImproperlyConfigured, match="https"):
        identity_provider("http://login.example.org", **whole)
    found = identity_provider("https://login.example.org/realms/Team/", **whole)
    assert found["provider_id"] == "login-example-org-realms-team"
    assert found["name"] == "login.example.org"
    assert found["settings"] == {"server_url": "https://login.example.org/realms/Team"}
