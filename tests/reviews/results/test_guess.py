"""Which one was tuned? Asked once the last vote is in."""

import pytest
from django.utils import timezone

from evalhub.declare.review import Form
from reviews.errors import (
    AlreadyGuessedError,
    NamesRevealedError,
    StillJudgingError,
    UnknownAssignmentError,
    UnknownSideError,
)
from reviews.models import Assignment, AssignmentState, Campaign, Guess
from reviews.results.guess import pending_guesses, record_guess
from tests.cast import Team
from tests.reviews.conftest import a_campaign
from tests.reviews.judged import judge_all


@pytest.fixture
def asking(team: Team) -> Campaign:
    """Rui and Ruth have judged everything, and the form asks for guesses."""
    campaign = a_campaign(team, form=Form(guess=True))
    judge_all(campaign, {"rui": lambda _: "candidate", "ruth": lambda _: "tie"})
    return campaign


def test_five_of_ones_own_pairs_are_asked_and_always_the_same(asking: Campaign, team: Team) -> None:
    asked = pending_guesses(campaign=asking, user=team.rui)
    assert len(asked) == 5
    assert {each.reviewer.user for each in asked} == {team.rui}
    assert asked == pending_guesses(campaign=asking, user=team.rui)
    assert asked != pending_guesses(campaign=asking, user=team.ruth)


def test_each_guess_leaves_one_fewer(asking: Campaign, team: Team) -> None:
    for left in (4, 3, 2, 1, 0):
        first = pending_guesses(campaign=asking, user=team.rui)[0]
        record_guess(token=first.token, user=team.rui, side="left")
        assert len(pending_guesses(campaign=asking, user=team.rui)) == left
    assert Guess.objects.count() == 5


def test_the_same_guess_again_is_the_same_row_and_another_is_refused(
    asking: Campaign, team: Team
) -> None:
    asked = pending_guesses(campaign=asking, user=team.rui)[0]
    first = record_guess(token=asked.token, user=team.rui, side="unsure")
    assert record_guess(token=asked.token, user=team.rui, side="unsure") == first
    with pytest.raises(AlreadyGuessedError):
        record_guess(token=asked.token, user=team.rui, side="right")


def test_nothing_is_asked_while_there_is_something_to_judge(asking: Campaign, team: Team) -> None:
    asked = pending_guesses(campaign=asking, user=team.rui)[0]
    Assignment.objects.filter(pk=asked.pk).update(state=AssignmentState.LEASED)
    assert pending_guesses(campaign=asking, user=team.rui) == []
    other = Assignment.objects.filter(reviewer__user=team.rui).exclude(pk=asked.pk)[0]
    with pytest.raises(StillJudgingError):
        record_guess(token=other.token, user=team.rui, side="left")


def test_a_campaign_that_doesnt_ask_has_none(campaign: Campaign, team: Team) -> None:
    judge_all(campaign, {"rui": lambda _: "candidate"})
    assert pending_guesses(campaign=campaign, user=team.rui) == []


def test_after_the_names_are_known_a_guess_says_nothing(asking: Campaign, team: Team) -> None:
    asked = pending_guesses(campaign=asking, user=team.rui)[0]
    Campaign.objects.update(unblinded=timezone.now())
    asking.refresh_from_db()
    assert pending_guesses(campaign=asking, user=team.rui) == []
    with pytest.raises(NamesRevealedError):
        record_guess(token=asked.token, user=team.rui, side="left")


def test_only_ones_own_turns_that_are_asked_about_can_be_guessed_at(
    asking: Campaign, team: Team
) -> None:
    asked = pending_guesses(campaign=asking, user=team.rui)
    with pytest.raises(UnknownAssignmentError):
        record_guess(token=asked[0].token, user=team.ruth, side="left")
    other = (
        Assignment.objects.filter(reviewer__user=team.rui)
        .exclude(pk__in=[each.pk for each in asked])
        .first()
    )
    assert other is not None
    with pytest.raises(UnknownAssignmentError):
        record_guess(token=other.token, user=team.rui, side="left")
    with pytest.raises(UnknownSideError):
        record_guess(token=asked[0].token, user=team.rui, side="heron")
