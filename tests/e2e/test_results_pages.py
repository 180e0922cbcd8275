"""A review's results and its audit in a browser: sound on a laptop and a phone, light and dark."""

import os
import re
from collections.abc import Callable
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from evalhub.declare.review import Design, Dimension, Form
from reviews.blinding import candidate_on_left
from reviews.models import AssignmentPurpose, Campaign, Judgment, PairKind
from reviews.planning.campaign import close_campaign
from reviews.results.guess import pending_guesses, record_guess
from tests.cast import Team
from tests.e2e.conftest import WAYS, Opens, Way
from tests.e2e.width import overflows
from tests.reviews.conftest import a_campaign
from tests.reviews.judged import a_reviewer, judge
from tests.tampering import administrator

NAME = "Support answers, winter"
pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def judged(team: Team) -> Campaign:
    """Sixty pairs with all that a review can have: gold, A/A, repeats, flags, guesses."""
    form = Form(
        steps=True,
        dimensions=(Dimension(name="kind", question="Which is kinder?", kind="choice"),),
        flags=("unsafe", "broken-format"),
        guess=True,
    )
    texts: tuple[list[str | None], list[str | None]] = (
        [f"Answer {i}, in short." for i in range(60)],
        [f"Answer {i}, at somewhat greater length{', indeed' * (i % 4)}." for i in range(60)],
    )
    campaign = a_campaign(
        team,
        items=60,
        reviewers_per_item=4,
        answers=texts,
        form=form,
        design=Design(controls=0.1),
        name=NAME,
    )
    people = [a_reviewer(campaign, name) for name in ("rui", "ruth", "ana", "tom")]
    for pair in campaign.pairs.order_by("position"):
        for i, reviewer in enumerate(people):
            favours = ["candidate", "candidate", "tie", "baseline", "candidate", "both-bad"]
            choice = favours[(pair.position + (i if (pair.position + i) % 3 == 0 else 0)) % 6]
            if pair.kind == PairKind.CONTROL:
                choice = "tie" if i else ("candidate", "baseline")[pair.pk % 2]
            much = choice == "candidate" and pair.position % 5 == 0
            flags = {"left": ["unsafe"]} if pair.position % 20 == 0 else {}
            first = judge(
                reviewer, pair, choice, much=much, answers={"kind": "left"}, flags=flags,
                seconds=9 + pair.position % 30,
            )  # fmt: skip
            side = candidate_on_left(campaign.seed, reviewer.user_id, reviewer.turns)
            swapped = side != first.assignment.candidate_on_left
            if pair.position % 5 == 0 and pair.kind == PairKind.MAIN and swapped:
                judge(
                    reviewer, pair, choice,
                    purpose=AssignmentPurpose.REPEAT, repeats=first.assignment,
                    answers={"kind": "left"},
                )  # fmt: skip
    for person in (team.rui, team.ruth):
        for i, each in enumerate(pending_guesses(campaign=campaign, user=person)):
            record_guess(token=each.token, user=person, side=("left", "unsure", "right")[i % 3])
    close_campaign(campaign=campaign, by=None)
    return campaign


def keep(page: Page, name: str) -> None:
    """A picture of the page, where a folder is asked for."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def in_words(way: Way) -> str:
    return f"{'dark' if way['dark'] else 'light'}-{'phone' if way['phone'] else 'laptop'}"


def test_results_and_audit_are_sound_on_any_screen(
    opens: Opens, team: Team, judged: Campaign, axe: Callable[[Page], None]
) -> None:
    for way in WAYS:
        page = opens(team.olga, **way)
        for name, heading in (("results", NAME), ("audit", "Was it blind?")):
            page.goto(urljoin(page.url, f"/campaigns/{judged.pk}/{name}/"))
            expect(page.locator("h1")).to_have_text(heading)
            keep(page, f"{name}-{in_words(way)}")
            axe(page)
            assert not overflows(page), (name, way)


def test_the_release_block_is_copied_with_one_press(
    opens: Opens, team: Team, judged: Campaign
) -> None:
    page = opens(team.olga, f"/campaigns/{judged.pk}/results/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copied ✓")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#paste-text").input_value()
    assert copied.startswith(f"## Blind review: {NAME}")


def test_an_owner_has_the_models_named_by_keyboard(
    opens: Opens, team: Team, judged: Campaign
) -> None:
    page = opens(team.olga, f"/campaigns/{judged.pk}/results/")
    page.locator("summary", has_text="Have the models named").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Have the models named").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The models are named")).to_be_visible()
    expect(page.get_by_text("nothing has changed since")).to_be_visible()


def test_each_disagreement_is_adjudicated_with_one_key_and_one_request(
    opens: Opens, team: Team, judged: Campaign, axe: Callable[[Page], None]
) -> None:
    ann = a_reviewer(judged, "ben").user
    page = opens(ann, f"/reviews/{judged.pk}/adjudicate/")
    axe(page)
    left = int(page.locator(".count").inner_text().split()[0])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    for key in ("1", "2", "0"):
        page.keyboard.press(key)
        left -= 1
        expect(page.locator(".count")).to_have_text(re.compile(f"^{left} disagreement"))
    assert asked == ["POST"] * 3
    said = Judgment.objects.filter(assignment__purpose=AssignmentPurpose.ADJUDICATION).order_by(
        "pk"
    )
    assert list(said.values_list("choice", flat=True)) == ["left", "right", "tie"]


def test_a_changed_record_is_refused_on_a_sound_page(
    opens: Opens, team: Team, judged: Campaign, axe: Callable[[Page], None]
) -> None:
    with administrator() as sql:
        sql("UPDATE reviews_judgment SET seconds = 61")
        sql("DELETE FROM reviews_event WHERE kind = 'opened'")
    for way in WAYS:
        page = opens(team.olga, **way)
        for name in ("results", "export", "audit"):
            page.goto(urljoin(page.url, f"/campaigns/{judged.pk}/{name}/"))
            expect(page.locator("main")).to_contain_text("a judgment was changed or re-timed")
            expect(page.locator("main")).not_to_contain_text("%")
            keep(page, f"changed-{name}-{in_words(way)}")
            axe(page)
            assert not overflows(page), (name, way)
