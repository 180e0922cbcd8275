"""A campaign that stops dealing once its preference is clear."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from evalhub.accounts.models import User
from evalhub.decision.policy import StudySettings
from evalhub.declare.review import Anytime, Design
from reviews.assignments.assign import End
from reviews.assignments.judge import undo
from reviews.assignments.seats import LEASE
from reviews.errors import CampaignClosedError, NamesRevealedError
from reviews.models import Assignment, Campaign, CampaignState, Dealing, EventKind
from reviews.planning.campaign import close_campaign
from reviews.results.early_stopping import early_stop_of, stop_if_clear
from reviews.results.judgment_data import judgment_data
from reviews.results.unblind import unblind
from tests.cast import Team
from tests.reviews.assignments.test_assign import answer, let_leases_end
from tests.reviews.conftest import a_campaign
from tests.reviews.judged import judge_all
from tests.reviews.steps import next_assignment


def a_stopping_campaign(team: Team, *, items: int = 60, priority: bool = False) -> Campaign:
    rule = Anytime(alpha=0.025, share=0.2, priority=priority)
    design = Design(stopping=rule)
    alone = StudySettings(min_reviewers=1)
    return a_campaign(team, items=items, reviewers_per_item=1, design=design, policy=alone)


def judge_until_the_end(
    campaign: Campaign, user: User, favours: Callable[[Assignment], str]
) -> tuple[int, End]:
    """How many answers this reviewer gave, and how it ended."""
    given = 0
    while isinstance(dealt := next_assignment(campaign=campaign, user=user), Assignment):
        answer(dealt, user, favours(dealt))
        given += 1
    return given, dealt


def candidate(dealt: Assignment) -> str:
    return "left" if dealt.candidate_on_left else "right"


def test_a_clear_preference_ends_it_early_and_the_event_says_why(team: Team) -> None:
    campaign = a_stopping_campaign(team)
    given, end = judge_until_the_end(campaign, team.rui, candidate)
    assert given == 20
    assert end.kind == "stopped"
    kept = Campaign.objects.get(pk=campaign.pk)
    assert kept.state == CampaignState.CLOSED
    assert kept.ended == "The preference is clear after 20 of 60 judgments."
    event = kept.events.get(kind=EventKind.STOPPED)
    assert event.by is None
    found = early_stop_of(kept)
    assert found is not None
    assert (found.winner, found.judgments, found.planned) == ("candidate", 20, 60)
    assert 0.5 < found.lower < found.upper == 1
    assert found.p_better <= 0.025


def test_what_reviewers_are_told_names_no_side(team: Team) -> None:
    campaign = a_stopping_campaign(team)
    judge_until_the_end(campaign, team.rui, candidate)
    told = Campaign.objects.get(pk=campaign.pk).ended
    assert "candidate" not in told
    assert "baseline" not in told


def test_no_preference_is_judged_to_the_end(team: Team) -> None:
    campaign = a_stopping_campaign(team)
    given, end = judge_until_the_end(campaign, team.rui, lambda _: "tie")
    assert (given, end.kind) == (60, "done")
    assert early_stop_of(campaign) is None


def test_a_fixed_plan_never_stops_early(team: Team) -> None:
    campaign = a_campaign(team, items=60, reviewers_per_item=1)
    given, end = judge_until_the_end(campaign, team.rui, candidate)
    assert (given, end.kind) == (60, "done")
    assert stop_if_clear(campaign=campaign) is None


def stopped_while_at_hand(team: Team) -> tuple[Campaign, Assignment]:
    """A campaign that was stopped, and what Ruth was still reading then."""
    campaign = a_stopping_campaign(team)
    reading = next_assignment(campaign=campaign, user=team.ruth)
    assert isinstance(reading, Assignment)
    judge_until_the_end(campaign, team.rui, candidate)
    return Campaign.objects.get(pk=campaign.pk), reading


def test_an_answer_that_was_begun_before_counts_and_moves_no_claim(team: Team) -> None:
    campaign, reading = stopped_while_at_hand(team)
    claimed = early_stop_of(campaign)
    answer(reading, team.ruth, "tie")
    assert next_assignment(campaign=campaign, user=team.ruth) == End("stopped")
    said = [each.favours for each in judgment_data(campaign).of()]
    assert said == ["candidate"] * 20 + ["tie"]
    assert early_stop_of(campaign) == claimed
    assert campaign.events.filter(kind=EventKind.STOPPED).count() == 1


def test_nothing_is_taken_once_its_lease_has_ended_or_the_names_are_known(team: Team) -> None:
    campaign, reading = stopped_while_at_hand(team)
    let_leases_end(campaign)
    with pytest.raises(CampaignClosedError):
        answer(reading, team.ruth)
    Assignment.objects.filter(pk=reading.pk).update(lease_until=timezone.now() + LEASE)
    unblind(campaign=campaign, by=team.olga)
    with pytest.raises(NamesRevealedError):
        answer(reading, team.ruth)


def test_what_was_begun_before_an_owner_closed_it_is_refused(team: Team) -> None:
    campaign = a_stopping_campaign(team)
    reading = next_assignment(campaign=campaign, user=team.ruth)
    assert isinstance(reading, Assignment)
    close_campaign(campaign=campaign, by=None)
    with pytest.raises(CampaignClosedError):
        answer(reading, team.ruth)


def test_an_answer_that_counted_is_not_taken_back_any_more(team: Team) -> None:
    campaign, reading = stopped_while_at_hand(team)
    answer(reading, team.ruth)
    with pytest.raises(CampaignClosedError):
        undo(campaign=campaign, user=team.ruth)


def test_stopping_twice_is_once(team: Team) -> None:
    campaign = a_stopping_campaign(team)
    judge_until_the_end(campaign, team.rui, candidate)
    stale = Campaign.objects.get(pk=campaign.pk)
    stale.state = CampaignState.OPEN
    assert stop_if_clear(campaign=stale) is None
    assert campaign.events.filter(kind=EventKind.STOPPED).count() == 1


def test_strata_that_are_least_certain_come_first(team: Team) -> None:
    """Everything about dates is clear and nothing about sums: sums get the better chance."""
    campaign = a_stopping_campaign(team, items=60, priority=True)
    dates = set(campaign.pairs.filter(item__tags=["dates"]).values_list("position", flat=True))
    Dealing.objects.of_campaign(campaign)

    def favours(position: int) -> str:
        return "tie" if position in dates else ["candidate", "baseline"][position % 2]

    judge_all(campaign, {"rui": favours})
    assert stop_if_clear(campaign=campaign) is None
    chances = Dealing.objects.get(campaign=campaign).chances
    assert chances["sums"] == 1
    assert 0.25 <= chances["dates"] < 1
