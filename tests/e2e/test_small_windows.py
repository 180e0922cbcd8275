"""The reviewer's page where there is little room: on a phone, and at 200% zoom.

200% on a laptop of 1280 × 800 leaves a window of 640 × 400, on a phone of 390 × 844 one of
195 × 422.
"""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from reviews.models import Campaign, Judgment
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.test_review_keys import RATINGS, RUBRIC, asking, count, said
from tests.e2e.test_review_page import a_campaign

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

LAPTOP, ZOOMED, PHONE, ZOOMED_PHONE = (1280, 800), (640, 400), (390, 844), (195, 422)
LONG = "A line of a long answer.\n\n" * 300
ALSO = "A line of another long answer.\n\n" * 300
STEPS = {"steps": True, "rationale": "optional", "flags": ["unsafe", "names-itself"]}
SYSTEM = "You answer customers of a shop. Be kind and short. " * 30


def opened(opens: Opens, team: Team, campaign: Campaign, size: tuple[int, int]) -> Page:
    page = opens(team.rui, f"/reviews/{campaign.pk}/", phone=size[0] < 400)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    return page


def share_of_answers(page: Page) -> float:
    """How much of the window's middle line is an answer's: what a finger or an eye meets there."""
    return float(
        page.evaluate(
            """() => {
              const heights = Array.from({length: 100}, (_, i) => (i + .5) / 100 * innerHeight);
              const met = heights.map((y) => document.elementFromPoint(innerWidth * .4, y));
              return met.filter((each) => each?.closest(".panes")).length / 100;
            }"""
        )
    )


def scroll_to_answers(page: Page) -> None:
    page.evaluate("document.querySelector('.panes').scrollIntoView()")
    page.evaluate("scrollBy(0, 200)")


@pytest.mark.parametrize(
    ("asked", "least"),
    [(STEPS, 0.6), (RUBRIC, 0.42), (RATINGS, 0.55)],
    ids=["steps", "rubric", "ratings"],
)
def test_answers_have_most_of_the_window(
    opens: Opens, team: Team, asked: dict[str, Any], least: float
) -> None:
    page = opened(opens, team, asking(team, 2, texts=(LONG, ALSO), **asked), LAPTOP)
    for width, height in (LAPTOP, ZOOMED, PHONE, ZOOMED_PHONE):
        page.set_viewport_size({"width": width, "height": height})
        scroll_to_answers(page)
        expect(page.locator(".choices button, .ask.current label").first).to_be_in_viewport(ratio=1)
        assert share_of_answers(page) >= least, (width, height)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_short_answer_is_as_high_as_its_words(opens: Opens, team: Team) -> None:
    page = opened(opens, team, a_campaign(team, ["No."] * 2, [LONG] * 2), PHONE)
    heights = sorted(page.locator(".pane").evaluate_all("all => all.map((p) => p.offsetHeight)"))
    assert heights[0] < 120
    assert heights[1] > 5000


@pytest.mark.parametrize("size", [PHONE, ZOOMED], ids=["phone", "laptop at 200%"])
def test_each_side_keeps_its_place(opens: Opens, team: Team, size: tuple[int, int]) -> None:
    page = opened(opens, team, asking(team, texts=(LONG, ALSO)), size)
    place = "Math.round(scrollY)"
    page.get_by_text("Left", exact=True).first.click()
    expect(page.get_by_label("Right answer")).to_be_hidden()
    scrolled(page, 3000)
    page.keyboard.press("x")
    expect(page.get_by_label("Left answer")).to_be_hidden()
    expect(page.get_by_label("Right answer").get_by_text("A line").first).to_be_in_viewport()
    scrolled(page, 1200)
    page.keyboard.press("x")
    assert page.evaluate(place) == 3000
    page.get_by_text("Right", exact=True).first.click()
    assert page.evaluate(place) == 1200
    page.keyboard.press("1")
    count(page, 2)
    assert page.evaluate(place) == 0
    expect(page.get_by_label("Left answer")).to_be_visible()  # one at a time, as before
    expect(page.get_by_label("Right answer")).to_be_hidden()
    expect(page.locator("#state")).to_have_text("1 saved ✓")


