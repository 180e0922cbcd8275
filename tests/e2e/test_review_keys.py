"""The reviewer's page by its keys: every form, every way to look, every way back."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from reviews.models import Assignment, AssignmentState, Campaign, Guess, Judgment
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.test_review_page import ANSWERS, a_campaign
from tests.e2e.width import overflows

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

RUBRIC = {
    "steps": True,
    "rationale": "optional",
    "flags": ["unsafe", "wrong-language", "broken-format", "names-itself"],
    "dimensions": [
        {"name": "facts", "question": "Whose facts are right?", "kind": "choice"},
        {"name": "tone", "question": "Who is kinder?", "kind": "choice"},
    ],
}
RATINGS = {
    "dimensions": [
        {"name": "facts", "question": "How correct is it?", "kind": "rating"},
        {"name": "tone", "question": "How kind is it?", "kind": "rating"},
    ],
}
MARKDOWN = (
    "## Next\n\n1. **Refund** today\n2. an e-mail\n\n| who | when |\n|---|--:|\n| we | 2 h |\n",
    "Soon.\n\n```python\nprint('" + "a long line of code, " * 20 + "')\n```\n",
)


def asking(
    team: Team, turns: int = 20, *, texts: tuple[str, str] = ANSWERS, **asked: Any
) -> Campaign:
    return a_campaign(team, *([text] * turns for text in texts), **asked)


def said(field: str) -> list[Any]:
    return list(Judgment.objects.order_by("pk").values_list(field, flat=True))


def count(page: Page, number: int, total: int = 20) -> None:
    expect(page.locator(".count")).to_have_text(f"{number} of {total}")


def saved(page: Page, number: int) -> None:
    expect(page.locator("#state")).to_have_text(f"{number} saved ✓")


def test_a_rubric_by_keyboard_alone(team: Team, opens: Opens) -> None:
    campaign = asking(team, 4, **RUBRIC, block=2)
    page = opens(team.rui, f"/reviews/{campaign.pk}/")
    for number in (1, 2, 3, 4):
        count(page, number, 4)
        expect(page.locator(".ask.current legend")).to_have_text(re.compile("rather send"))
        page.keyboard.press("Shift+Digit1")
        expect(page.locator(".ask.current legend")).to_have_text("Whose facts are right?")
        page.keyboard.press("9")
        page.keyboard.press("Backspace")
        page.keyboard.press("2")
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_role("status")).to_have_text(
            "Every question has an answer: Enter saves."
        )
        page.keyboard.press("Enter")
        if number == 2:
            expect(page.locator("h1")).to_have_text("Time to look up")
            page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("✓ Done. Thank you!")
    assert said("choice") == ["left"] * 4
    assert said("much") == [True] * 4
    assert said("answers") == [{"facts": "right", "tone": "left"}] * 4


def test_a_whole_block_of_ratings_by_keyboard_alone(team: Team, opens: Opens) -> None:
    campaign = asking(team, 5, **RATINGS)
    page = opens(team.rui, f"/reviews/{campaign.pk}/")
    for number in range(1, 11):
        count(page, number, 10)
        page.keyboard.press("7")  # off the scale
        page.keyboard.press(str(number % 5 + 1))
        page.keyboard.press("5")
        page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("✓ Done. Thank you!")
    assert said("answers") == [{"facts": n % 5 + 1, "tone": 5} for n in range(1, 11)]


def test_a_required_rationale_takes_the_focus_and_enter_sends_it(team: Team, opens: Opens) -> None:
    campaign = asking(team, rationale="required")
    page = opens(team.rui, f"/reviews/{campaign.pk}/")
    page.keyboard.press("1")
    expect(page.locator("#rationale")).to_be_focused()
    page.keyboard.type("It says what happens, 1 2 9 s u d?")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Escape")
    expect(page.locator("#request")).to_be_focused()
    page.keyboard.press("r")
    page.keyboard.type("Twice.")
    page.keyboard.press("Enter")
    count(page, 2)
    saved(page, 1)
    assert said("rationale") == ["It says what happens, 1 2 9 s u d?\nTwice."]
    assert said("choice") == ["left"]


def test_an_optional_rationale_goes_with_the_choice(team: Team, opens: Opens) -> None:
    campaign = asking(team, rationale="optional", flags=["unsafe", "names-itself"])
    page = opens(team.rui, f"/reviews/{campaign.pk}/")
    page.keyboard.press("r")
    page.keyboard.type("It is kind.")
    page.keyboard.press("Escape")
    page.get_by_role("group", name="Right answer:").get_by_label("names itself").check()
    page.keyboard.press("2")
    saved(page, 1)
    assert said("rationale") == ["It is kind."]
    assert said("flags") == [{"right": ["names-itself"]}]


def test_a_skip_asks_for_a_reason(team: Team, opens: Opens) -> None:
    page = opens(team.rui, f"/reviews/{asking(team).pk}/")
    page.keyboard.press("s")
    expect(page.get_by_role("dialog", name="Skip this one")).to_be_visible()
    page.keyboard.press("1")  # no answer, as long as this is open
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("status")).to_have_text(re.compile("of"))
    skipped = Assignment.objects.get(state=AssignmentState.SKIPPED)
    assert skipped.skip_reason == "The request or an answer is broken"
    assert not Judgment.objects.exists()
    page.keyboard.press("1")
    saved(page, 1)


def test_an_answer_is_taken_back_and_given_anew(team: Team, opens: Opens) -> None:
    page = opens(team.rui, f"/reviews/{asking(team).pk}/")
    first = page.locator("#turn").get_attribute("data-token")
    page.keyboard.press("1")
    count(page, 2)
    saved(page, 1)
    page.keyboard.press("u")
    count(page, 1)
    assert page.locator("#turn").get_attribute("data-token") == first
    expect(page.locator("button.said")).to_have_text(re.compile("Left is better"))
    page.keyboard.press("2")
    saved(page, 1)
    count(page, 2)
    assert list(Judgment.objects.current().values_list("choice", flat=True)) == ["right"]
    assert said("revision") == [0, 1]


def test_ways_to_look_are_a_key_each_and_last(team: Team, opens: Opens) -> None:
    campaign = asking(team, texts=MARKDOWN)
    page = opens(team.rui, f"/reviews/{campaign.pk}/")
    expect(page.locator(".pane strong")).to_have_text("Refund")
    page.keyboard.press("d")
    expect(page.locator(".pane mark").first).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("What differs is marked.")
    expect(page.locator("#tool-diff")).to_have_attribute("aria-current", "true")
    page.keyboard.press("1")
    count(page, 2)
    expect(page.locator(".pane mark").first).to_be_visible()
    page.keyboard.press("t")
    expect(page.get_by_role("status")).to_have_text("The text as it came.")
    expect(page.locator(".panes")).to_contain_text("**Refund**")
    page.reload()
    expect(page.locator("#tool-raw")).to_have_attribute("aria-current", "true")
    page.keyboard.press("t")
    expect(page.locator(".pane strong")).to_have_text("Refund")
    box = "document.querySelector('.pane:has(code)')"
    wide = f"{box}.scrollWidth > {box}.clientWidth"
    assert not page.evaluate(wide)
    page.keyboard.press("w")
    assert page.evaluate(wide)
    page.keyboard.press("2")
    count(page, 3)
    assert page.evaluate(wide)  # the switch is remembered
    saved(page, 2)


def test_scrolled_apart_each_answer_has_its_own_place(team: Team, opens: Opens) -> None:
    campaign = asking(team, texts=("long\n" * 200, "also\n" * 200))
    page = opens(team.rui, f"/reviews/{campaign.pk}/")
    fits = "document.documentElement.scrollHeight <= window.innerHeight + 1"
    assert not page.evaluate(fits)
    page.keyboard.press("a")
    assert page.evaluate(fits)
    page.locator(".pane").first.focus()
    page.keyboard.press("End")
    page.wait_for_timeout(400)
    assert page.evaluate("document.querySelector('.pane').scrollTop") > 100
    assert page.evaluate("document.querySelectorAll('.pane')[1].scrollTop") == 0
    assert not Judgment.objects.exists()


def test_single_keys_can_be_switched_off(team: Team, opens: Opens) -> None:
    page = opens(team.rui, f"/reviews/{asking(team).pk}/")
    page.keyboard.press("?")
    page.get_by_label("Single keys answer and act").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_hidden()
    page.reload()
    page.keyboard.press("2")
    page.get_by_role("button", name="A tie").click()
    saved(page, 1)
    assert said("choice") == ["tie"]


def test_the_next_is_there_while_the_last_is_still_being_saved(team: Team, opens: Opens) -> None:
    page = opens(team.rui, f"/reviews/{asking(team).pk}/")
    held: list[Route] = []
    page.route("**/judge/*/", lambda route: held.append(route))
    page.reload()  # a page that is open already may send its next request past a new route
    page.wait_for_load_state("networkidle")
    page.keyboard.press("1")
    count(page, 2)
    expect(page.locator("#state")).to_have_text("Saving…")
    assert not Judgment.objects.exists()
    held[0].continue_()
    saved(page, 1)
    page.unroute_all()
    page.keyboard.press("2")
    count(page, 3)
    saved(page, 2)
    assert said("choice") == ["left", "right"]


def test_a_double_click_answers_once(team: Team, opens: Opens) -> None:
    page = opens(team.rui, f"/reviews/{asking(team).pk}/")
    page.wait_for_load_state("networkidle")
    page.get_by_role("button", name="A tie").dblclick(delay=150)
    count(page, 2)
    saved(page, 1)
    page.wait_for_timeout(300)
    assert said("choice") == ["tie"]


@pytest.mark.alone
def test_time_in_view_is_counted_by_the_browser(team: Team, opens: Opens) -> None:
    page = opens(team.rui, f"/reviews/{asking(team).pk}/")
    page.wait_for_timeout(400)
    page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", {get: () => true, configurable: true});
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    page.wait_for_timeout(1500)
    page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", {get: () => false, configurable: true});
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    page.keyboard.press("1")
    saved(page, 1)
    judgment = Judgment.objects.get()
    assert judgment.visible_seconds is not None
    assert 0.4 <= judgment.visible_seconds <= judgment.seconds - 1.4


def test_guesses_by_keyboard(team: Team, opens: Opens) -> None:
    campaign = asking(team, 3, guess=True)
    page = opens(team.rui, f"/reviews/{campaign.pk}/")
    for number in (1, 2, 3):
        count(page, number, 3)
        page.keyboard.press("1")
    expect(page.locator("h1")).to_have_text("✓ Done. Thank you!")
    page.keyboard.press("Enter")
    for left, key in ((3, "1"), (2, "2"), (1, "0")):
        expect(page.locator(".count")).to_have_text(re.compile(f"{left} guess"))
        page.keyboard.press(key)
    expect(page.locator("h1")).to_have_text("✓ Done. Thank you!")
    assert sorted(Guess.objects.values_list("side", flat=True)) == ["left", "right", "unsure"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 640, 390], ids=["laptop", "zoomed to 200%", "phone"])
def test_every_state_is_accessible_and_fits(
    team: Team, opens: Opens, axe: Callable[[Page], None], width: int, dark: bool
) -> None:
    """200 % on a laptop of 1280 px leaves a window of 640 px."""

    def check(page: Page) -> None:
        axe(page)
        assert not overflows(page)

    campaign = asking(team, 2, texts=MARKDOWN, **RUBRIC, guess=True, block=1)
    page = opens(team.rui, f"/reviews/{campaign.pk}/", dark=dark, phone=width == 390)
    page.set_viewport_size({"width": width, "height": 400 if width == 640 else 800})
    check(page)
    page.keyboard.press("d")
    expect(page.locator("mark").first).to_be_visible()
    check(page)
    page.keyboard.press("t")
    expect(page.locator("mark")).to_have_count(0)
    page.keyboard.press("w")
    check(page)
    page.keyboard.press("s")
    check(page)
    page.keyboard.press("Escape")
    for turn in (1, 2):
        expect(page.locator(".ask.current")).to_be_visible()
        for _ in range(3):
            page.keyboard.press("1")
        page.keyboard.press("Enter")
        title = "Time to look up" if turn == 1 else "✓ Done. Thank you!"
        expect(page.locator("h1")).to_have_text(title)
        check(page)
        page.keyboard.press("Enter")
    expect(page.locator(".guess")).to_be_visible()
    check(page)


def test_ratings_are_accessible(team: Team, opens: Opens, axe: Callable[[Page], None]) -> None:
    page = opens(team.rui, f"/reviews/{asking(team, **RATINGS).pk}/")
    axe(page)
