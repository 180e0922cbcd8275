"""A page that swaps a part in sets no style attribute, which the security policy forbids."""

import pytest
from playwright.sync_api import Page, expect

from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.test_review_page import ANSWERS, a_campaign

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

TOUCH = """() => document.querySelectorAll("main [id]").forEach((element) => {
  element.style.top = "0";
  element.style.top = "";
})"""
"""What a script or a browser leaves behind that placed an element once: an empty attribute. htmx
would carry it over to the element of the same id that comes in its place."""


def leave_empty_styles(page: Page) -> None:
    page.evaluate(TOUCH)
    assert page.locator("main [id][style]").count()


def test_a_judgment_carries_no_style_over(team: Team, opens: Opens) -> None:
    campaign = a_campaign(team, *([text] * 3 for text in ANSWERS))
    page = opens(team.rui, f"/reviews/{campaign.pk}/")
    leave_empty_styles(page)

    page.keyboard.press("1")

    expect(page.locator(".count")).to_have_text("2 of 3")


def test_what_changes_beside_a_form_carries_no_style_over(team: Team, opens: Opens) -> None:
    page = opens(team.olga, "/studies/new/")
    leave_empty_styles(page)

    with page.expect_response("**/studies/new/"):
        page.get_by_role("checkbox", name="facts").check()

    expect(page.locator("#file")).to_contain_text("facts")
