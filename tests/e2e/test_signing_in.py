"""Signing in by passkey, and what becomes of a page whose person is signed out meanwhile."""

import re
from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.sign_in import sign_in_path
from reviews.models import Campaign, Judgment
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.test_campaign_flow import plan_of
from tests.e2e.test_review_keys import asking
from tests.site.cases import a_measured_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ACCOUNT = "/accounts/"
PASSWORD = "a long passphrase"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def with_authenticator(page: Page) -> None:
    """A device that keeps passkeys, and whose person says yes."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


def signed_out(page: Page) -> None:
    """The site has forgotten the session; the browser doesn't know."""
    Session.objects.all().delete()


def in_another_tab(page: Page, link: str) -> None:
    """Signs in by a link there, and comes back."""
    other = page.context.new_page()
    other.goto(link)
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_url(lambda address: "sign-in" not in address)
    other.close()
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")


def test_a_passkey_is_added_and_signs_in_and_is_removed(
    opens: Opens, team: Team, axe: Callable[[Page], None]
) -> None:
    team.olga.set_unusable_password()
    team.olga.save()
    page = opens(team.olga, ACCOUNT)
    with_authenticator(page)
    axe(page)
    page.get_by_role("link", name="Add a passkey").click()
    expect(page.get_by_label("What you call it")).to_be_visible()
    axe(page)
    page.get_by_label("What you call it").fill("Laptop")
    page.get_by_role("button", name="Make it on this device").click()
    expect(page.locator("strong", has_text="Laptop")).to_be_visible()

    page.get_by_role("button", name="Menu of olga").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    expect(page.get_by_role("button", name="Menu of olga")).to_be_visible()

    page.goto(page.url.removesuffix("/") + ACCOUNT)
    page.get_by_role("button", name="Remove Laptop").click()
    page.get_by_role("button", name="With a passkey").click()
    expect(page.get_by_text("The passkey is removed.")).to_be_visible()


def test_a_passkey_counts_on_the_sites_own_pages_alone(
    opens: Opens, team: Team, live_server: LiveServer, settings: Settings
) -> None:
    """A page of another port of its host, whose browser uses the same passkeys, isn't the site."""
    other = re.sub(r"\d+$", "9", live_server.url)
    team.olga.set_unusable_password()
    team.olga.save()
    page = opens(team.olga, ACCOUNT)
    with_authenticator(page)

    def add() -> None:
        page.get_by_role("link", name="Add a passkey").click()
        page.get_by_role("button", name="Make it on this device").click()

    settings.SITE_URL = other
    add()
    expect(page.get_by_text(f"Passkeys are used at {other} alone")).to_be_visible()
    settings.SITE_URL = live_server.url
    page.goto(live_server.url + ACCOUNT)
    add()
    expect(page.get_by_role("button", name="Remove Passkey 1")).to_be_visible()
    page.get_by_role("button", name="Menu of olga").click()
    page.get_by_role("button", name="Sign out", exact=True).click()

    settings.SITE_URL = other
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text(f"Passkeys are used at {other} alone")).to_be_visible()
    settings.SITE_URL = live_server.url
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


def test_where_no_passkey_is_given_the_page_says_so(
    new_context: Callable[..., BrowserContext], live_server: LiveServer, team: Team
) -> None:
    page = new_context().new_page()
    page.goto(f"{live_server.url}/accounts/login/")
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = AUTHENTICATOR | {"isUserVerified": False}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("Your device sent no passkey")


@pytest.mark.heavy
def test_a_campaign_form_is_there_after_signing_in_again(
    opens: Opens, team: Team, new_context: Callable[..., BrowserContext], live_server: LiveServer
) -> None:
    team.olga.set_password(PASSWORD)
    team.olga.save()
    page = opens(team.olga, plan_of(a_measured_study(team)))
    expect(page.locator("#preview")).to_contain_text("hours")
    signed_out(page)
    with page.expect_response(lambda response: response.status == 401):
        page.get_by_label("Question", exact=True).fill("Which one would you send?")
    expect(page.locator(".signed-out")).to_contain_text("You are signed out")
    page.get_by_role("button", name="Seal the plan and open").click()

    expect(page.get_by_text("What you had typed is kept")).to_be_visible()
    page.get_by_label("Name or mail address").fill("olga")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("This is what you had typed")
    expect(page.get_by_text("Which one would you send?")).to_be_visible()
    assert not Campaign.objects.exists()
    page.get_by_role("button", name="Send it now").click()
    expect(page.locator(".messages")).to_contain_text("The plan is sealed")
    assert Campaign.objects.get().question == "Which one would you send?"


@pytest.mark.heavy
def test_a_campaign_form_goes_on_where_its_person_signs_in_in_another_tab(
    opens: Opens, team: Team, live_server: LiveServer
) -> None:
    page = opens(team.olga, plan_of(a_measured_study(team)))
    signed_out(page)
    with page.expect_response(lambda response: response.status == 401):
        page.get_by_label("Question", exact=True).fill("Which one would you send?")
    expect(page.get_by_role("alert").get_by_role("link", name="Sign in")).to_be_visible()
    in_another_tab(page, live_server.url + sign_in_path(team.olga))
    expect(page.locator(".signed-out")).to_have_count(0)
    page.get_by_role("button", name="Seal the plan and open").click()
    expect(page.locator(".messages")).to_contain_text("The plan is sealed")
    assert Campaign.objects.get().question == "Which one would you send?"


@pytest.mark.heavy
def test_somebody_else_in_another_tab_sends_nothing_from_the_page(
    opens: Opens, team: Team, live_server: LiveServer
) -> None:
    page = opens(team.olga, plan_of(a_measured_study(team)))
    signed_out(page)
    with page.expect_response(lambda response: response.status == 401):
        page.get_by_label("Question", exact=True).fill("Which one would you send?")
    in_another_tab(page, live_server.url + sign_in_path(team.eva))
    expect(page.locator(".signed-out")).to_contain_text("Somebody else is signed in")


def test_a_judgment_with_its_reason_is_kept_and_saved_after_signing_in_again(
    opens: Opens, team: Team, live_server: LiveServer
) -> None:
    campaign = asking(team, 4, rationale="optional")
    page = opens(team.rui, reverse("reviews:campaign", args=[campaign.pk]))
    page.keyboard.press("r")
    page.locator("#rationale").fill("It names the tariff.")
    signed_out(page)
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.locator("#state")).to_contain_text("you are signed out")
    assert not Judgment.objects.exists()

    in_another_tab(page, live_server.url + sign_in_path(team.rui))
    expect(page.locator("#state")).to_have_text("1 saved ✓")
    assert Judgment.objects.get().rationale == "It names the tariff."


@pytest.mark.heavy
def test_a_reviewers_page_that_is_loaded_again_saves_it_too(
    opens: Opens, team: Team, live_server: LiveServer
) -> None:
    campaign = asking(team, 4, rationale="optional")
    page = opens(team.rui, reverse("reviews:campaign", args=[campaign.pk]))
    signed_out(page)
    page.keyboard.press("2")
    page.get_by_role("button", name="Sign in again").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(live_server.url + sign_in_path(team.rui))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/reviews/")  # which sends what is kept, as every page of a reviewer does
    for _ in range(100):  # the page itself may be loading anew meanwhile, and can't be asked
        if Judgment.objects.exists():
            break
        page.wait_for_timeout(100)
    page.wait_for_load_state("networkidle")  # a page isn't closed in the middle of loading
    assert Judgment.objects.get().choice == "right"
