"""The header stays where it is from page to page, is short on a phone, and its menu needs no
script."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from evalhub.ledger.decide import decide_study
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.width import overflows
from tests.site.cases import a_measured_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = [
    "/",
    "/studies/",
    "/studies/new/",
    "/campaigns/",
    "/production/",
    "/test-sets/",
    "/versions/",
    "/endpoints/",
    "/projects/",
    "/projects/support-desk/",
    "/projects/support-desk/webhooks/",
    "/accounts/",
    "/help/",
]
LEFT = "element => element.getBoundingClientRect().x"
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def page(opens: Opens, team: Team) -> Page:
    decide_study(study=a_measured_study(team, items=8))
    return opens(team.olga, "/")


def test_nothing_in_it_moves_from_page_to_page(page: Page) -> None:
    root = page.url.rstrip("/")
    for width in (1440, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        places = set()
        for path in PAGES:
            page.goto(root + path)
            places.add(
                tuple(
                    page.locator(f"header {part}").first.evaluate(
                        "e => e.getBoundingClientRect().x"
                    )
                    for part in (".brand", ".nouns li:nth-child(6)", ".site-search", ".who")
                )
            )
        assert len(places) == 1, places


def test_on_a_phone_it_takes_less_than_a_tenth_of_the_height(page: Page) -> None:
    root = page.url.rstrip("/")
    page.set_viewport_size(PHONE)
    for path in PAGES:
        page.goto(root + path)
        height = page.locator("header.top").evaluate("e => e.getBoundingClientRect().height")
        assert height < PHONE["height"] / 10, path
        assert not overflows(page), path


def test_its_menu_opens_and_closes_by_keyboard(page: Page, axe: Callable[[Page], None]) -> None:
    button = page.get_by_role("button", name="Menu of olga")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Webhooks of")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Webhooks of")).to_be_hidden()
    expect(button).to_be_focused()


def test_a_webhook_is_added_in_four_clicks_from_home(
    page: Page, axe: Callable[[Page], None]
) -> None:
    page.get_by_role("button", name="Menu of olga").click()
    page.get_by_role("link", name="Webhooks of").click()
    page.get_by_label("Address").click()
    page.keyboard.type("https://ci.example.org/evalhub")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", name="Copy the secret now")).to_be_visible()
    axe(page)
    page.get_by_role("link", name="https://ci.example.org/evalhub").click()
    expect(page.locator("h1")).to_have_text("https://ci.example.org/evalhub")
    axe(page)


def test_home_always_leads_to_a_new_comparison_by_one_click(page: Page) -> None:
    page.get_by_role("link", name="New comparison").click()
    expect(page).to_have_url(page.url.rpartition("/studies/")[0] + "/studies/new/")
