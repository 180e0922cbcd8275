"""Disagreements, adjudicated by one more person who is as blind as the others."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import User
from reviews.assignments.judge import form_nonce
from reviews.assignments.seats import release_ended
from reviews.errors import (
    AlreadyJudgedError,
    LeaseLostError,
    NamesRevealedError,
    NotReviewingError,
    StaleFormError,
    StillGoingError,
    UnblindedError,
)
from reviews.models import Assignment, AssignmentPurpose, Campaign, Reviewer
from reviews.planning.campaign import close_campaign
from reviews.results.adjudicate import (
    adjudicate,
    adjudication_counts,
    next_disagreement,
    to_adjudicate,
)
from reviews.results.judgment_data import judgment_data
from reviews.results.summary import summarise
from reviews.results.unblind import unblind
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


def adjudicate_one(
    campaign: Campaign, team: Team, choice: str = "left", user: User | None = None
) -> None:
    user = user or team.rui
    turn = next_disagreement(campaign=campaign, user=user)
    assert turn is not None
    nonce = form_nonce(token=turn.token, user=user)
    adjudicate(token=turn.token, user=user, nonce=nonce, choice=choice)


def test_pairs_that_favour_both_arms_are_disagreements(disputed: Campaign, team: Team) -> None:
    found = to_adjudicate(disputed, team.rui)
    assert [pair.position for pair in found] == [0, 1, 2, 3]
    assert adjudication_counts(disputed) == (4, 0)


def test_nobody_adjudicates_what_they_judged(disputed: Campaign, team: Team) -> None:
    bob = a_reviewer(disputed, "bob").user
    assert next_disagreement(campaign=disputed, user=bob) is None


def test_asked_again_it_is_the_same_turn_on_the_same_side(disputed: Campaign, team: Team) -> None:
    first = next_disagreement(campaign=disputed, user=team.rui)
    assert first is not None
    assert first.purpose == AssignmentPurpose.ADJUDICATION
    assert next_disagreement(campaign=disputed, user=team.rui) == first


def test_one_at_a_time_and_not_to_two_people_at_once(disputed: Campaign, team: Team) -> None:
    first = next_disagreement(campaign=disputed, user=team.rui)
    other = next_disagreement(campaign=disputed, user=team.ruth)
    assert first is not None
    assert other is not None
    assert first.pair_id != other.pair_id


def test_they_are_reported_apart_and_move_no_result(disputed: Campaign, team: Team) -> None:
    before = judgment_data(disputed).of()
    for left in (3, 2, 1, 0):
        adjudicate_one(disputed, team, "tie")
        assert adjudication_counts(disputed) == (4, 4 - left)
    assert next_disagreement(campaign=disputed, user=team.rui) is None
    assert judgment_data(disputed).of() == before
    found = summarise(
        judgment_data(disputed), baseline=disputed.baseline_id, candidate=disputed.candidate_id
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
            assert not re.search(rf"\b{canary}\b", html)  # a random token may hold "ben"
        fields = dict(re.findall(r'name="(token|nonce)" value="([^"]+)"', html))
        answered = rui.post(address, fields | {"choice": "right"})
        assert answered.status_code == 302
    assert "No disagreement is left for you" in rui.get(address).content.decode()
    assert adjudication_counts(disputed) == (4, 4)


def test_a_lease_that_ends_gives_the_disagreement_to_another(
    disputed: Campaign, team: Team
) -> None:
    late = next_disagreement(campaign=disputed, user=team.rui)
    assert late is not None
    assert late.pair not in to_adjudicate(disputed, team.ruth)
    Assignment.objects.filter(pk=late.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    taken = next_disagreement(campaign=disputed, user=team.ruth)
    assert taken is not None
    assert taken.pair_id == late.pair_id


def test_what_another_adjudicated_after_the_lease_had_ended_is_adjudicated_once(
    disputed: Campaign, team: Team
) -> None:
    late = next_disagreement(campaign=disputed, user=team.rui)
    assert late is not None
    Assignment.objects.filter(pk=late.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    adjudicate_one(disputed, team, user=team.ruth)
    nonce = form_nonce(token=late.token, user=team.rui)
    with pytest.raises(LeaseLostError):
        adjudicate(token=late.token, user=team.rui, nonce=nonce, choice="left")
    other = next_disagreement(campaign=disputed, user=team.rui)
    assert other is not None
    assert other.pair_id != late.pair_id
    assert adjudication_counts(disputed) == (4, 1)


def test_a_turn_whose_ended_lease_was_cleared_away_comes_back(
    disputed: Campaign, team: Team
) -> None:
    late = next_disagreement(campaign=disputed, user=team.rui)
    assert late is not None
    Assignment.objects.filter(pk=late.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert release_ended(disputed)
    again = next_disagreement(campaign=disputed, user=team.rui)
    assert again == late
    assert again.candidate_on_left == late.candidate_on_left


def test_an_answer_after_the_lease_counts_where_nobody_else_came(
    disputed: Campaign, team: Team
) -> None:
    late = next_disagreement(campaign=disputed, user=team.rui)
    assert late is not None
    Assignment.objects.filter(pk=late.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    nonce = form_nonce(token=late.token, user=team.rui)
    adjudicate(token=late.token, user=team.rui, nonce=nonce, choice="left")
    assert adjudication_counts(disputed) == (4, 1)


@pytest.mark.parametrize("state", ["removed", "paused", "practising"])
def test_who_is_not_let_in_adjudicates_nothing(disputed: Campaign, team: Team, state: str) -> None:
    turn = next_disagreement(campaign=disputed, user=team.rui)
    assert turn is not None
    Reviewer.objects.filter(user=team.rui).update(state=state)
    with pytest.raises(NotReviewingError):
        next_disagreement(campaign=disputed, user=team.rui)
    nonce = form_nonce(token=turn.token, user=team.rui)
    with pytest.raises(NotReviewingError):
        adjudicate(token=turn.token, user=team.rui, nonce=nonce, choice="left")


def test_a_reviewer_comes_to_it_from_their_own_pages(
    disputed: Campaign, team: Team, rui: Client
) -> None:
    link = f'href="/reviews/{disputed.pk}/adjudicate/"'
    assert link in rui.get(f"/reviews/{disputed.pk}/").content.decode()
    close_campaign(campaign=disputed, by=None)
    assert f'href="/reviews/{disputed.pk}/"' in rui.get("/reviews/").content.decode()
    assert link in rui.get(f"/reviews/{disputed.pk}/").content.decode()
    for _ in range(4):
        adjudicate_one(disputed, team)
    assert link not in rui.get(f"/reviews/{disputed.pk}/").content.decode()


def test_nobody_is_sent_to_it_while_the_review_goes_on(
    campaign: Campaign, team: Team, rui: Client
) -> None:
    judge_all(campaign, {"bob": lambda _: "candidate", "rui": lambda _: "baseline"})
    campaign.pairs.filter(position=0).update(taken=1)
    page = rui.get(f"/reviews/{campaign.pk}/").content.decode()
    assert "Nothing is left for you" in page
    assert "adjudicate" not in page


def test_owners_get_no_such_page(disputed: Campaign, olga: Client) -> None:
    assert olga.get(f"/reviews/{disputed.pk}/adjudicate/").status_code == 403
