"""Many reviewers at once, on the database that the tests run on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.db.models import Count, F

from evalhub.accounts.models import Membership, Role, User
from reviews.assignments.answer import ReviewerAnswer
from reviews.assignments.judge import form_nonce
from reviews.errors import AlreadyJudgedError
from reviews.models import Assignment, Campaign, Judgment
from reviews.results.adjudicate import adjudicate, adjudication_counts, next_disagreement
from tests.cast import Team
from tests.reviews.assignments.test_assign import answer, deal, let_leases_end
from tests.reviews.conftest import a_campaign
from tests.reviews.judged import judge_all
from tests.reviews.steps import next_assignment, record

pytestmark = pytest.mark.django_db(transaction=True)


def at_once[T](work: list[Callable[[], T]]) -> list[T]:
    """Runs each in a thread with a connection of its own."""

    def run(one: Callable[[], T]) -> T:
        try:
            return one()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def crowd(team: Team, size: int) -> list[User]:
    users = [User.objects.create(username=f"reviewer-{i}") for i in range(size)]
    for user in users:
        Membership.objects.create(project=team.project, user=user, role=Role.REVIEWER)
    return users


@pytest.mark.heavy
def test_thirty_reviewers_at_once_never_take_a_seat_too_many(team: Team) -> None:
    campaign = a_campaign(team, items=8, reviewers_per_item=3)

    def work(user: User) -> int:
        judged = 0
        while isinstance(dealt := next_assignment(campaign=campaign, user=user), Assignment):
            answer(dealt, user)
            judged += 1
        return judged

    judged = at_once([lambda user=user: work(user) for user in crowd(team, 30)])
    assert sum(judged) == Judgment.objects.count() == 24
    pairs = campaign.pairs.annotate(given=Count("assignments__judgments"))
    assert [(pair.given, pair.taken) for pair in pairs] == [(3, 3)] * 8
    assert Assignment.objects.count() == 24


def test_leases_that_end_while_many_ask_are_released_once(team: Team) -> None:
    campaign = a_campaign(team, items=3, reviewers_per_item=2)
    users = crowd(team, 12)
    for user in users[:6]:
        deal(campaign, user)
    let_leases_end(campaign)
    at_once([lambda user=user: next_assignment(campaign=campaign, user=user) for user in users[6:]])
    held = campaign.pairs.filter(assignments__state="leased").annotate(leases=Count("assignments"))
    assert sum(pair.leases for pair in held) == 6
    assert not campaign.pairs.exclude(taken=2).exists()


@pytest.mark.heavy
def test_fifty_submits_of_one_answer_make_one_judgment(team: Team, campaign: Campaign) -> None:
    dealt = deal(campaign, team.rui)
    nonce = form_nonce(token=dealt.token, user=team.rui)

    def submit() -> int:
        return record(
            token=dealt.token, user=team.rui, answer=ReviewerAnswer("left"), nonce=nonce
        ).pk

    assert len(set(at_once([submit] * 50))) == 1
    assert Judgment.objects.count() == 1


def test_two_answers_at_once_keep_the_first(team: Team, campaign: Campaign) -> None:
    dealt = deal(campaign, team.rui)
    nonce = form_nonce(token=dealt.token, user=team.rui)

    def submit(choice: str) -> str:
        try:
            return record(
                token=dealt.token, user=team.rui, answer=ReviewerAnswer(choice), nonce=nonce
            ).choice
        except AlreadyJudgedError:
            return "refused"

    said = at_once([lambda: submit("left"), lambda: submit("right")])
    assert sorted(said) in (["left", "refused"], ["refused", "right"])
    assert Judgment.objects.count() == 1


def test_two_tabs_of_one_reviewer_get_one_turn(team: Team, campaign: Campaign) -> None:
    tokens = at_once([lambda: deal(campaign, team.rui).token] * 8)
    assert len(set(tokens)) == 1
    assert campaign.pairs.filter(taken__gt=0).count() == 1
    assert not campaign.pairs.filter(taken__gt=F("seats")).exists()


def test_ten_adjudicators_at_once_decide_each_disagreement_once(
    team: Team, campaign: Campaign
) -> None:
    judge_all(
        campaign,
        {"bob": lambda _: "candidate", "ben": lambda p: "baseline" if p < 4 else "candidate"},
    )

    def adjudicate_all(user: User) -> int:
        decided = 0
        while (turn := next_disagreement(campaign=campaign, user=user)) is not None:
            nonce = form_nonce(token=turn.token, user=user)
            adjudicate(token=turn.token, user=user, nonce=nonce, choice="left")
            decided += 1
        return decided

    assert sum(at_once([lambda user=user: adjudicate_all(user) for user in crowd(team, 10)])) == 4
    assert adjudication_counts(campaign) == (4, 4)
