"""A policy is changed in one table, in a browser; whoever comes second sees both versions."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.width import overflows
from tests.site.cases import a_measured_study

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
MARGIN, LOSS = "[name='triage-reading.margin']", "triage-reading may lose less than"


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_policy_s_difference_follows_the_form_and_is_saved(
    opens: Opens, team: Team, axe: Callable[[Page], None], phone: bool
) -> None:
    study = a_measured_study(team)
    page = opens(team.olga, f"/studies/{study.pk}/policy/", phone=phone, dark=phone)
    page.locator(MARGIN).fill("0.3")
    expect(page.locator("#difference")).to_contain_text(f"Easier to pass: {LOSS} 0.3 (was 0.02)")
    axe(page)
    assert not overflows(page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messages")).to_contain_text(f"Changed: {LOSS} 0.3 (was 0.02)")


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_tab_that_was_left_open_takes_nothing_back(
    opens: Opens, team: Team, axe: Callable[[Page], None], phone: bool
) -> None:
    study = a_measured_study(team)
    address = f"/studies/{study.pk}/policy/"
    late = opens(team.eva, address, phone=phone, dark=phone)
    first = opens(team.olga, address)
    first.locator(MARGIN).fill("0.3")
    first.get_by_role("button", name="Save", exact=True).click()
    expect(first.locator(".messages")).to_contain_text("Changed:")
    late.locator("[name=alpha]").fill("0.01")
    expect(late.locator("#difference")).to_contain_text("olga changed this first")
    late.get_by_role("button", name="Save", exact=True).click()
    expect(late.locator("#difference")).to_contain_text(f"{LOSS} 0.02 (was 0.3)")
    axe(late)
    assert not overflows(late)
    late.get_by_role("link", name="Keep theirs").click()
    expect(late.locator(MARGIN)).to_have_value("0.3")


def test_the_role_of_a_test_set_chooses_what_is_asked_of_it(opens: Opens, team: Team) -> None:
    study = a_measured_study(team)
    page = opens(team.olga, f"/studies/{study.pk}/policy/")
    gain = page.locator("[name='triage-reading.min_gain']")
    expect(gain).to_be_hidden()
    page.locator("[name='triage-reading.role']").select_option("primary")
    expect(gain).to_be_visible()
    expect(page.locator(MARGIN)).to_be_hidden()
