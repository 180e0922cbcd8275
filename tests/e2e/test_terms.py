"""A word of ours in Chromium: its sentence on hover and on focus, closed by Escape, and a link."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from evalhub.report.words import terms
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.test_study_page import a_decided_study, address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_word_is_explained_by_pointer_and_by_keyboard(
    opens: Opens, team: Team, axe: Callable[[Page], None]
) -> None:
    page = opens(team.olga, address(a_decided_study(team)))
    said = page.get_by_role("tooltip")
    look = page.get_by_role("link", name="look", exact=True)
    look.hover()
    expect(said).to_have_text(terms()["look"].says)
    said.hover()
    expect(said).to_be_visible()
    page.keyboard.press("Escape")
    expect(said).to_be_hidden()
    look.focus()
    expect(said).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Interval", exact=True).focus()
    expect(said).to_have_text(terms()["interval"].says)
    page.keyboard.press("Escape")
    expect(said).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url("**/help/reference/words.md#interval")
    expect(page.get_by_role("heading", name="Interval", exact=True)).to_be_in_viewport()


def test_without_the_script_the_stylesheet_shows_it(opens: Opens, team: Team) -> None:
    page = opens(team.olga, reverse("site:studies"))
    page.context.route(
        "**/terms.js", lambda route: route.fulfill(body="", content_type="text/javascript")
    )
    page.reload()
    page.get_by_role("link", name="candidate", exact=True).hover()
    assert terms()["candidate"].says in page.locator(".term:hover").evaluate(
        "word => getComputedStyle(word, '::after').content"
    )
