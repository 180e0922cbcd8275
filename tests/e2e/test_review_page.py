"""A reviewer at work in a real browser: a whole block with nothing but the keyboard."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.declare.declaration import validate
from evalhub.declare.review import Design, Form
from reviews.models import Assignment, Campaign, Judgment
from reviews.results.judgment_data import judgment_data
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.e2e.conftest import Opens
from tests.e2e.width import overflows
from tests.reviews.asking import a_review

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

REQUEST = "The app charged me twice and I can’t open a ticket. What happens next?"
ANSWERS = (
    "I’m sorry about that. Our payments team will refund the second charge within two hours.",
    "Duplicate charges can have several reasons. Please check your statement in a few days.",
)


@pytest.fixture
def campaign(team: Team) -> Campaign:
    """Twenty short comparisons."""
    return a_campaign(team, *([answer] * 20 for answer in ANSWERS))


def a_campaign(
    team: Team,
    baseline: list[str],
    candidate: list[str],
    *,
    design: Design = Design(),  # noqa: B008 (frozen)
    request: Any = REQUEST,
    **asked: Any,
) -> Campaign:
    """A campaign of these answers to one request, whose form asks for what is `asked`."""
    questions = a_test_set(team, items=[{"input": request}] * len(baseline))
    base, lora = a_version(team, "base"), a_version(team, "lora")
    scores = [1] * len(baseline)
    return a_review(
        baseline_run=a_run(base, questions, scores=scores, answers=baseline),
        candidate_run=a_run(lora, questions, scores=scores, answers=candidate),
        study=a_study(team, baseline=base, candidate=lora, primary=questions),
        items=len(baseline),
        reviewers_per_item=1,
        seed=5,
        form=validate(Form, asked),
        design=design,
    )


@pytest.fixture
def review(page: Page, live_server: LiveServer, team: Team) -> Page:
    """Rui's browser, at their list of reviews."""
    cookie = team.signed_in(team.rui).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page.set_viewport_size({"width": 1280, "height": 760})
    # a page that is loaded with its requests looked at lets none pass once they are to be held
    page.route("**/judge/*/", lambda route: route.fallback())
    page.goto(f"{live_server.url}/reviews/")
    return page


def begin(review: Page, campaign: Campaign) -> None:
    review.goto(re.sub(r"/reviews/.*", f"/reviews/{campaign.pk}/", review.url))


def test_a_whole_block_by_keyboard_alone(campaign: Campaign, team: Team, opens: Opens) -> None:
    review = opens(team.rui)
    while review.evaluate("document.activeElement.textContent.trim()") != "Begin":
        review.keyboard.press("Tab")
    review.keyboard.press("Enter")
    review.wait_for_url(f"**/reviews/{campaign.pk}/", wait_until="networkidle")
    keys = ["1", "ArrowLeft", "2", "ArrowRight", "0", "ArrowDown", "9"]
    pressed = [keys[i % len(keys)] for i in range(20)]
    requests: list[str] = []
    for turn, key in enumerate(pressed, start=1):
        expect(review.locator(".count")).to_have_text(f"{turn} of 20")
        if turn == 2:  # from here on, one request for each comparison
            review.on("request", lambda request: requests.append(request.method))
        review.keyboard.press(key)
    expect(review.locator("h1")).to_have_text("✓ Done. Thank you!")
    expect(review).to_have_title("Done · Evalhub review")
    assert requests == ["POST"] * 19
    meant = {
        "1": "left",
        "ArrowLeft": "left",
        "2": "right",
        "ArrowRight": "right",
        "0": "tie",
        "ArrowDown": "tie",
        "9": "both-bad",
    }
    said = Judgment.objects.order_by("assignment__turn").values_list("choice", flat=True)
    assert list(said) == [meant[key] for key in pressed]
    data = judgment_data(campaign)
    assert len(data.of()) == data.planned


