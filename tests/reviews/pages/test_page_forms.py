"""What a campaign's form puts on the page, and what comes back from it, over HTTP."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.declare.declaration import validate
from evalhub.declare.review import Design, Form, Known
from reviews.assignments.seats import LEASE, REST
from reviews.models import (
    Assignment,
    AssignmentState,
    Campaign,
    Guess,
    Judgment,
    Reviewer,
)
from reviews.planning.campaign import pause_campaign
from tests.cast import Team
from tests.reviews.conftest import CANARIES, a_campaign
from tests.reviews.pages.test_pages import choose, form, page
from tests.tampering import administrator

RUBRIC = {
    "steps": True,
    "rationale": "optional",
    "flags": ["unsafe", "names-itself"],
    "dimensions": [
        {"name": "facts", "question": "Whose facts are right?", "kind": "choice"},
        {"name": "tone", "question": "Who is kinder?", "kind": "choice"},
    ],
}
RATINGS = {
    "flags": ["unsafe"],
    "dimensions": [
        {"name": "facts", "question": "How correct is it?", "kind": "rating"},
        {"name": "tone", "question": "How kind is it?", "kind": "rating", "low": 0, "high": 3},
    ],
}


def asking(team: Team, document: dict[str, Any], **given: Any) -> Campaign:
    return a_campaign(team, form=validate(Form, document), **given)


def send(client: Client, html: str, answer: dict[str, Any], **headers: Any) -> Any:
    action, fields = form(html)
    return client.post(action, fields | answer, headers=headers)


def test_steps_add_two_answers(rui: Client, team: Team) -> None:
    html = page(rui, asking(team, {"steps": True}))
    assert re.findall(r'<button name="choice" value="([\w-]+)"', html) == [
        "much-left",
        "left",
        "tie",
        "both-bad",
        "right",
        "much-right",
    ]
    assert choose(rui, html, "much-right").status_code == 302
    judgment = Judgment.objects.get()
    assert (judgment.choice, judgment.much) == ("right", True)


def test_much_better_is_refused_where_it_is_not_asked(rui: Client, campaign: Campaign) -> None:
    assert choose(rui, page(rui, campaign), "much-left").status_code == 400
    assert not Judgment.objects.exists()


def test_a_rubric_asks_every_question_and_keeps_every_answer(rui: Client, team: Team) -> None:
    html = page(rui, asking(team, RUBRIC))
    asked = re.findall(r"<legend>([^<]+)</legend>", html)
    assert asked[2:5] == [
        "Which answer would you rather send?",
        "Whose facts are right?",
        "Who is kinder?",
    ]
    answer = {
        "choice": "much-left",
        "ask-facts": "right",
        "ask-tone": "both-bad",
        "flag-left": ["unsafe", "names-itself"],
        "rationale": " It refunds. ",
        "visible": "12.5",
    }
    assert send(rui, html, answer).status_code == 302
    judgment = Judgment.objects.get()
    assert (judgment.choice, judgment.much) == ("left", True)
    assert judgment.answers == {"facts": "right", "tone": "both-bad"}
    assert judgment.flags == {"left": ["unsafe", "names-itself"]}
    assert judgment.rationale == "It refunds."
    assert judgment.visible_seconds == 12.5


def test_a_rubric_that_is_not_complete_is_refused_and_says_where(rui: Client, team: Team) -> None:
    html = page(rui, asking(team, RUBRIC))
    response = send(rui, html, {"choice": "left", "ask-facts": "left"})
    assert response.status_code == 400
    assert "tone: it has no answer yet" in response.content.decode()


def test_one_answer_is_rated_by_itself(rui: Client, team: Team) -> None:
    html = page(rui, asking(team, RATINGS))
    assert html.count('<section class="pane"') == 1
    assert "differences" not in html
    assert re.findall(r'name="ask-tone" value="(\d)"', html) == ["0", "1", "2", "3"]
    answer = {"choice": "rated", "ask-facts": "5", "ask-tone": "0", "flag-answer": "unsafe"}
    assert send(rui, html, answer).status_code == 302
    judgment = Judgment.objects.get()
    assert judgment.choice == "rated"
    assert judgment.answers == {"facts": 5, "tone": 0}
    assert judgment.flags == {"answer": ["unsafe"]}


def test_a_rating_off_the_scale_is_refused(rui: Client, team: Team) -> None:
    html = page(rui, asking(team, RATINGS))
    answer = {"choice": "rated", "ask-facts": "6", "ask-tone": "1"}
    assert send(rui, html, answer).status_code == 400


def test_a_required_rationale_is_asked_of_everyone(rui: Client, team: Team) -> None:
    html = page(rui, asking(team, {"rationale": "required"}))
    assert re.search(r"<textarea[^>]* required>", html)
    assert send(rui, html, {"choice": "tie"}).status_code == 400
    assert send(rui, html, {"choice": "tie", "rationale": "Equal."}).status_code == 302


@pytest.mark.parametrize("document", [{}, RUBRIC, RATINGS, {"rationale": "required"}])
def test_a_whole_block_without_javascript(
    rui: Client, team: Team, document: dict[str, Any]
) -> None:
    """Every field that the page has is filled in as a browser would, and sent."""
    campaign = asking(team, document | {"block": 6}, items=6, reviewers_per_item=1)
    turns = 12 if validate(Form, document).rates else 6
    for turn in range(1, 7):
        html = page(rui, campaign)
        assert f"{turn} of {turns}" in html
        fields = dict(re.findall(r'<(?:button|input)[^>]* name="([\w-]+)" value="([\w-]+)"', html))
        given = {name: value for name, value in fields.items() if not name.startswith("flag-")}
        if "<textarea" in html:
            given["rationale"] = "Because."
        response = rui.post(form(html)[0], given)
        assert response.status_code == 302
    ends = {True: f"/reviews/{campaign.pk}/pause/", False: f"/reviews/{campaign.pk}/"}
    assert response["Location"] == ends[turns == 12]
    assert Judgment.objects.count() == 6


def test_a_comparison_is_skipped_with_a_reason(rui: Client, campaign: Campaign) -> None:
    html = page(rui, campaign)
    action = form(html)[0].replace("/judge/", "/skip/")
    fields = form(html)[1]
    assert rui.post(action, fields).status_code == 400
    response = rui.post(action, fields | {"reason": "It upsets me"}, headers={"hx-request": "true"})
    assert response.status_code == 200
    assert form(response.content.decode())[0] != form(html)[0]
    skipped = Assignment.objects.get(state=AssignmentState.SKIPPED)
    assert skipped.skip_reason == "It upsets me"


def test_one_s_own_words_are_the_reason_where_there_are_some(
    rui: Client, campaign: Campaign
) -> None:
    html = page(rui, campaign)
    action = form(html)[0].replace("/judge/", "/skip/")
    said = {"reason": "It upsets me", "words": "The answer is in Greek."}
    assert rui.post(action, form(html)[1] | said).status_code == 302
    skipped = Assignment.objects.get(state=AssignmentState.SKIPPED)
    assert skipped.skip_reason == "The answer is in Greek."


def test_the_last_answer_is_taken_back_and_given_anew(rui: Client, campaign: Campaign) -> None:
    html = page(rui, campaign)
    choose(rui, html, "left")
    back = rui.post(f"/reviews/{campaign.pk}/undo/", headers={"hx-request": "true"})
    again = back.content.decode()
    assert form(again)[0] == form(html)[0]
    assert "1 of 12" in again
    choose(rui, again, "right")
    assert Judgment.objects.current().get().choice == "right"
    assert Judgment.objects.count() == 2


def test_what_was_taken_back_is_there_to_be_changed(rui: Client, team: Team) -> None:
    campaign = asking(team, RUBRIC)
    answer = {
        "choice": "much-left",
        "ask-facts": "right",
        "ask-tone": "tie",
        "flag-right": "unsafe",
        "rationale": "It <refunds>.",
    }
    send(rui, page(rui, campaign), answer)
    assert "undo" in page(rui, campaign)
    rui.post(f"/reviews/{campaign.pk}/undo/")
    html = page(rui, campaign)
    checked = re.findall(r'name="([\w-]+)" value="([\w-]+)"[^>]* checked', html)
    assert dict(checked) == {name: value for name, value in answer.items() if name != "rationale"}
    assert ">It &lt;refunds&gt;.</textarea>" in html
    assert 'form id="undo"' not in html  # there is none before it


def test_nothing_to_take_back_says_so(rui: Client, campaign: Campaign) -> None:
    page(rui, campaign)
    response = rui.post(f"/reviews/{campaign.pk}/undo/")
    assert response.status_code == 409
    assert "no answer to take back" in response.content.decode()


def test_a_block_ends_with_a_pause_from_which_its_last_answer_can_be_undone(
    rui: Client, team: Team
) -> None:
    campaign = asking(team, {"block": 2})
    choose(rui, page(rui, campaign), "left")
    response = choose(rui, page(rui, campaign), "tie", hx_request="true")
    pause = response.content.decode()
    assert "Time to look up" in pause
    assert "2 answered and saved" in pause
    assert rui.get(f"/reviews/{campaign.pk}/pause/").status_code == 200
    rui.post(f"/reviews/{campaign.pk}/undo/")
    assert "2 of 12" in page(rui, campaign)


def test_what_waits_behind_a_pause_is_soon_free_for_others(rui: Client, team: Team) -> None:
    campaign = asking(team, {"block": 1})
    send(rui, page(rui, campaign), {"choice": "left"})
    rui.get(f"/reviews/{campaign.pk}/pause/")
    (held,) = Assignment.objects.filter(state=AssignmentState.LEASED)
    assert held.lease_until <= timezone.now() + REST
    page(rui, campaign)  # who goes on has all the time again
    held.refresh_from_db()
    assert held.lease_until > timezone.now() + LEASE / 2


def test_the_first_answer_after_a_pause_seals_what_was_before(rui: Client, team: Team) -> None:
    campaign = asking(team, {"block": 2})
    for _ in range(3):
        choose(rui, page(rui, campaign), "left")
    assert rui.post(f"/reviews/{campaign.pk}/undo/").status_code == 302
    assert rui.post(f"/reviews/{campaign.pk}/undo/").status_code == 409
    assert Judgment.objects.current().count() == 2


def ahead(client: Client, campaign: Campaign, view: str = "read") -> Any:
    return client.get(f"/reviews/{campaign.pk}/ahead/?view={view}", headers={"hx-request": "true"})


def test_the_next_comparison_can_be_had_ahead_and_is_then_the_next(
    rui: Client, campaign: Campaign
) -> None:
    first = page(rui, campaign)
    response = ahead(rui, campaign)
    waiting = response.content.decode()
    assert "2 of 12" in waiting
    assert response.headers["Evalhub-Ahead"] in waiting
    assert ahead(rui, campaign).content.decode().count(response.headers["Evalhub-Ahead"])
    assert page(rui, campaign).count(form(first)[0])
    choose(rui, first, "left")
    assert form(page(rui, campaign))[0] == form(waiting)[0]


def test_an_answer_from_a_page_that_has_gone_on_brings_the_one_after(
    rui: Client, campaign: Campaign
) -> None:
    first = page(rui, campaign)
    shown = ahead(rui, campaign).headers["Evalhub-Ahead"]
    response = send(rui, first, {"choice": "left", "shown": shown}, hx_request="true")
    assert response.headers["Evalhub-Saved"] == "1"
    third = response.content.decode()
    assert "3 of 12" in third
    assert len({form(first)[0], shown, response.headers["Evalhub-Ahead"]}) == 3
    assert shown not in third


def test_a_page_that_has_gone_on_to_what_is_not_next_is_put_right(
    rui: Client, campaign: Campaign
) -> None:
    first = page(rui, campaign)
    response = send(rui, first, {"choice": "left", "shown": "x"}, hx_request="true")
    assert "Evalhub-Ahead" not in response.headers
    assert "2 of 12" in response.content.decode()


def test_nothing_is_had_ahead_over_a_pause_or_an_end(rui: Client, team: Team) -> None:
    paused = asking(team, {"block": 1})
    assert 'data-ahead="' not in page(rui, paused)
    response = ahead(rui, paused)
    assert (response.content, response.headers["Evalhub-Ahead"]) == (b"", "")
    Reviewer.objects.update(quota=1)
    assert ahead(rui, paused).content == b""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"quota": 0}, "Your share is done"),
        ({"state": "paused"}, "paused it for you"),
        ({"state": "removed"}, "no longer yours"),
    ],
)
def test_ends_of_one_person_say_which_they_are(
    rui: Client, campaign: Campaign, change: dict[str, Any], says: str
) -> None:
    page(rui, campaign)
    with administrator() as sql:
        sql("DELETE FROM reviews_assignment")
    Reviewer.objects.update(**change)
    assert says in page(rui, campaign)


def test_a_pause_of_all_says_so(rui: Client, campaign: Campaign) -> None:
    pause_campaign(campaign=campaign, by=None)
    assert "This review is paused" in page(rui, campaign)


def test_after_the_last_vote_a_few_guesses_are_asked(rui: Client, team: Team) -> None:
    campaign = asking(team, {"guess": True}, items=7)
    while "<button name" in (html := page(rui, campaign)):
        choose(rui, html, "left")
    assert "Done. Thank you!" in html
    assert "of 5 pairs that you judged, guess" in html
    address = f"/reviews/{campaign.pk}/guess/"
    for left in (5, 4, 3, 2, 1):
        html = rui.get(address).content.decode()
        assert f"{left} guess" in html
        assert not [canary for canary in CANARIES if canary in html]
        token = re.findall(r'name="token" value="([^"]+)"', html)[0]
        response = rui.post(address, {"token": token, "side": "unsure"})
    assert response["Location"] == f"/reviews/{campaign.pk}/"
    assert "guess" not in page(rui, campaign)
    assert Guess.objects.filter(side="unsure").count() == 5


@pytest.mark.parametrize(
    ("given", "status"),
    [({"side": "left"}, 404), ({"token": "x", "side": "left"}, 404)],
)
def test_a_guess_is_of_a_turn_of_one_s_own(
    rui: Client, campaign: Campaign, given: dict[str, str], status: int
) -> None:
    assert rui.post(f"/reviews/{campaign.pk}/guess/", given).status_code == status


def test_no_guess_is_asked_before_the_last_vote(rui: Client, team: Team) -> None:
    campaign = asking(team, {"guess": True})
    html = page(rui, campaign)
    response = rui.get(f"/reviews/{campaign.pk}/guess/")
    assert response["Location"] == f"/reviews/{campaign.pk}/"
    token = form(html)[0].split("/")[-2]
    given = {"token": token, "side": "left"}
    assert rui.post(f"/reviews/{campaign.pk}/guess/", given).status_code == 409


def test_practice_says_that_it_is_and_cannot_be_taken_back(rui: Client, team: Team) -> None:
    known = {
        key: Known(expected="candidate", feedback="It is kinder.", practice=True)
        for key in ("q0000", "q0001")
    }
    campaign = a_campaign(team, design=Design(practice=2, known=known))
    html = page(rui, campaign)
    assert "Practice" in html
    assert "This one doesn’t count" in html
    assert "undo" not in choose(rui, html, "left", hx_request="true").content.decode()
    after = choose(rui, page(rui, campaign), "left", hx_request="true").content.decode()
    assert "Practice is over" in after
    assert f'href="/reviews/{campaign.pk}/practice/"' in after
