"""Values in pictures: under the pointer, by the arrow keys, and left alone by Escape."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from evalhub.ledger.decide import decide_study
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.site.cases import a_measured_study

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]


def an_open_criterion(team: Team) -> tuple[str, int]:
    """The page of one, and how many items it needs."""
    decisions = decide_study(study=a_measured_study(team, items=12))
    return next(
        (reverse("site:criterion", args=[each.pk, number]), criterion.needed_n)
        for each in decisions
        for number, criterion in enumerate(each.document.criteria, 1)
        if criterion.needed_n is not None
    )


def test_a_picture_says_its_values_by_pointer_and_by_keyboard(
    opens: Opens, team: Team, axe: Callable[[Page], None]
) -> None:
    address, needed = an_open_criterion(team)
    page = opens(team.olga, address)
    tip = page.locator(".chart .tip")
    drawn = page.get_by_role("img", name="Power against items in all")
    drawn.locator(".part .shape").first.hover()
    expect(tip).to_contain_text("12 items: power")
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()
    drawn.focus()
    page.keyboard.press("End")
    expect(tip).to_contain_text(f"{needed:,} items: power")
    axe(page)
    page.keyboard.press("ArrowLeft")
    expect(tip).to_contain_text("12 items: power")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
