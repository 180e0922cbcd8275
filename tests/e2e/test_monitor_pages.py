"""The pages of monitors and alarms, as a browser has them."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.width import overflows
from tests.features.monitoring.monitors_of import (
    a_notice,
    a_stream,
    a_watched_project,
    an_alarm,
)

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]
THREE_SCREENS = 3 * 844


def listed(team: Team) -> str:
    return reverse("site:monitors", args=[team.project.slug])


def new(team: Team, of: str) -> str:
    return f"{reverse('site:new_monitor', args=[team.project.slug])}?of={of}"


def test_axe_finds_nothing_and_all_fits(
    opens: Opens, axe: Callable[[Page], None], team: Team
) -> None:
    monitor, alarm = a_watched_project(team)
    a_notice(monitor)
    paths = [
        listed(team),
        reverse("site:monitor", args=[monitor.pk]),
        reverse("site:alarm", args=[alarm.pk]),
        "/",
        *(new(team, of) for of in ("operations", "answers", "quality", "inputs")),
    ]
    for dark, phone in ((False, False), (True, False), (True, True)):
        page = opens(team.eva, listed(team), dark=dark, phone=phone)
        site = page.url.removesuffix(listed(team))
        for path in paths:
            page.goto(f"{site}{path}")
            axe(page)
            assert not overflows(page), path
            height = page.evaluate("document.documentElement.scrollHeight")
            assert height <= THREE_SCREENS, f"{path} is {height} px high"


def test_a_hundred_alarms_leave_pages_short(
    opens: Opens, axe: Callable[[Page], None], team: Team
) -> None:
    """The newest stand there, all others are folded away, and likewise the slices."""
    monitor, alarm = a_watched_project(team)
    for number in range(100):
        route = f"a/route/of/some/length/{number}"
        an_alarm(a_stream(monitor, alarm.version, slice_value=route))
    for phone, screens in ((False, 3), (True, 4)):
        page = opens(team.eva, listed(team), phone=phone)
        site = page.url.removesuffix(listed(team))
        for path in (listed(team), reverse("site:monitor", args=[monitor.pk]), "/"):
            page.goto(f"{site}{path}")
            axe(page)
            assert not overflows(page), path
            height = page.evaluate("document.documentElement.scrollHeight")
            assert height <= screens * 844, f"{path} is {height} px high"
        page.goto(f"{site}{listed(team)}")
        expect(page.get_by_text("101 alarms are open")).to_be_visible()
        page.get_by_text("96 more alarms").press("Enter")
        expect(page.get_by_role("link", name="Errors rose")).to_have_count(101)


@pytest.mark.parametrize("phone", [False, True])
def test_an_alarm_is_snoozed_and_resolved_by_keyboard(
    opens: Opens, axe: Callable[[Page], None], team: Team, phone: bool
) -> None:
    a_watched_project(team)
    page = opens(team.eva, "/", phone=phone)
    page.get_by_role("link", name="Errors rose").press("Enter")
    page.get_by_role("button", name="Acknowledge").press("Enter")
    expect(page.get_by_text("by eva.")).to_be_visible()
    page.get_by_text("Snooze…").press("Enter")
    page.get_by_label("For how long").select_option("7")
    page.get_by_label("Why").first.fill("A launch.")
    page.get_by_role("button", name="Keep it quiet").press("Enter")
    expect(page.get_by_text("snoozed", exact=True)).to_be_visible()
    page.get_by_text("Resolve…").press("Enter")
    page.get_by_label("It was mended").check()
    axe(page)
    assert not overflows(page)
    page.get_by_label("Why").last.fill("The cache is back.")
    page.get_by_role("button", name="Resolve it").press("Enter")
    expect(page.get_by_text("resolved: it was mended", exact=True)).to_be_visible()


def test_a_monitor_is_added_by_keyboard(opens: Opens, team: Team) -> None:
    page = opens(team.eva, listed(team))
    page.get_by_role("link", name="Operations").press("Enter")
    page.get_by_label("Errors").fill("0.02")
    page.get_by_label("Who answers for its alarms").select_option("olga")
    page.get_by_role("button", name="Add the monitor").press("Enter")
    expect(page.get_by_text("Operations are watched from now on.")).to_be_visible()
    page.get_by_text("End it").press("Enter")
    page.get_by_role("button", name="End monitor").press("Enter")
    expect(page.get_by_text("It has ended. What it found stays.")).to_be_visible()
