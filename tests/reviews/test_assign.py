"""Dealing one comparison at a time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from evalhub.accounts.models import Membership, Role, User
from reviews.answer import Answer
from reviews.assign import End, next_assignment
from reviews.errors import NotInvitedError, UnblindedError
from reviews.judge import form_nonce, record
from reviews.models import Assignment, AssignmentState, Campaign
from reviews.seats import LEASE
from tests.cast import Team
from tests.reviews.conftest import a_campaign


def deal(campaign: Campaign, user: User) -> Assignment:
    dealt = next_assignment(campaign=campaign, user=user)
    assert isinstance(dealt, Assignment)
    return dealt


def answer(assignment: Assignment, user: User, choice: str = "left") -> None:
    nonce = form_nonce(token=assignment.token, user=user)
    record(token=assignment.token, user=user, answer=Answer(choice), nonce=nonce)


def let_leases_end(campaign: Campaign) -> None:
    Assignment.objects.filter(pair__campaign=campaign).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def test_asked_again_before_the_answer_it_is_the_same_turn(campaign: Campaign, team: Team) -> None:
    first = deal(campaign, team.rui)
    assert deal(campaign, team.rui).token == first.token
    assert Assignment.objects.count() == 1


def test_a_whole_campaign_gives_each_reviewer_every_pair_once_in_another_order(
    campaign: Campaign, team: Team
) -> None:
    orders = []
    for user in (team.rui, team.ruth):
        order = []
        while isinstance(dealt := next_assignment(campaign=campaign, user=user), Assignment):
            order.append(dealt.pair_id)
            answer(dealt, user)
        assert dealt == End("done")
        orders.append(order)
    assert sorted(orders[0]) == sorted(orders[1])
    assert len(set(orders[0])) == 12
    assert orders[0] != orders[1]


def test_sides_are_stored_balanced_within_each_block(campaign: Campaign, team: Team) -> None:
    while isinstance(dealt := next_assignment(campaign=campaign, user=team.rui), Assignment):
        answer(dealt, team.rui)
    sides = list(Assignment.objects.order_by("turn").values_list("candidate_on_left", flat=True))
    assert sum(sides[:6]) == sum(sides[6:]) == 3


def test_what_is_with_others_is_waited_for(team: Team) -> None:
    campaign = a_campaign(team, items=1, reviewers_per_item=1)
    dealt = deal(campaign, team.rui)
    end = next_assignment(campaign=campaign, user=team.ruth)
    assert isinstance(end, End)
    assert end.kind == "wait"
    assert end.retry_in_s is not None
    assert 0 < end.retry_in_s <= LEASE.total_seconds()
    answer(dealt, team.rui)
    assert next_assignment(campaign=campaign, user=team.ruth) == End("done")


def test_an_ended_lease_goes_to_another_reviewer(team: Team) -> None:
    campaign = a_campaign(team, items=1, reviewers_per_item=1)
    late = deal(campaign, team.rui)
    let_leases_end(campaign)
    taken = deal(campaign, team.ruth)
    assert taken.pair_id == late.pair_id
    late.refresh_from_db()
    assert late.state == AssignmentState.EXPIRED
    assert campaign.pairs.get().taken == 1


def test_a_turn_that_comes_back_keeps_its_token_and_side(team: Team) -> None:
    campaign = a_campaign(team, items=1, reviewers_per_item=1)
    mine = deal(campaign, team.rui)
    let_leases_end(campaign)
    theirs = deal(campaign, team.ruth)
    Assignment.objects.filter(pk=theirs.pk).update(lease_until=timezone.now() - LEASE)
    again = deal(campaign, team.rui)
    assert (again.token, again.candidate_on_left) == (mine.token, mine.candidate_on_left)
    assert again.lease_until > timezone.now()


def test_an_open_page_keeps_its_lease(campaign: Campaign, team: Team) -> None:
    dealt = deal(campaign, team.rui)
    nearly = timezone.now() + timedelta(seconds=5)
    Assignment.objects.filter(pk=dealt.pk).update(lease_until=nearly)
    assert deal(campaign, team.rui).lease_until > nearly + LEASE / 2


@pytest.mark.parametrize("person", ["olga", "eva"])
def test_who_may_see_the_names_is_refused(campaign: Campaign, team: Team, person: str) -> None:
    with pytest.raises(UnblindedError, match="judge blindly"):
        next_assignment(campaign=campaign, user=getattr(team, person))


def test_a_stranger_and_a_superuser_are_refused(campaign: Campaign, team: Team) -> None:
    with pytest.raises(NotInvitedError):
        next_assignment(campaign=campaign, user=team.sam)
    team.rui.is_superuser = True
    with pytest.raises(UnblindedError):
        next_assignment(campaign=campaign, user=team.rui)


def test_a_reviewer_who_becomes_an_evaluator_is_no_longer_blind(
    campaign: Campaign, team: Team
) -> None:
    deal(campaign, team.rui)
    Membership.objects.filter(user=team.rui).update(role=Role.EVALUATOR)
    with pytest.raises(UnblindedError):
        next_assignment(campaign=campaign, user=team.rui)