def test_who_answers_before_the_last_reply_still_costs_one_request_each(
    campaign: Campaign, review: Page
) -> None:
    begin(review, campaign)
    review.wait_for_load_state("networkidle")
    held: list[Route] = []
    asked: list[str] = []
    review.route("**/judge/*/", lambda route: held.append(route))
    review.on("request", lambda request: asked.append(request.method))
    for turn, key in ((2, "1"), (2, "2")):
        review.keyboard.press(key)
        expect(review.locator(".count")).to_have_text(f"{turn} of 20")

    def let_through(sent: int) -> None:
        for _ in range(250):
            if len(held) == sent:
                break
            review.wait_for_timeout(20)
        held[sent - 1].continue_()

    let_through(1)
    expect(review.locator(".count")).to_have_text("3 of 20")
    review.keyboard.press("0")
    let_through(2)
    let_through(3)
    expect(review.locator(".count")).to_have_text("4 of 20")
    expect(review.locator("#state")).to_have_text("3 saved ✓")
    said = Judgment.objects.order_by("assignment__turn").values_list("choice", flat=True)
    assert list(said) == ["left", "right", "tie"]
    assert asked == ["POST"] * 3


def test_focus_and_a_live_region_tell_what_happened(campaign: Campaign, review: Page) -> None:
    begin(review, campaign)
    review.keyboard.press("1")
    expect(review.get_by_role("status")).to_have_text("Saved. 2 of 20.")
    expect(review.locator("#request")).to_be_focused()
    expect(review.locator("#state")).to_have_text("1 saved ✓")


def test_keys_that_are_held_or_combined_choose_nothing(campaign: Campaign, review: Page) -> None:
    begin(review, campaign)
    review.evaluate(
        """() => {
          for (const how of [{repeat: true}, {ctrlKey: true}, {altKey: true}, {metaKey: true}])
            document.body.dispatchEvent(
              new KeyboardEvent("keydown", {key: "1", bubbles: true, ...how}));
        }"""
    )
    review.keyboard.press("?")
    expect(review.locator("#keys")).to_be_visible()
    review.keyboard.press("1")
    review.keyboard.press("Escape")
    expect(review.locator("#keys")).to_be_hidden()
    review.wait_for_timeout(300)
    expect(review.locator(".count")).to_have_text("1 of 20")
    assert not Judgment.objects.exists()


def test_the_down_key_scrolls_a_long_page_and_chooses_nothing(team: Team, review: Page) -> None:
    begin(review, a_campaign(team, ["long\n" * 200], ["short"]))
    review.keyboard.press("ArrowDown")
    review.wait_for_timeout(400)
    assert review.evaluate("window.scrollY") > 0
    assert not Judgment.objects.exists()
    expect(review.get_by_role("button", name="A tie")).to_be_in_viewport()


def test_a_lost_connection_loses_no_answer(campaign: Campaign, review: Page) -> None:
    begin(review, campaign)
    review.context.set_offline(True)
    review.keyboard.press("2")
    expect(review.locator("#state")).to_contain_text("Not saved")
    assert not Judgment.objects.exists()
    review.context.set_offline(False)  # the page sends it again by itself
    expect(review.locator("#state")).to_have_text("1 saved ✓")
    assert Judgment.objects.get().choice == "right"


def test_a_lost_connection_and_a_reload_lose_no_answer(
    campaign: Campaign, team: Team, review: Page, live_server: LiveServer
) -> None:
    page = review
    begin(page, campaign)
    page.wait_for_load_state("networkidle")
    page.route("**/judge/*/", lambda route: route.abort("internetdisconnected"))
    page.keyboard.press("1")
    expect(page.locator(".count")).to_have_text("2 of 20")
    expect(page.locator("#state")).to_contain_text("Not saved: the server can’t be reached")
    page.keyboard.press("2")
    expect(page.locator("#state")).to_contain_text("2 answers are kept in this browser")
    page.keyboard.press("9")  # there is no third to answer
    page.unroute_all()
    page.reload()
    expect(page.locator(".count")).to_have_text("3 of 20")
    expect(page.locator("#state")).to_have_text("2 saved ✓")
    said = Judgment.objects.order_by("pk").values_list("choice", flat=True)
    assert list(said) == ["left", "right"]


