"""A champion made on a decision's page and taken back on its own, as a browser has it."""

import itertools
from collections.abc import Callable
from urllib.parse import urljoin

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.features.lifecycle.moves import retire
from evalhub.features.lifecycle.promotion import override_champion, promote
from evalhub.features.lifecycle.rollback import roll_back
from evalhub.ledger.models import Decision
from tests.cast import Team, a_version
from tests.e2e.conftest import WAYS, Opens
from tests.e2e.width import overflows
from tests.features.lifecycle.test_promotion import decided

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shipped(team: Team) -> Decision:
    """tuned v1 beats base v1, which is champion."""
    base = a_version(team, "base")
    made = decided(team, base, a_version(team, "tuned", parent=base), slug="first")
    promote(decision=made, by=team.olga, reason="It runs.", arm="baseline")
    return made


def go_through(page: Page) -> None:
    """From a decision's page to its candidate as champion, and back, by the keyboard."""
    page.get_by_label("Why").last.fill("Better on everything that we measured.")
    page.get_by_role("button", name="Make tuned v1 the champion").press("Enter")
    expect(page.get_by_text("tuned v1 is the champion of support-desk.")).to_be_visible()
    page.get_by_role("link", name="tuned v1", exact=True).first.press("Enter")
    page.get_by_text("Roll it back").press("Enter")
    page.get_by_label("Why").fill("Answers take four seconds.")
    page.get_by_role("button", name="Roll tuned v1 back").press("Enter")
    expect(page.get_by_role("heading", name="Stage: retired")).to_be_visible()
    expect(page.locator("#history li").first).to_contain_text("tuned v1 was rolled back to base v1")
    page.get_by_text("Bring it back as a candidate").press("Enter")
    page.get_by_label("Why").fill("It was the proxy.")
    page.get_by_role("button", name="Bring tuned v1 back").press("Enter")
    expect(page.get_by_role("heading", name="Stage: candidate")).to_be_visible()


def test_a_champion_is_made_and_taken_back_by_the_keyboard(
    opens: Opens, team: Team, shipped: Decision
) -> None:
    go_through(opens(team.eva, f"/decisions/{shipped.pk}/"))


@pytest.mark.heavy
def test_it_needs_no_script(
    new_context: Callable[..., BrowserContext],
    live_server: LiveServer,
    team: Team,
    shipped: Decision,
) -> None:
    context = new_context(java_script_enabled=False)
    cookie = team.signed_in(team.eva).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/decisions/{shipped.pk}/")
    go_through(page)


@pytest.mark.heavy
def test_axe_finds_nothing_and_all_fits(
    opens: Opens, axe: Callable[[Page], None], team: Team, shipped: Decision
) -> None:
    """A champion by decision, one by rollback and one by override; a candidate, and what was given
    up."""
    tuned, other, gone = (a_version(team, name) for name in ("tuned-again", "other", "gone"))
    base = shipped.study.arms.get(name="base").version
    pages = [opens(team.olga, "/", **way) for way in WAYS]

    def looked_at() -> None:
        decision, study = f"/decisions/{shipped.pk}/", f"/studies/{shipped.study_id}/"
        versions = [f"/versions/{each.pk}/" for each in (base, tuned, other, gone)]
        paths = ("/", decision, study, "/versions/", *versions)
        for page, path in itertools.product(pages, paths):
            page.goto(urljoin(page.url, path))
            page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
            axe(page)
            assert not overflows(page), path

    retire(version=gone, by=team.olga, reason="Its licence ends in a month, which nobody pays.")
    looked_at()
    override_champion(version=other, by=team.olga, reason="The law asks for it from Monday.")
    looked_at()
    roll_back(version=other, by=team.eva, reason="The law was changed.")
    looked_at()
