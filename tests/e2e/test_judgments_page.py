"""A review's judgments in a browser: narrowed as one asks, sound on a laptop and a phone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from evalhub.declare.review import Form
from reviews.models import Campaign
from reviews.planning.campaign import close_campaign
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.test_results_pages import keep
from tests.e2e.width import overflows
from tests.reviews.conftest import a_campaign
from tests.reviews.judged import a_reviewer, judge

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

REASONS = [
    "The left one answers what was asked and stops there; the right one repeats the question.",
    "",
    "Both say the same. I'd send either.\nThe second has a typo in its last line.",
]


@pytest.fixture
def judged(team: Team) -> Campaign:
    form = Form(rationale="optional", flags=("unsafe", "broken-format"), steps=True)
    texts: tuple[list[str | None], list[str | None]] = (
        [f"Answer {i}, in short." for i in range(24)],
        [f"Answer {i}, at greater length: {'and so on, ' * (i * 9)}." for i in range(24)],
    )
    campaign = a_campaign(team, items=24, answers=texts, form=form, name="Support answers")
    for n, name in enumerate(("rui", "ruth")):
        reviewer = a_reviewer(campaign, name)
        for pair in campaign.pairs.order_by("position"):
            at = pair.position + n * (pair.position % 3)
            favours = ["candidate", "candidate", "tie", "baseline", "both-bad"][at % 5]
            flags = {"left": ["unsafe"]} if at % 7 == 0 else {}
            judge(reviewer, pair, favours, rationale=REASONS[at % 3], flags=flags)
    close_campaign(campaign=campaign, by=None)
    return campaign


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_is_accessible_and_fits_a_phone(
    judged: Campaign, team: Team, opens: Opens, axe: Callable[[Page], None], dark: bool
) -> None:
    path = f"/campaigns/{judged.pk}/judgments/"
    page = opens(team.olga, path, dark=dark)
    axe(page)
    keep(page, f"judgments-{'dark' if dark else 'light'}")
    phone = opens(team.olga, path, dark=dark, phone=True)
    assert not overflows(phone)
    axe(phone)
    keep(phone, f"judgments-phone-{'dark' if dark else 'light'}")


def test_a_choice_narrows_the_list_in_place_and_stands_in_the_address(
    judged: Campaign, team: Team, opens: Opens
) -> None:
    page = opens(team.olga, f"/campaigns/{judged.pk}/judgments/")
    title = page.locator("#judgments-title")
    expect(title).to_have_text("48 judgments of 24 pairs")
    page.get_by_label("Flag").select_option("unsafe")
    expect(title).not_to_have_text("48 judgments of 24 pairs")
    page.wait_for_url(re.compile("flag=unsafe"))
    page.get_by_label("Flag").select_option("")
    page.get_by_label("Text of an item").press_sequentially("typo in its last")
    expect(title).to_have_text(re.compile("^1[0-9] judgments"))
    page.wait_for_url(re.compile("text=typo"))
    page.reload()
    expect(title).to_have_text(re.compile("^1[0-9] judgments"))
    expect(page.get_by_label("Text of an item")).to_have_value("typo in its last")
