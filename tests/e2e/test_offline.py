"""A reviewer without a connection: five comparisons go on, and a reload shows our page."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from reviews.assignments.assign import assign
from reviews.models import Assignment, Campaign, Judgment
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.test_review_keys import asking, count, said, saved
from tests.reviews.assignments.test_assign import answer

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

CACHED = """async () => {
  const found = {};
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys())
      found[new URL(request.url).pathname] = await (await caches.match(request)).text();
  return found;
}"""


@pytest.fixture
def alone(
    team: Team, browser: Browser, live_server: LiveServer
) -> Iterator[Callable[[Campaign], Page]]:
    """Rui's browser at a comparison, with five more at hand and the worker at work."""

    context = browser.new_context(service_workers="allow", viewport={"width": 1280, "height": 800})

    def opened(campaign: Campaign) -> Page:
        cookie = team.signed_in(team.rui).cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        with page.expect_response("**/ahead/*"):
            page.goto(f"{live_server.url}/reviews/{campaign.pk}/")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.wait_for_load_state("networkidle")
        return page

    yield opened
    context.close()


def test_six_comparisons_are_answered_without_a_connection_and_saved_with_it(
    team: Team, alone: Callable[[Campaign], Page]
) -> None:
    page = alone(asking(team, 60))
    page.context.set_offline(True)
    for number, key in enumerate("102911", start=1):
        count(page, number, 60)
        page.keyboard.press(key)
    expect(page.locator("#state")).to_contain_text("6 answers are kept in this browser")
    expect(page.locator("#state")).to_contain_text("The next comparison comes with the connection")
    count(page, 6, 60)
    page.keyboard.press("u")
    expect(page.get_by_role("status")).to_contain_text("Wait until the last answer is saved")
    assert not Judgment.objects.exists()
    page.context.set_offline(False)
    saved(page, 6)
    count(page, 7, 60)
    assert said("choice") == ["left", "tie", "right", "both-bad", "left", "left"]
    assert list(Judgment.objects.order_by("pk").values_list("assignment__turn", flat=True)) == [
        *range(6)
    ]
    page.keyboard.press("u")
    count(page, 6, 60)
    page.keyboard.press("2")
    saved(page, 6)
    count(page, 7, 60)


def test_a_reload_without_a_connection_shows_our_page_and_keeps_no_answer(
    team: Team, alone: Callable[[Campaign], Page], axe: Callable[[Page], None]
) -> None:
    texts = ("A secret of the first model.", "Another of the second.")
    page = alone(asking(team, 60, texts=texts))
    page.context.set_offline(True)
    page.keyboard.press("1")
    count(page, 2, 60)
    page.keyboard.press("2")
    count(page, 3, 60)
    page.reload()
    expect(page.get_by_role("heading", name="There is no connection")).to_be_visible()
    expect(page.locator("#kept")).to_have_text(
        "2 answers are kept in this browser, and sent once you are back."
    )
    kept = page.evaluate(CACHED)
    assert {path.split("/")[-1] or "offline" for path in kept} == {
        *(
            "offline",
            "evalhub.css",
            "laid_out.css",
            "review.css",
            "small.css",
            "offline.js",
            "favicon.svg",
        )
    }
    everything = "".join(kept.values()) + page.evaluate("JSON.stringify({...localStorage})")
    for secret in (*texts, "charged me twice", "rather send"):
        assert secret not in everything
    page.context.set_offline(False)  # the page comes back by itself
    count(page, 3, 60)
    saved(page, 2)
    axe(page)
    assert said("choice") == ["left", "right"]


def test_what_others_have_answered_meanwhile_is_said_and_the_rest_is_kept(
    team: Team, alone: Callable[[Campaign], Page]
) -> None:
    campaign = asking(team, 60)
    page = alone(campaign)
    page.context.set_offline(True)
    for number in (1, 2, 3):
        count(page, number, 60)
        page.keyboard.press("1")
    expect(page.locator("#state")).to_contain_text("3 answers are kept")
    pairs = list(Assignment.objects.filter(turn__lt=3).values_list("pair", flat=True))
    Assignment.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    while not Judgment.objects.filter(assignment__pair__in=pairs).exists():  # one of the three
        theirs = assign(campaign=campaign, user=team.ruth).current
        assert isinstance(theirs, Assignment)
        answer(theirs, team.ruth)
    mine = Judgment.objects.filter(assignment__reviewer__user=team.rui)
    lost = Assignment.objects.filter(
        reviewer__user=team.rui,
        turn__lt=3,
        pair__assignments__reviewer__user=team.ruth,  # who has judged it, or holds it now
    ).distinct()
    page.context.set_offline(False)
    expect(page.locator("h1")).to_contain_text("it went to other reviewers")
    page.get_by_role("link", name="Go on with the review").click()
    page.wait_for_load_state("networkidle")  # what comes next depends on what others hold by now
    assert 0 < mine.count() == 3 - lost.count() < 3


def test_the_page_without_a_connection_is_for_anybody_and_the_same(
    team: Team, live_server: LiveServer, opens: Opens, axe: Callable[[Page], None]
) -> None:
    pages = [client.get("/reviews/offline/") for client in (Client(), team.signed_in(team.rui))]
    assert pages[0].content == pages[1].content
    assert [page.status_code for page in pages] == [200, 200]
    for dark, phone in ((False, False), (True, True)):
        axe(opens(team.rui, "/reviews/offline/", dark=dark, phone=phone))
