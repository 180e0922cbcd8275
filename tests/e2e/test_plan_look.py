"""The plan of a review and a look at it as a reviewer, in a browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from reviews.models import Assignment, Campaign
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.test_campaign_flow import plan_of
from tests.e2e.test_results_pages import keep
from tests.site.cases import a_measured_study

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

SEAL = "Seal the plan and open"


@pytest.mark.parametrize(
    ("size", "dark"),
    [((1280, 800), False), ((640, 400), True), ((390, 844), True)],
    ids=["laptop", "laptop at 200%", "phone"],
)
def test_a_plan_is_looked_at_and_sealed_with_the_button_in_view(
    opens: Opens, team: Team, axe: Callable[[Page], None], size: tuple[int, int], dark: bool
) -> None:
    page = opens(team.olga, plan_of(a_measured_study(team)), dark=dark)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    seal = page.get_by_role("button", name=SEAL)
    for top in (0, 100_000):
        page.evaluate("(top) => scrollTo(0, top)", top)
        expect(seal).to_be_in_viewport(ratio=1)
    page.get_by_role("heading", name="Answers", exact=True).click()
    page.get_by_label("Ask for “much better” too").check()
    page.get_by_role("button", name="See it as a reviewer").click()
    expect(page.locator(".count")).to_have_text("pair 1 of 21")
    axe(page)
    keep(page, f"look-{size[0]}-{dark}")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    expect(page.get_by_role("button", name="Left is much better")).to_be_disabled()
    for key in ("1", "Enter", "s", "f"):
        page.keyboard.press(key)
    page.evaluate("scrollTo(0, 100000)")
    expect(seal).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="The next pair").click()
    expect(page.locator(".count")).to_have_text("pair 2 of 21")
    assert not Assignment.objects.exists()
    assert not Campaign.objects.exists()
    seal.click()
    expect(page.get_by_role("heading", name="How far it is")).to_be_visible()
    assert Campaign.objects.get().page_form.steps
