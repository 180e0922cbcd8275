"""A text that takes several requests to look for: the page follows them, and a link without it."""

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Route, expect

from evalhub.ledger.decide import decide_study
from evalhub.site.items import text_search
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.site.cases import a_measured_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


ANNOUNCED = """() => {
  const said = document.querySelector("[role=status]");
  window.announced = [];
  new MutationObserver(() => {
    if (announced.at(-1) !== said.textContent) announced.push(said.textContent);
  }).observe(said, {childList: true, characterData: true, subtree: true});
}"""
"""Keeps what the list's status says from now on."""


@pytest.fixture
def address(team: Team, monkeypatch: pytest.MonkeyPatch) -> str:
    """A list of 40 items, of which each request searches ten."""
    for name, value in {"SECONDS": 0.0, "FIRST": 10, "FEWEST": 10, "MOST": 10}.items():
        monkeypatch.setattr(text_search, name, value)
    study = a_measured_study(team)
    decide_study(study=study)
    return reverse("site:study_items", args=[study.pk], query={"test_set": "triage-reading"})


def test_a_text_is_typed_and_the_search_goes_to_its_end_by_itself(
    opens: Opens, address: str, team: Team
) -> None:
    page = opens(team.olga, address)
    page.evaluate(ANNOUNCED)
    page.locator("#items-text").fill("question 3")
    expect(page.get_by_role("region", name=re.compile("^11 items of 40"))).to_be_visible()
    expect(page.locator("#search-on")).to_have_count(0)
    expect(page.get_by_role("status")).to_have_text("11 items of 40")
    assert page.evaluate("window.announced") == ["", "11 items of 40"]
    expect(page.locator("[data-item]")).to_have_text(
        ["q0003", *(f"q{i:04}" for i in range(30, 40))]
    )
    assert "text=question" in page.url
    page.locator("[data-item]").first.click()
    expect(page.get_by_text("1 of 11")).to_be_visible()


@pytest.mark.heavy
def test_another_text_typed_meanwhile_is_the_one_that_is_looked_for(
    opens: Opens, address: str, team: Team, new_context: Callable[..., BrowserContext]
) -> None:
    signed_in = opens(team.olga, address)  # whose console would call the request that is let go
    page = new_context(storage_state=signed_in.context.storage_state()).new_page()
    page.goto(signed_in.url)
    asked: list[Route] = []

    def first_alone(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            route.continue_()

    page.route(re.compile("text=question(%20|\\+)3"), first_alone)
    page.locator("#items-text").fill("question 3")
    expect(page.get_by_text("Searched 10 of 40 items.")).to_be_visible()
    page.locator("#items-text").fill("question 25")
    expect(page.get_by_role("region", name=re.compile("^1 item of 40"))).to_be_visible()
    expect(page.locator("[data-item]")).to_have_text(["q0025"])
    assert [each.request.failure for each in asked] == [None, "net::ERR_ABORTED"]


@pytest.mark.heavy
def test_without_a_script_a_link_searches_on(
    opens: Opens,
    address: str,
    new_context: Callable[..., BrowserContext],
    team: Team,
) -> None:
    signed_in = opens(team.olga, address)
    context = new_context(
        java_script_enabled=False, storage_state=signed_in.context.storage_state()
    )
    page = context.new_page()
    page.goto(signed_in.url)
    page.locator("#items-text").fill("question 3")
    page.get_by_role("button", name="Show").click()
    for read in (10, 20, 30):
        expect(page.get_by_text(f"Searched {read} of 40 items.")).to_be_visible()
        page.get_by_role("link", name="Search on").click()
    expect(page.get_by_role("region", name=re.compile("^11 items of 40"))).to_be_visible()
    expect(page.get_by_role("link", name="Search on")).to_have_count(0)
