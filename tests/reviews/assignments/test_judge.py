"""Taking what a reviewer said, once."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from evalhub.declare.declaration import validate
from evalhub.declare.review import Form
from reviews.assignments.answer import ReviewerAnswer
from reviews.assignments.assign import End
from reviews.assignments.judge import form_nonce, skip
from reviews.chain.append import add_judgment
from reviews.errors import (
    AlreadyJudgedError,
    CampaignClosedError,
    LeaseLostError,
    NamesRevealedError,
    NotReviewingError,
    StaleFormError,
    UnknownAssignmentError,
    UnknownChoiceError,
)
from reviews.models import (
    Assignment,
    AssignmentState,
    Campaign,
    Judgment,
    Reviewer,
    ReviewerState,
)
from reviews.planning.campaign import close_campaign
from tests.cast import Team
from tests.reviews.assignments.test_assign import answer, deal, let_leases_end
from tests.reviews.conftest import a_campaign
from tests.reviews.steps import next_assignment, prefetch, record


def test_an_answer_is_kept_with_its_seconds(campaign: Campaign, team: Team) -> None:
    dealt = deal(campaign, team.rui)
    answer(dealt, team.rui, "both-bad")
    judgment = Judgment.objects.get()
    assert judgment.assignment == dealt
    assert judgment.choice == "both-bad"
    assert 0 <= judgment.seconds < 60


def test_the_same_answer_again_is_harmless_and_another_is_refused(
    campaign: Campaign, team: Team
) -> None:
    dealt = deal(campaign, team.rui)
    answer(dealt, team.rui, "left")
    answer(dealt, team.rui, "left")
    with pytest.raises(AlreadyJudgedError, match="Left is better"):
        answer(dealt, team.rui, "right")
    assert [judgment.choice for judgment in Judgment.objects.all()] == ["left"]


def test_the_form_of_another_comparison_is_refused(campaign: Campaign, team: Team) -> None:
    dealt, other = deal(campaign, team.rui), deal(campaign, team.ruth)
    for nonce in (
        form_nonce(token=other.token, user=team.rui),
        form_nonce(token=dealt.token, user=team.ruth),
        "",
    ):
        with pytest.raises(StaleFormError):
            record(token=dealt.token, user=team.rui, answer=ReviewerAnswer("left"), nonce=nonce)
    assert not Judgment.objects.exists()


def test_nobody_answers_for_another_reviewer(campaign: Campaign, team: Team) -> None:
    dealt = deal(campaign, team.rui)
    with pytest.raises(UnknownAssignmentError):
        answer(dealt, team.ruth)
    with pytest.raises(UnknownAssignmentError):
        record(token=uuid.uuid4(), user=team.rui, answer=ReviewerAnswer("left"), nonce="")


def test_an_unknown_choice_is_refused(campaign: Campaign, team: Team) -> None:
    dealt = deal(campaign, team.rui)
    with pytest.raises(UnknownChoiceError):
        answer(dealt, team.rui, "candidate")


def test_a_late_answer_counts_while_a_seat_is_free(team: Team) -> None:
    campaign = a_campaign(team, items=1, reviewers_per_item=2)
    late = deal(campaign, team.rui)
    let_leases_end(campaign)
    answer(deal(campaign, team.ruth), team.ruth)
    assert next_assignment(campaign=campaign, user=team.ruth) == End("done")
    late.refresh_from_db()
    assert late.state == AssignmentState.EXPIRED
    assert campaign.pairs.get().taken == 1
    answer(late, team.rui)
    assert Judgment.objects.latest("pk").assignment == late
    assert campaign.pairs.get().taken == 2


def test_an_answer_whose_seat_went_to_others_is_refused(team: Team) -> None:
    campaign = a_campaign(team, items=1, reviewers_per_item=1)
    late = deal(campaign, team.rui)
    let_leases_end(campaign)
    answer(deal(campaign, team.ruth), team.ruth)
    with pytest.raises(LeaseLostError):
        answer(late, team.rui)
    assert Judgment.objects.count() == 1


def test_an_ended_lease_that_nobody_took_still_counts(team: Team) -> None:
    campaign = a_campaign(team, items=1, reviewers_per_item=1)
    late = deal(campaign, team.rui)
    let_leases_end(campaign)
    answer(late, team.rui)
    assert Judgment.objects.get().assignment == late
    assert campaign.pairs.get().taken == 1


def test_a_closed_campaign_takes_nothing(campaign: Campaign, team: Team) -> None:
    dealt = deal(campaign, team.rui)
    close_campaign(campaign=campaign, by=None)
    with pytest.raises(CampaignClosedError):
        answer(dealt, team.rui)


def test_the_database_holds_one_judgment_an_assignment(campaign: Campaign, team: Team) -> None:
    dealt: Assignment = deal(campaign, team.rui)
    answer(dealt, team.rui)
    with pytest.raises(IntegrityError), transaction.atomic():
        add_judgment(dealt, revision=0, choice="right", seconds=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Judgment.objects.filter(assignment=dealt).update(choice="candidate")


def test_once_the_names_are_known_nothing_is_answered_or_skipped(
    campaign: Campaign, team: Team
) -> None:
    first, dealt = deal(campaign, team.ruth), deal(campaign, team.rui)
    answer(first, team.ruth)
    Campaign.objects.update(unblinded=timezone.now())
    nonce = form_nonce(token=dealt.token, user=team.rui)
    with pytest.raises(NamesRevealedError):
        answer(dealt, team.rui)
    with pytest.raises(NamesRevealedError):
        skip(token=dealt.token, user=team.rui, nonce=nonce, reason="too late")
    answer(first, team.ruth)  # a retry of what is kept says that it is kept
    assert Judgment.objects.count() == 1


def test_who_was_removed_answers_nothing_more(campaign: Campaign, team: Team) -> None:
    dealt = deal(campaign, team.rui)
    Reviewer.objects.update(state=ReviewerState.REMOVED)
    with pytest.raises(NotReviewingError):
        answer(dealt, team.rui)


def test_seconds_of_what_was_dealt_ahead_count_from_the_answer_before(
    campaign: Campaign, team: Team
) -> None:
    first, after = deal(campaign, team.rui), prefetch(campaign=campaign, user=team.rui)
    assert after is not None
    long_ago = timezone.now() - timedelta(minutes=5)
    Assignment.objects.update(dealt=long_ago)
    answer(first, team.rui)
    answer(after, team.rui)
    seconds = list(Judgment.objects.order_by("pk").values_list("seconds", flat=True))
    assert seconds[0] == pytest.approx(300, abs=30)
    assert seconds[1] < 30


def test_all_that_was_said_is_kept_as_presented(team: Team) -> None:
    form = validate(
        Form,
        {
            "steps": True,
            "dimensions": [{"name": "tone", "question": "Whose tone is better?"}],
            "rationale": "optional",
            "flags": ["unsafe", "broken-format"],
        },
    )
    campaign = a_campaign(team, items=1, form=form)
    dealt = deal(campaign, team.rui)
    record(
        token=dealt.token,
        user=team.rui,
        nonce=form_nonce(token=dealt.token, user=team.rui),
        answer=ReviewerAnswer(
            "right",
            much=True,
            answers={"tone": "left"},
            flags={"left": ["broken-format", "unsafe"], "right": []},
            rationale=" It is kinder. ",
            visible_seconds=12.5,
        ),
    )
    kept = Judgment.objects.get()
    assert (kept.choice, kept.much, kept.answers) == ("right", True, {"tone": "left"})
    assert kept.flags == {"left": ["unsafe", "broken-format"]}
    assert (kept.rationale, kept.visible_seconds) == ("It is kinder.", 12.5)
