"""Dealing one comparison at a time."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evalhub.accounts.models import Membership, Role, User
from evalhub.declare.review import Design, Known
from reviews.assignments.answer import ReviewerAnswer
from reviews.assignments.assign import End
from reviews.assignments.judge import form_nonce
from reviews.assignments.reviewers import pause_reviewer, remove_reviewer
from reviews.assignments.seats import LEASE, REST
from reviews.errors import NotInvitedError, UnblindedError
from reviews.models import (
    Assignment,
    AssignmentState,
    Campaign,
    Dealing,
    Reviewer,
    ReviewerState,
)
from reviews.planning.campaign import close_campaign, pause_campaign
from tests.cast import Team
from tests.reviews.conftest import a_campaign
from tests.reviews.steps import next_assignment, prefetch, record


def deal(campaign: Campaign, user: User) -> Assignment:
    dealt = next_assignment(campaign=campaign, user=user)
    assert isinstance(dealt, Assignment)
    return dealt


def answer(assignment: Assignment, user: User, choice: str = "left") -> None:
    nonce = form_nonce(token=assignment.token, user=user)
    record(token=assignment.token, user=user, answer=ReviewerAnswer(choice), nonce=nonce)


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


def test_the_one_after_is_dealt_ahead_under_its_own_lease(campaign: Campaign, team: Team) -> None:
    first = deal(campaign, team.rui)
    after = prefetch(campaign=campaign, user=team.rui)
    assert after is not None
    assert after.turn == first.turn + 1
    assert after.pair_id != first.pair_id
    assert prefetch(campaign=campaign, user=team.rui) == after
    assert deal(campaign, team.rui) == first
    assert Assignment.objects.filter(state=AssignmentState.LEASED).count() == 2
    answer(first, team.rui)
    assert deal(campaign, team.rui) == after


def test_nothing_is_dealt_ahead_of_the_last_pair(team: Team) -> None:
    campaign = a_campaign(team, items=1)
    assert deal(campaign, team.rui)
    assert prefetch(campaign=campaign, user=team.rui) is None


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda campaign: Reviewer.objects.update(state=ReviewerState.PAUSED), "paused"),
        (lambda campaign: Reviewer.objects.update(state=ReviewerState.REMOVED), "removed"),
        (lambda campaign: pause_campaign(campaign=campaign, by=None), "paused"),
        (lambda campaign: close_campaign(campaign=campaign, by=None), "closed"),
        (lambda campaign: Campaign.objects.update(unblinded=timezone.now()), "closed"),
    ],
    ids=["reviewer paused", "reviewer removed", "campaign paused", "closed", "unblinded"],
)
def test_each_end_of_dealing_is_one_of_its_own(
    campaign: Campaign, team: Team, change: Callable[[Campaign], object], kind: str
) -> None:
    dealt = deal(campaign, team.rui)
    change(campaign)
    assert next_assignment(campaign=campaign, user=team.rui) == End(kind)  # type: ignore[arg-type]
    assert prefetch(campaign=campaign, user=team.rui) is None
    if kind == "paused":  # what was before them can still be answered
        answer(dealt, team.rui)


def test_a_quota_counts_what_is_held(campaign: Campaign, team: Team) -> None:
    first = deal(campaign, team.rui)
    Reviewer.objects.update(quota=2)
    assert prefetch(campaign=campaign, user=team.rui) is not None
    answer(first, team.rui)
    assert prefetch(campaign=campaign, user=team.rui) is None
    answer(deal(campaign, team.rui), team.rui)
    assert next_assignment(campaign=campaign, user=team.rui) == End("quota")


def test_a_claim_reads_no_more_after_hundreds_of_answers(team: Team) -> None:
    campaign = a_campaign(team, items=300, reviewers_per_item=2)

    def queries() -> list[str]:
        answer(deal(campaign, team.rui), team.rui)
        with CaptureQueriesContext(connection) as captured:
            deal(campaign, team.rui)
        return [re.sub(r"\d+", "#", query["sql"])[:60] for query in captured.captured_queries]

    first = queries()
    for _ in range(200):
        answer(deal(campaign, team.rui), team.rui)
    assert queries() == first
    assert Reviewer.objects.get().cursor >= 200


def test_who_comes_late_passes_all_full_pairs_in_few_queries(team: Team) -> None:
    campaign = a_campaign(team, items=400, reviewers_per_item=1)
    free = campaign.pairs.order_by("?").first()
    campaign.pairs.exclude(pk=free.pk).update(taken=1)
    with CaptureQueriesContext(connection) as captured:
        assert deal(campaign, team.rui).pair == free
    searches = [query for query in captured.captured_queries if "position IN" in query["sql"]]
    assert len(searches) <= 4  # 8 places, then 32, 128 and the rest
    answer(deal(campaign, team.rui), team.rui)
    assert next_assignment(campaign=campaign, user=team.rui) == End("done")
    with CaptureQueriesContext(connection) as captured:
        next_assignment(campaign=campaign, user=team.rui)
    assert not any("position IN" in query["sql"] for query in captured.captured_queries)


def test_telling_strata_come_first_and_in_the_end_all_come(team: Team) -> None:
    campaign = a_campaign(team, items=120, reviewers_per_item=1)
    deal(campaign, team.rui)
    strata = dict(campaign.pairs.values_list("pk", "stratum"))
    assert Counter(strata.values()) == {"dates": 60, "sums": 60}
    Dealing.objects.update(chances={"sums": 0.2})
    order = []
    while isinstance(dealt := next_assignment(campaign=campaign, user=team.rui), Assignment):
        order.append(strata[dealt.pair_id])
        answer(dealt, team.rui)
    assert Counter(order) == {"dates": 60, "sums": 60}
    # a fifth of 60 in the first lap: binomial(60, .2) has mean 12, standard deviation 3.1
    early = order[: 60 + 12].count("sums")
    assert abs(early - 12) < 4 * 3.1
    assert set(order[-30:]) == {"sums"}


def test_practice_comes_first_the_same_for_all_and_takes_no_seat(team: Team) -> None:
    known = {
        f"q{i:04}": Known(expected="candidate", feedback="Because.", practice=True)
        for i in range(3)
    }
    campaign = a_campaign(team, items=9, design=Design(practice=3, known=known))
    orders = []
    for user in (team.rui, team.ruth):
        order = []
        while isinstance(dealt := next_assignment(campaign=campaign, user=user), Assignment):
            order.append(dealt.pair_id)
            answer(dealt, user)
        assert dealt == End("practice")
        orders.append(order)
    assert orders[0] == orders[1]
    practice = campaign.pairs.filter(kind="practice")
    assert set(practice.values_list("pk", flat=True)) == set(orders[0])
    assert set(campaign.pairs.values_list("taken", flat=True)) == {0}
    assert Reviewer.objects.filter(judged=0).count() == 2


@pytest.mark.parametrize("verb", [pause_reviewer, remove_reviewer])
def test_what_a_stopped_reviewer_held_is_soon_free_for_others(
    team: Team, verb: Callable[..., None]
) -> None:
    campaign = a_campaign(team, items=2, reviewers_per_item=1)
    prefetch(campaign=campaign, user=team.rui)
    verb(reviewer=Reviewer.objects.get(user=team.rui), by=team.olga)
    end = next_assignment(campaign=campaign, user=team.ruth)
    assert isinstance(end, End)
    assert end.retry_in_s is not None
    assert end.retry_in_s <= REST.total_seconds()
    let_leases_end(campaign)
    answer(deal(campaign, team.ruth), team.ruth)
    answer(deal(campaign, team.ruth), team.ruth)


def test_a_paused_reviewer_has_the_time_to_answer_what_is_at_hand(team: Team) -> None:
    campaign = a_campaign(team, items=1, reviewers_per_item=1)
    reading = deal(campaign, team.rui)
    pause_reviewer(reviewer=Reviewer.objects.get(user=team.rui), by=team.olga)
    answer(reading, team.rui)
    assert campaign.pairs.get().taken == 1