def test_what_one_person_answered_is_never_sent_by_another(
    campaign: Campaign, team: Team, review: Page, live_server: LiveServer
) -> None:
    page = review
    begin(page, campaign)
    page.wait_for_load_state("networkidle")
    page.route("**/judge/*/", lambda route: route.abort("internetdisconnected"))
    page.keyboard.press("1")
    expect(page.locator("#state")).to_contain_text("Not saved")
    mine = page.context.cookies()
    theirs = team.signed_in(team.ruth).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": theirs, "url": live_server.url}])
    page.unroute_all()
    expect(page.locator("#state")).to_contain_text("somebody else is signed in here")
    with page.expect_response("**/ahead/*"):
        page.reload()
    expect(page.locator(".count")).to_have_text("1 of 20")
    assert not Judgment.objects.exists()
    page.context.add_cookies(mine)  # type: ignore[arg-type]
    page.goto(f"{live_server.url}/reviews/")  # any page of theirs sends it
    expect(page.locator(".campaign-state")).to_contain_text(re.compile(r"1 of \d+ answered"))
    assert Judgment.objects.get().assignment.reviewer.user == team.rui


def test_signed_out_meanwhile_the_answer_waits_for_the_next_sign_in(
    campaign: Campaign, team: Team, review: Page, live_server: LiveServer
) -> None:
    page = review
    begin(page, campaign)
    page.wait_for_load_state("networkidle")
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("2")
    expect(page.locator("#state")).to_contain_text("you are signed out")
    page.get_by_role("button", name="Sign in again").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))
    cookie = team.signed_in(team.rui).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page.goto(f"{live_server.url}/reviews/{campaign.pk}/")
    expect(page.locator("#state")).to_have_text("1 saved ✓")
    assert Judgment.objects.get().choice == "right"


def test_an_answer_from_a_second_tab_is_refused_clearly(campaign: Campaign, review: Page) -> None:
    begin(review, campaign)
    tab = review.context.new_page()
    tab.goto(review.url)
    tab.keyboard.press("1")
    expect(tab.locator(".count")).to_have_text("2 of 20")
    review.bring_to_front()
    review.keyboard.press("2")
    expect(review.locator("h1")).to_contain_text("“Left is better”. That stands.")
    review.get_by_role("link", name="Go on with the review").click()
    expect(review.locator(".count")).to_have_text("2 of 20")


def test_without_javascript_the_buttons_do(
    campaign: Campaign, review: Page, live_server: LiveServer
) -> None:
    assert review.context.browser
    plain = review.context.browser.new_context(
        java_script_enabled=False, storage_state=review.context.storage_state()
    ).new_page()
    plain.goto(f"{live_server.url}/reviews/{campaign.pk}/")
    plain.get_by_role("button", name="Right is better").click()
    expect(plain.locator(".count")).to_have_text("2 of 20")
    assert Judgment.objects.get().choice == "right"
    plain.get_by_role("link", name="differences").click()
    expect(plain.locator("mark").first).to_be_visible()
    plain.get_by_role("button", name="undo").click()
    expect(plain.locator(".count")).to_have_text("1 of 20")
    expect(plain.locator("mark").first).to_be_visible()
    plain.get_by_role("button", name="skip").click()
    plain.get_by_label("It upsets me").check()
    plain.get_by_role("button", name="Skip it").click()
    expect(plain.locator(".count")).to_have_text("2 of 20")
    assert Assignment.objects.get(state="skipped").skip_reason == "It upsets me"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["laptop", "phone"])
def test_every_page_is_accessible_and_fits(
    campaign: Campaign,
    team: Team,
    opens: Opens,
    axe: Callable[[Page], None],
    phone: bool,
    dark: bool,
) -> None:
    def check(page: Page) -> None:
        axe(page)
        assert not overflows(page)

    page = opens(team.rui, "/reviews/", dark=dark, phone=phone)
    check(page)
    begin(page, campaign)
    check(page)
    page.get_by_role("button", name="Keys").click()
    check(page)
    campaign.pairs.update(taken=1)
    Assignment.objects.update(state="done")
    page.reload()
    check(page)


def test_both_panes_are_equal_boxes(team: Team, review: Page) -> None:
    begin(review, a_campaign(team, ["short"], ["long " * 300]))
    left, right = (pane.bounding_box() for pane in review.locator(".pane").all())
    assert left
    assert right
    assert left["width"] == pytest.approx(right["width"], abs=1)
    assert left["height"] == pytest.approx(right["height"], abs=1)
