"""Disagreements, settled by one more person who is as blind as the others."""

import re

import pytest
from django.test import Client

from reviews.errors import (
    AlreadyJudgedError,
    NamesRevealedError,
    StaleFormError,
    StillGoingError,
    UnblindedError,
)
from reviews.findings.adjudicate import adjudicate, adjudicated, next_disagreement, to_adjudicate
from reviews.findings.results import judgments
from reviews.findings.standing import standing
from reviews.findings.summary import summarise
from reviews.findings.unblind import unblind
from reviews.models import Campaign, Purpose
from reviews.turns.judge import form_nonce
from tests.cast import Team
from tests.reviews.conftest import CANARIES
from tests.reviews.judged import a_reviewer, judge_all


@pytest.fixture
def disputed(campaign: Campaign) -> Campaign:
    """Bob prefers the candidate throughout; Ben prefers the baseline on the first four pairs, is
    undecided on the next four and agrees on the rest."""
    judge_all(
        campaign,
        {
            "bob": lambda _: "candidate",
            "ben": lambda p: "baseline" if p < 4 else "tie" if p < 8 else "candidate",
        },
    )
    return campaign


def settle_one(campaign: Campaign, team: Team, choice: str = "left") -> None:
    turn = next_disagreement(campaign=campaign, user=team.rui)
    assert turn is not None
    nonce = form_nonce(token=turn.token, user=team.rui)
    adjudicate(token=turn.token, user=team.rui, nonce=nonce, choice=choice)


def test_pairs_that_favour_both_arms_are_disagreements(disputed: Campaign, team: Team) -> None:
    found = to_adjudicate(disputed, team.rui)
    assert [pair.position for pair in found] == [0, 1, 2, 3]
    assert adjudicated(disputed) == (4, 0)


def test_nobody_settles_what_they_judged(disputed: Campaign, team: Team) -> None:
    bob = a_reviewer(disputed, "bob").user
    assert next_disagreement(campaign=disputed, user=bob) is None


def test_asked_again_it_is_the_same_turn_on_the_same_side(disputed: Campaign, team: Team) -> None:
    first = next_disagreement(campaign=disputed, user=team.rui)
    assert first is not None
    assert first.purpose == Purpose.ADJUDICATION
    assert next_disagreement(campaign=disputed, user=team.rui) == first


def test_one_at_a_time_and_not_to_two_people_at_once(disputed: Campaign, team: Team) -> None:
    first = next_disagreement(campaign=disputed, user=team.rui)
    other = next_disagreement(campaign=disputed, user=team.ruth)
    assert first is not None
    assert other is not None
    assert first.pair_id != other.pair_id


def test_they_are_reported_apart_and_move_no_result(disputed: Campaign, team: Team) -> None:
    before = judgments(disputed)
    for left in (3, 2, 1, 0):
        settle_one(disputed, team, "tie")
        assert adjudicated(disputed) == (4, 4 - left)
    assert next_disagreement(campaign=disputed, user=team.rui) is None
    assert judgments(disputed).choices == before.choices
    found = summarise(
        standing(disputed), baseline=disputed.baseline_id, candidate=disputed.candidate_id
    )
    assert found.adjudicated == {"tie": 4}
    assert found.judgments == 24


def test_the_same_choice_again_is_the_same_and_another_is_refused(
    disputed: Campaign, team: Team
) -> None:
    turn = next_disagreement(campaign=disputed, user=team.rui)
    assert turn is not None
    nonce = form_nonce(token=turn.token, user=team.rui)
    first = adjudicate(token=turn.token, user=team.rui, nonce=nonce, choice="left")
    assert adjudicate(token=turn.token, user=team.rui, nonce=nonce, choice="left") == first
    with pytest.raises(AlreadyJudgedError):
        adjudicate(token=turn.token, user=team.rui, nonce=nonce, choice="right")
    with pytest.raises(StaleFormError):
        adjudicate(token=turn.token, user=team.rui, nonce="other", choice="left")


def test_not_while_the_review_goes_on_and_not_after_the_names_are_known(
    campaign: Campaign, team: Team
) -> None:
    with pytest.raises(StillGoingError):
        next_disagreement(campaign=campaign, user=team.rui)
    unblind(campaign=campaign, by=team.olga)
    with pytest.raises(NamesRevealedError):
        next_disagreement(campaign=campaign, user=team.rui)


def test_who_knows_the_arms_cant(disputed: Campaign, team: Team) -> None:
    with pytest.raises(UnblindedError):
        next_disagreement(campaign=disputed, user=team.eva)


def test_the_page_shows_the_pair_and_nothing_of_what_was_said(
    disputed: Campaign, team: Team, rui: Client
) -> None:
    address = f"/reviews/{disputed.pk}/adjudicate/"
    for left in (4, 3, 2, 1):
        page = rui.get(address)
        html = page.content.decode()
        assert f"{left} disagreement" in html
        assert "The first answer to" in html
        assert "Another answer to" in html
        for canary in [*CANARIES, "bob", "ben", "candidate", "baseline"]:
            assert canary not in html
        fields = dict(re.findall(r'name="(token|nonce)" value="([^"]+)"', html))
        answered = rui.post(address, fields | {"choice": "right"})
        assert answered.status_code == 302
    assert "No disagreement is left for you" in rui.get(address).content.decode()
    assert adjudicated(disputed) == (4, 4)


def test_owners_get_no_such_page(disputed: Campaign, olga: Client) -> None:
    assert olga.get(f"/reviews/{disputed.pk}/adjudicate/").status_code == 403