def scrolled(page: Page, place: int) -> None:
    """At this place, and the page knows it."""
    page.evaluate(
        """(place) => new Promise((over) => {
          addEventListener("scroll", over, {once: true});
          scrollTo(0, place);
        })""",
        place,
    )


def test_a_system_prompt_that_comes_again_is_folded(opens: Opens, team: Team) -> None:
    request = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "Charged twice!"}]
    page = opened(opens, team, a_campaign(team, *[["a", "b"], ["c", "d"]], request=request), PHONE)
    expect(page.get_by_text("Earlier in the conversation")).to_be_visible()
    page.keyboard.press("1")
    count(page, 2, 2)
    folded = page.get_by_text("System prompt, the same as before (300 words)")
    expect(folded).to_be_visible()
    expect(page.get_by_text("You answer customers").first).to_be_hidden()
    expect(page.get_by_text("Earlier in the conversation")).to_have_count(0)
    folded.click()
    expect(page.get_by_text("You answer customers").first).to_be_visible()
    page.reload()
    expect(folded).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("size", "asked"), [(ZOOMED, RUBRIC), (ZOOMED_PHONE, STEPS)], ids=["laptop", "phone"]
)
def test_at_twice_the_size_it_is_accessible(
    opens: Opens,
    team: Team,
    axe: Callable[[Page], None],
    asked: dict[str, Any],
    size: tuple[int, int],
    dark: bool,
) -> None:
    asking(team, 2, texts=(LONG, ALSO), **asked)
    page = opens(team.rui, "/reviews/", dark=dark)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    axe(page)
    page.get_by_role("link", name="Begin").click()
    expect(page.locator(".panes")).to_be_visible()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.get_by_text("Right", exact=True).first.click()
    axe(page)


def test_24_judgments_on_a_phone_at_twice_the_size(opens: Opens, team: Team) -> None:
    campaign = asking(team, 24, texts=("No.", LONG), steps=True, block=12)
    page = opened(opens, team, campaign, ZOOMED_PHONE)
    names = ["Left is better", "A tie", "Right is much better", "Both bad"]
    for turn in range(1, 25):
        expect(page.locator(".count")).to_have_text(f"{turn} of 24")
        scroll_to_answers(page)
        button = page.get_by_role("button", name=names[turn % 4])
        expect(button).to_be_in_viewport(ratio=1)
        button.tap()
        if turn == 12:
            page.get_by_role("link", name="Go on", exact=True).tap()
    expect(page.locator("h1")).to_have_text("✓ Done. Thank you!")
    assert Judgment.objects.current().count() == 24


def test_24_judgments_on_a_laptop_with_the_keyboard_alone(opens: Opens, team: Team) -> None:
    campaign = asking(team, 24, texts=(LONG, ALSO), **STEPS, block=12)
    page = opens(team.rui, "/reviews/")
    page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
    while page.evaluate("document.activeElement.textContent.trim()") != "Begin":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/reviews/{campaign.pk}/")
    choices = ["1", "Shift+Digit2", "0", "9", "2", "Shift+Digit1"]
    for turn in range(1, 25):
        count(page, turn, 24)
        for key in ("End", "x", "f", "1", "Escape") if turn % 8 == 0 else ("PageDown",):
            page.keyboard.press(key)
        page.keyboard.press(choices[turn % 6])
        if turn == 12:
            expect(page.locator("h1")).to_have_text("Time to look up")
            page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("✓ Done. Thank you!")
    meant = ["left", "right", "tie", "both-bad", "right", "left"]
    assert said("choice") == [meant[turn % 6] for turn in range(1, 25)]
    assert said("flags").count({"left": ["unsafe"]}) == 3
