"""Leaving a comparison to others, with a reason."""

import pytest

from reviews.assignments.assign import End
from reviews.assignments.judge import form_nonce, skip
from reviews.assignments.progress import progress_of
from reviews.errors import (
    AlreadyJudgedError,
    NoReasonError,
    SkippedError,
    StaleFormError,
    UnknownAssignmentError,
)
from reviews.models import Assignment, AssignmentState, Campaign, Judgment, Reviewer
from tests.cast import Team
from tests.reviews.assignments.test_assign import answer, deal, let_leases_end
from tests.reviews.conftest import a_campaign
from tests.reviews.steps import next_assignment


def leave(assignment: Assignment, reason: str = "I can't read this language") -> Assignment:
    user = assignment.reviewer.user
    nonce = form_nonce(token=assignment.token, user=user)
    return skip(token=assignment.token, user=user, nonce=nonce, reason=reason)


def test_its_seat_is_free_at_once_and_it_goes_to_another(team: Team) -> None:
    campaign = a_campaign(team, items=1, reviewers_per_item=1)
    skipped = leave(deal(campaign, team.rui))
    assert (skipped.state, skipped.skip_reason) == ("skipped", "I can't read this language")
    assert campaign.pairs.get().taken == 0
    assert deal(campaign, team.ruth).pair_id == skipped.pair_id


def test_it_does_not_come_back_to_who_skipped_it(campaign: Campaign, team: Team) -> None:
    skipped = [leave(deal(campaign, team.rui)).pair_id for _ in range(3)]
    judged = []
    while isinstance(dealt := next_assignment(campaign=campaign, user=team.rui), Assignment):
        answer(dealt, team.rui)
        judged.append(dealt.pair_id)
    assert dealt == End("done")
    assert len(judged) == 9
    assert not set(judged) & set(skipped)


def test_who_had_gone_past_a_full_pair_gets_the_seat_that_comes_free(team: Team) -> None:
    campaign = a_campaign(team, items=6, reviewers_per_item=1)
    theirs = deal(campaign, team.ruth)
    for _ in range(5):
        answer(deal(campaign, team.rui), team.rui)
    assert isinstance(next_assignment(campaign=campaign, user=team.rui), End)
    leave(theirs)
    assert deal(campaign, team.rui).pair_id == theirs.pair_id


def test_skipping_twice_is_harmless(campaign: Campaign, team: Team) -> None:
    dealt = deal(campaign, team.rui)
    leave(dealt)
    leave(dealt)
    assert not campaign.pairs.filter(taken__gt=0).exists()
    assert progress_of(Reviewer.objects.with_campaign().get(user=team.rui)).left == 11


def test_a_reason_must_be_given(campaign: Campaign, team: Team) -> None:
    dealt = deal(campaign, team.rui)
    for reason in ("", "  ", "x" * 301):
        with pytest.raises(NoReasonError):
            leave(dealt, reason)
    assert deal(campaign, team.rui) == dealt


def test_what_is_skipped_is_not_answered_and_what_is_answered_not_skipped(
    campaign: Campaign, team: Team
) -> None:
    first = deal(campaign, team.rui)
    leave(first)
    with pytest.raises(SkippedError):
        answer(first, team.rui)
    second = deal(campaign, team.rui)
    answer(second, team.rui)
    with pytest.raises(AlreadyJudgedError):
        leave(second)
    assert Judgment.objects.get().assignment == second


def test_a_lease_that_has_ended_frees_no_second_seat(team: Team) -> None:
    campaign = a_campaign(team, items=1, reviewers_per_item=1)
    late = deal(campaign, team.rui)
    let_leases_end(campaign)
    deal(campaign, team.ruth)
    leave(late)
    assert campaign.pairs.get().taken == 1
    assert Assignment.objects.filter(state=AssignmentState.LEASED).count() == 1


def test_only_ones_own_form_skips(campaign: Campaign, team: Team) -> None:
    mine, theirs = deal(campaign, team.rui), deal(campaign, team.ruth)
    nonce = form_nonce(token=mine.token, user=team.rui)
    with pytest.raises(UnknownAssignmentError):
        skip(token=theirs.token, user=team.rui, nonce=nonce, reason="not mine")
    with pytest.raises(StaleFormError):
        skip(token=mine.token, user=team.rui, nonce="x", reason="not signed")
