"""Flags by key, and reasons that were begun: kept in their person's browser until they are sent."""

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from reviews.models import Judgment
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.test_review_keys import RATINGS, asking, count, said, saved

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

FLAGS = ["unsafe", "wrong-language", "names-itself"]
LONG = ("A line.\n\n" * 200, "Another.\n\n" * 200)
DRAFTS = "Object.keys(localStorage).filter((name) => name.startsWith('evalhub-draft:')).length"


def test_flags_are_set_by_keys_and_one_is_back_where_one_was(team: Team, opens: Opens) -> None:
    page = opens(team.rui, f"/reviews/{asking(team, flags=FLAGS, texts=LONG).pk}/")
    left, right = page.locator(".flags fieldset").all()
    page.evaluate("scrollTo(0, 700)")
    page.keyboard.press("f")
    expect(left).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("status")).to_have_text(re.compile("^Flags. A digit flags the left"))
    page.keyboard.press("2")
    expect(left.get_by_label("wrong language")).to_be_checked()
    expect(page.get_by_role("status")).to_have_text("Left answer: wrong language, flagged.")
    page.keyboard.press("Shift+Digit1")
    expect(right.get_by_label("unsafe")).to_be_checked()
    page.keyboard.press("1")
    page.keyboard.press("1")
    expect(left.get_by_label("unsafe")).not_to_be_checked()
    page.keyboard.press("9")  # no such flag, and no answer
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    assert page.evaluate("scrollY") == 700
    count(page, 1)
    page.keyboard.press("1")
    saved(page, 1)
    assert said("choice") == ["left"]
    assert said("flags") == [{"left": ["wrong-language"], "right": ["unsafe"]}]


def test_a_flag_that_was_clicked_leaves_the_digits_to_answer(team: Team, opens: Opens) -> None:
    page = opens(team.rui, f"/reviews/{asking(team, flags=FLAGS).pk}/")
    page.get_by_role("link", name="flag").click()
    page.locator(".flags").get_by_label("unsafe").last.check()
    page.keyboard.press("f")  # leaves
    page.keyboard.press("2")
    saved(page, 1)
    assert said("flags") == [{"right": ["unsafe"]}]


def test_one_answer_is_flagged_by_digits_too(team: Team, opens: Opens) -> None:
    page = opens(team.rui, f"/reviews/{asking(team, 2, flags=FLAGS, **RATINGS).pk}/")
    for key in ("f", "3", "f", "4", "5", "Enter"):
        page.keyboard.press(key)
    count(page, 2, 4)
    saved(page, 1)
    assert said("flags") == [{"answer": ["names-itself"]}]
    assert said("answers") == [{"facts": 4, "tone": 5}]


def begun(page: Page, text: str) -> None:
    page.keyboard.press("r")
    page.keyboard.type(text)
    page.keyboard.press("Escape")


def test_a_reason_that_was_begun_outlasts_a_reload_and_a_sign_out(
    team: Team, opens: Opens, live_server: LiveServer
) -> None:
    campaign = asking(team, rationale="optional")
    page = opens(team.rui, f"/reviews/{campaign.pk}/")
    begun(page, "It is kind.")
    page.reload()
    expect(page.locator("#rationale")).to_have_value("It is kind.")
    expect(page.locator("#rationale")).to_be_visible()
    page.goto(f"{live_server.url}/reviews/")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/accounts/"))
    cookie = team.signed_in(team.rui).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page.goto(f"{live_server.url}/reviews/{campaign.pk}/")
    expect(page.locator("#rationale")).to_have_value("It is kind.")
    page.keyboard.press("1")
    saved(page, 1)
    assert said("rationale") == ["It is kind."]
    assert page.evaluate(DRAFTS) == 0
    count(page, 2)
    expect(page.locator("#rationale")).to_have_value("")


def test_a_reason_is_nobody_else_s_and_forgotten_an_hour_later(
    team: Team, opens: Opens, live_server: LiveServer
) -> None:
    campaign = asking(team, rationale="required")
    page = opens(team.rui, f"/reviews/{campaign.pk}/")
    begun(page, "It is kind.")
    assert page.evaluate(DRAFTS) == 1
    cookie = team.signed_in(team.ruth).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page.reload()
    expect(page.locator("#rationale")).to_have_value("")
    assert page.evaluate(DRAFTS) == 1
    page.evaluate(
        """() => {
          for (const [name, text] of Object.entries(localStorage)) {
            if (!name.startsWith("evalhub-draft:")) continue;
            const draft = JSON.parse(text);
            localStorage.setItem(name, JSON.stringify({...draft, at: draft.at - 3600 * 1000}));
          }
        }"""
    )
    page.reload()
    expect(page.locator(".choices, .ask").first).to_be_visible()
    assert page.evaluate(DRAFTS) == 0


def test_a_skip_forgets_the_reason(team: Team, opens: Opens) -> None:
    page = opens(team.rui, f"/reviews/{asking(team, rationale='optional').pk}/")
    begun(page, "Hm.")
    page.keyboard.press("s")
    expect(page.get_by_role("dialog").get_by_role("radio").first).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator(".count")).to_have_text("2 of 20")
    assert page.evaluate(DRAFTS) == 0
    assert not Judgment.objects.exists()
