"""Taking an answer back, until its block is sealed."""

import pytest
from django.utils import timezone

from evalhub.declare.review import Form
from reviews.assignments.answer import ReviewerAnswer
from reviews.assignments.judge import form_nonce, undo
from reviews.errors import (
    AlreadyJudgedError,
    CampaignClosedError,
    NamesRevealedError,
    NothingToUndoError,
)
from reviews.models import Assignment, AssignmentState, Campaign, Judgment, Reviewer
from reviews.planning.campaign import close_campaign
from tests.cast import Team
from tests.reviews.assignments.test_assign import answer, deal
from tests.reviews.conftest import a_campaign
from tests.reviews.steps import next_assignment, prefetch, record


def said(campaign: Campaign) -> list[str]:
    found = Judgment.objects.current().filter(assignment__reviewer__campaign=campaign)
    return list(found.order_by("assignment__turn").values_list("choice", flat=True))


def test_an_answer_taken_back_doesnt_stand_and_its_comparison_comes_again(
    campaign: Campaign, team: Team
) -> None:
    first, second = deal(campaign, team.rui), prefetch(campaign=campaign, user=team.rui)
    answer(first, team.rui, "left")
    undone = undo(campaign=campaign, user=team.rui)
    assert undone == first
    assert said(campaign) == []
    assert deal(campaign, team.rui) == first
    assert prefetch(campaign=campaign, user=team.rui) == second
    assert campaign.pairs.get(pk=first.pair_id).taken == 1


def test_the_next_answer_is_another_revision_and_stands(campaign: Campaign, team: Team) -> None:
    dealt = deal(campaign, team.rui)
    answer(dealt, team.rui, "left")
    undo(campaign=campaign, user=team.rui)
    answer(dealt, team.rui, "right")
    assert said(campaign) == ["right"]
    rows = Judgment.objects.order_by("revision").values_list("revision", "choice")
    assert list(rows) == [(0, "left"), (1, "right")]
    assert Reviewer.objects.get().judged == Reviewer.objects.get().seated == 1


def test_several_answers_are_taken_back_from_the_last_on(campaign: Campaign, team: Team) -> None:
    dealt = []
    for choice in ("left", "tie", "right"):
        dealt.append(deal(campaign, team.rui))
        answer(dealt[-1], team.rui, choice)
    assert undo(campaign=campaign, user=team.rui) == dealt[2]
    assert undo(campaign=campaign, user=team.rui) == dealt[1]
    assert said(campaign) == ["left"]
    assert deal(campaign, team.rui) == dealt[1]


def test_a_retry_of_the_answer_that_was_taken_back_changes_nothing(
    campaign: Campaign, team: Team
) -> None:
    dealt = deal(campaign, team.rui)
    nonce = form_nonce(token=dealt.token, user=team.rui)

    def send(choice: str, key: str) -> Judgment:
        return record(
            token=dealt.token, user=team.rui, nonce=nonce, answer=ReviewerAnswer(choice), key=key
        )

    first = send("left", "one")
    undo(campaign=campaign, user=team.rui)
    assert send("left", "one") == first
    assert said(campaign) == []
    send("right", "two")
    assert send("right", "two").choice == "right"
    assert send("left", "one") == first
    with pytest.raises(AlreadyJudgedError):
        send("left", "three")
    assert said(campaign) == ["right"]


def test_a_block_is_sealed_by_the_first_answer_after_it(team: Team) -> None:
    campaign = a_campaign(team, form=Form(block=3))
    for _ in range(3):
        answer(deal(campaign, team.rui), team.rui)
    last = undo(campaign=campaign, user=team.rui)
    answer(last, team.rui)
    answer(deal(campaign, team.rui), team.rui)
    assert undo(campaign=campaign, user=team.rui).turn == 3
    with pytest.raises(NothingToUndoError):
        undo(campaign=campaign, user=team.rui)
    assert Assignment.objects.filter(state=AssignmentState.DONE).count() == 3


def test_nobody_takes_back_another_s_answer(campaign: Campaign, team: Team) -> None:
    answer(deal(campaign, team.rui), team.rui)
    with pytest.raises(NothingToUndoError):
        undo(campaign=campaign, user=team.ruth)
    next_assignment(campaign=campaign, user=team.ruth)
    with pytest.raises(NothingToUndoError):
        undo(campaign=campaign, user=team.ruth)


def test_nothing_is_taken_back_once_the_campaign_is_over(campaign: Campaign, team: Team) -> None:
    answer(deal(campaign, team.rui), team.rui)
    close_campaign(campaign=campaign, by=None)
    with pytest.raises(CampaignClosedError):
        undo(campaign=campaign, user=team.rui)
    Campaign.objects.update(unblinded=timezone.now())
    with pytest.raises(NamesRevealedError):
        undo(campaign=campaign, user=team.rui)
    assert said(campaign) == ["left"]
