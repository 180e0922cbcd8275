"""The demo's study page in Chromium: how long it is, and how near its answers are."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from evalhub.cli.app import run
from evalhub.demo.command import STUDY
from evalhub.registry.models import Study
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.width import overflows

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

BEFORE_THE_TABS = """() => [...document.querySelector("main").children]
  .filter(each => each.id !== "panel" && each.checkVisibility()).map(each => each.innerText)
  .join(" ").trim().split(/\\s+/).length"""
HEIGHT = "() => document.documentElement.scrollHeight"


@pytest.fixture
def study(team: Team) -> Study:
    assert run(["study", "run", str(STUDY)]) == 1, "it holds"
    return Study.objects.get()


def test_the_demo_s_page_is_short_and_its_worst_answer_one_click_away(
    opens: Opens, team: Team, axe: Callable[[Page], None], study: Study
) -> None:
    page = opens(team.olga, reverse("site:study", args=[study.pk]))
    page.set_viewport_size({"width": 1440, "height": 900})
    assert page.evaluate(HEIGHT) <= 2700
    assert page.evaluate(BEFORE_THE_TABS) <= 300
    axe(page)
    largest = page.get_by_label("Test set")
    expect(largest).to_have_value("copying")
    page.locator(".reasons").get_by_role("link", name="copying −0.40").click()
    expect(page.locator("#panel").get_by_role("link", name="copying-").first).to_be_visible()
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") <= 2


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_on_a_phone_the_table_is_cards(
    opens: Opens, team: Team, axe: Callable[[Page], None], study: Study, dark: bool
) -> None:
    page = opens(team.olga, reverse("site:study", args=[study.pk]), phone=True, dark=dark)
    axe(page)
    assert not overflows(page)
    table, box = page.locator("#matrix table"), page.locator("#matrix .scroll")
    assert table.bounding_box()["width"] <= box.bounding_box()["width"]  # type: ignore[index]
