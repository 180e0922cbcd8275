"""Comparisons held ahead: real turns under leases, few where seats are few, given back unused."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.declare.declaration import validate
from evalhub.declare.review import Design, Form
from reviews.assignments.assign import Assigned, assign
from reviews.assignments.holding import may_hold
from reviews.assignments.reviewers import set_quota
from reviews.models import (
    Assignment,
    AssignmentState,
    Campaign,
    Judgment,
    Pair,
    Reviewer,
    ReviewerState,
)
from tests.cast import Team
from tests.reviews.assignments.test_assign import answer, deal, let_leases_end
from tests.reviews.conftest import a_campaign
from tests.reviews.pages.test_page_forms import send
from tests.reviews.pages.test_pages import form, page
from tests.reviews.planning.test_planning import a_certain_campaign


def held(campaign: Campaign, team: Team, most: int = 5) -> Assigned:
    return assign(campaign=campaign, user=team.rui, ahead=most)


@pytest.mark.parametrize(
    ("free", "held"), [(1000, 5), (40, 5), (39, 4), (16, 2), (15, 1), (0, 1), (-3, 1)]
)
def test_one_person_holds_an_eighth_of_the_free_seats_and_five_at_most(
    free: int, held: int
) -> None:
    assert may_hold(free=free, wanted=5) == held
    assert may_hold(free=free, wanted=1) == 1
    assert may_hold(free=free, wanted=5, contested=False) == 5


def test_five_are_held_each_with_a_seat_and_come_in_the_order_of_turns(team: Team) -> None:
    campaign = a_campaign(team, items=60, reviewers_per_item=1)
    found = held(campaign, team)
    assert isinstance(found.current, Assignment)
    assert [each.turn for each in (found.current, *found.held)] == [0, 1, 2, 3, 4, 5]
    assert sum(Pair.objects.values_list("taken", flat=True)) == 6
    assert [each.token for each in held(campaign, team).held] == [e.token for e in found.held]
    answer(found.current, team.rui)
    assert deal(campaign, team.rui).token == found.held[0].token


def test_sides_are_as_even_as_when_they_are_dealt_one_at_a_time(team: Team) -> None:
    campaign = a_campaign(team, items=60, reviewers_per_item=1)
    for _ in range(4):
        found = held(campaign, team)
        assert isinstance(found.current, Assignment)
        answer(found.current, team.rui)
    sides = list(Assignment.objects.order_by("turn").values_list("candidate_on_left", flat=True))
    assert sum(sides[:6]) == 3


def test_few_are_held_where_few_are_free_and_others_may_want_them(team: Team) -> None:
    campaign = a_campaign(team, items=24, reviewers_per_item=1)
    deal(campaign, team.ruth)
    assert len(held(campaign, team).held) == 2  # of 24 seats, two or three are taken
    assert len(held(campaign, team, 1).held) == 2  # what is held stays


def test_five_are_held_to_the_end_where_every_pair_has_a_seat_for_each_who_reviews(
    team: Team,
) -> None:
    campaign = a_campaign(team, items=7, reviewers_per_item=2)
    mine = held(campaign, team)
    assert len(mine.held) == 5
    theirs = []
    while isinstance(turn := assign(campaign=campaign, user=team.ruth).current, Assignment):
        theirs.append(turn.pair_id)
        answer(turn, team.ruth)
    assert len(set(theirs)) == 7  # nothing that one holds keeps the other waiting
    while isinstance(mine.current, Assignment):
        answer(mine.current, team.rui)
        mine = held(campaign, team)
    assert Judgment.objects.count() == 14


def test_a_third_person_takes_that_back_and_one_who_was_removed_does_not(team: Team) -> None:
    campaign = a_campaign(team, items=12, reviewers_per_item=1)
    deal(campaign, team.ruth)
    assert len(held(campaign, team).held) == 1
    Reviewer.objects.filter(user=team.ruth).update(state=ReviewerState.REMOVED)
    assert len(held(campaign, team).held) == 5


def test_nothing_is_held_over_a_pause_but_the_first_turn_after_it(team: Team) -> None:
    campaign = a_campaign(team, items=60, form=validate(Form, {"block": 3}))
    assert [each.turn for each in held(campaign, team).held] == [1, 2]


def test_a_quota_counts_what_is_held(team: Team) -> None:
    campaign = a_campaign(team, items=60)
    deal(campaign, team.rui)
    set_quota(reviewer=Reviewer.objects.get(), quota=3, by=team.olga)
    assert len(held(campaign, team).held) == 2


def test_what_is_held_and_not_used_is_given_back_and_may_be_taken_up_again(team: Team) -> None:
    campaign = a_campaign(team, items=60, reviewers_per_item=1)
    mine = held(campaign, team)
    assert isinstance(mine.current, Assignment)
    answer(mine.current, team.rui)
    let_leases_end(campaign)
    seen = set()
    while isinstance(theirs := assign(campaign=campaign, user=team.ruth).current, Assignment):
        seen.add(theirs.pair_id)
        answer(theirs, team.ruth)
    assert seen >= {each.pair_id for each in mine.held}
    assert len(seen) == 59
    assert not Assignment.objects.filter(state=AssignmentState.LEASED).exists()
    assert set(Pair.objects.values_list("taken", flat=True)) == {1}


def test_practice_is_held_one_ahead(team: Team) -> None:
    campaign = a_certain_campaign(team, Design(practice=3))
    assert len(held(campaign, team).held) == 1


def ahead(client: Client, campaign: Campaign, **asked: Any) -> Any:
    return client.get(f"/reviews/{campaign.pk}/ahead/", asked, headers={"hx-request": "true"})


def test_a_page_asks_for_five_and_is_sent_what_it_has_not(rui: Client, team: Team) -> None:
    campaign = a_campaign(team, items=60)
    first = page(rui, campaign)
    reply = ahead(rui, campaign, hold=5)
    tokens = reply.headers["Evalhub-Ahead"].split()
    assert len(set(tokens)) == 5
    assert [f"{n} of 60" in reply.text for n in range(1, 8)] == [False, *[True] * 5, False]
    again = ahead(rui, campaign, hold=5, have=tokens[:4])
    assert again.headers["Evalhub-Ahead"].split() == tokens
    assert again.text.count('id="turn"') == 1
    assert "6 of 60" in again.text
    fields = {"choice": "left", "shown": tokens[0], "hold": "5", "have": tokens[1:]}
    after = send(rui, first, fields, hx_request="true")
    now = after.headers["Evalhub-Ahead"].split()
    assert now[:4] == tokens[1:]
    assert after.text.count('id="turn"') == 1
    assert "7 of 60" in after.text


@pytest.mark.parametrize("hold", ["0", "x", "99", "-1", ""])
def test_a_page_that_asks_for_nonsense_gets_one(rui: Client, team: Team, hold: str) -> None:
    campaign = a_campaign(team, items=60)
    page(rui, campaign)
    assert len(ahead(rui, campaign, hold=hold).headers["Evalhub-Ahead"].split()) == 1


def minutes_ago(minutes: float) -> Any:
    return timezone.now() - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("late", "seconds"), [("300", 300), ("2", 600), ("x", 600), ("-9", 600), ("99999", 0)]
)
def test_what_an_answer_took_is_counted_without_the_wait_for_a_connection(
    rui: Client, campaign: Campaign, late: str, seconds: float
) -> None:
    html = page(rui, campaign)
    Assignment.objects.update(dealt=minutes_ago(10))
    send(rui, html, {"choice": "left", "late": late})
    assert Judgment.objects.get().seconds == pytest.approx(seconds, abs=5)


def test_answers_that_come_together_each_keep_their_own_time(rui: Client, team: Team) -> None:
    campaign = a_campaign(team, items=60)
    pages = [page(rui, campaign)]
    reply = ahead(rui, campaign, hold=2).text
    pages += [f'<div id="turn"{part}' for part in reply.split('<div id="turn"')[1:]]
    assert len(pages) == 3
    Assignment.objects.update(dealt=minutes_ago(10))
    for html, late in zip(pages, (480, 420, 300), strict=True):
        send(rui, html, {"choice": "left", "late": str(late)})
    took = Judgment.objects.order_by("pk").values_list("seconds", flat=True)
    assert list(took) == [pytest.approx(each, abs=5) for each in (120, 60, 120)]
    assert form(pages[0])[0] != form(pages[1])[0]
