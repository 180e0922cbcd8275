"""The page of what a candidate costs, as a browser has it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.width import overflows
from tests.features.ownership.test_pages import owned

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.heavy
def test_what_if_by_keyboard(opens: Opens, team: Team) -> None:
    page = opens(team.eva, f"/studies/{owned(team).pk}/")
    page.get_by_role("link", name="Costs").press("Enter")
    expect(page.get_by_text("After 5.64 to 26.3 months.")).to_be_visible()
    page.get_by_label("Serving base a month").fill("800")
    page.get_by_label("Serving base a month").press("Enter")
    # 1,128 / 500 and 5,256 / 500
    expect(page.get_by_text("After 2.26 to 10.5 months.")).to_be_visible()
    page.get_by_label("Requests a month").fill("none")
    page.get_by_role("button", name="Update").press("Enter")
    expect(page.get_by_text("Write a number, or a range")).to_be_visible()
    expect(page.get_by_label("Serving base a month")).to_have_value("800")
    page.get_by_role("link", name="Start over").press("Enter")
    expect(page.get_by_label("Serving base a month")).to_have_value("500")


@pytest.mark.heavy
@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, False), (False, True)])
def test_axe_finds_nothing_and_all_fits(
    opens: Opens, axe: Callable[[Page], None], team: Team, dark: bool, phone: bool
) -> None:
    study = owned(team)
    for query in ("", "?traffic=none"):
        page = opens(team.eva, f"/studies/{study.pk}/cost/{query}", dark=dark, phone=phone)
        axe(page)
        assert not overflows(page)
