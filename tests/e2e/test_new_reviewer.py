"""Somebody new, from the link in the invitation's mail to the twentieth judgment."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.declare.review import Design, Known
from reviews.joining.invite import invite, mail_invitation
from reviews.models import Campaign, Judgment
from tests.cast import Team
from tests.e2e.conftest import PHONE
from tests.e2e.test_review_page import ANSWERS, a_campaign

pytestmark = [
    pytest.mark.browser,
    pytest.mark.heavy,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def campaign(team: Team) -> Campaign:
    """Twenty-one comparisons after two to practise on; a pause after the twentieth."""
    known = {
        key: Known(expected="baseline", feedback="It says what happens next.", practice=True)
        for key in ("q0000", "q0001")
    }
    return a_campaign(
        team,
        *([answer] * 23 for answer in ANSWERS),
        design=Design(practice=2, known=known, pass_mark=0, invited_only=True),
        block=22,
    )


def mailed_link(campaign: Campaign, team: Team, live_server: LiveServer) -> str:
    """What stands in the mail that Nour gets."""
    asked = invite(campaign=campaign, email="nour@example.org", by=team.olga, name="Nour")
    mail_invitation(invited=asked, url=f"{live_server.url}{asked.path}")
    [sent] = mail.outbox
    assert sent.to == ["nour@example.org"]
    links = re.findall(r"https?://\S+", str(sent.body))
    assert len(links) == 1
    return str(links[0])


@pytest.mark.parametrize("by", ["keys", "taps"])
def test_from_the_mail_to_the_twentieth_judgment(
    campaign: Campaign,
    team: Team,
    live_server: LiveServer,
    new_context: Callable[..., BrowserContext],
    axe: Callable[[Page], None],
    by: str,
) -> None:
    options: dict[str, Any] = PHONE if by == "taps" else {}
    page = new_context(**options).new_page()
    page.goto(mailed_link(campaign, team, live_server))
    expect(page.locator("h1")).to_have_text("Nour, you are asked to review")
    axe(page)
    page.get_by_role("button", name="Join the review").click()
    page.get_by_role("link", name="Begin").click()

    def say(key: str, button: str) -> None:
        """One answer: a key on a laptop, a tap on a phone."""
        if by == "taps":
            page.wait_for_timeout(600)  # sooner, it would be the second of a double tap
            page.get_by_role("button", name=button).tap()
        else:
            page.keyboard.press(key)

    for _ in range(2):
        expect(page.locator(".count")).to_have_text("Practice")
        token = page.locator("#turn").get_attribute("data-token")
        say("1", "Left is better")
        expect(page.locator("#turn")).not_to_have_attribute("data-token", str(token))
    expect(page.locator("h1")).to_have_text("Practice is over")
    page.get_by_role("link", name="How it went").click()
    expect(page.get_by_role("button", name="Begin the review")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Begin the review").click()
    for number in range(1, 21):
        expect(page.locator(".count")).to_have_text(re.compile(rf"^{number} of"))
        if number in (1, 20):
            axe(page)
        say("2" if number % 2 else "1", "Right is better" if number % 2 else "Left is better")
    expect(page.locator("h1")).to_have_text("Time to look up")
    real = Judgment.objects.exclude(assignment__pair__kind="practice")
    assert real.filter(assignment__reviewer__user__email="nour@example.org").count() == 20
