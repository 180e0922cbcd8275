"""Opening and closing a campaign."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from evalhub.declare.review import Design
from evalhub.io.canonical import digest_of
from evalhub.registry.models import Run
from reviews.assignments.assign import End
from reviews.blinding import candidate_on_left
from reviews.errors import CampaignEndedError, PlanError
from reviews.joining.invite import invite
from reviews.models import Assignment, Campaign, Pair
from reviews.planning.campaign import close_campaign, pause_campaign, resume_campaign
from tests.cast import Team, a_run, a_team, a_test_set
from tests.reviews.asking import a_review
from tests.reviews.assignments.test_assign import answer
from tests.reviews.conftest import a_campaign
from tests.reviews.steps import next_assignment


def test_the_plan_is_sealed_by_its_hash(asked: dict[str, Any]) -> None:
    campaign = a_review(**asked)
    assert campaign.plan_hash == digest_of(campaign.plan)
    assert campaign.plan["items"] == list(campaign.pairs.values_list("item__key", flat=True))
    assert campaign.plan["strata"] == {
        "dates": {"different": 5, "sampled": 3},
        "sums": {"different": 5, "sampled": 3},
    }
    assert digest_of(campaign.plan | {"reviewers_per_item": 3}) != campaign.plan_hash


def test_the_same_plan_is_the_same_campaign(asked: dict[str, Any]) -> None:
    first = a_review(**asked)
    assert a_review(**asked) == first
    assert Pair.objects.count() == 6
    assert a_review(**asked | {"seed": 12}) != first


def test_the_same_plan_of_the_same_answers_has_one_hash_in_any_database(team: Team) -> None:
    """Rows of other ids: the plan, its seed and with it orders and sides are the same."""
    first = a_campaign(team, design=Design(controls=0.2))
    elsewhere = a_team("Other", "other")
    a_test_set(elsewhere, "in-between", items=5)
    second = a_campaign(elsewhere, design=Design(controls=0.2))
    assert second.plan == first.plan
    assert (second.plan_hash, second.seed) == (first.plan_hash, first.seed)
    assert {*first.pairs.values_list("item")}.isdisjoint(second.pairs.values_list("item"))


def test_sides_follow_the_pseudonym_that_a_reviewer_joined_with(
    campaign: Campaign, team: Team
) -> None:
    """Neither their row's id nor any name that they have."""
    sides = []
    while isinstance(dealt := next_assignment(campaign=campaign, user=team.rui), Assignment):
        sides.append(dealt.candidate_on_left)
        answer(dealt, team.rui)
        team.rui.username = f"rui the {len(sides)}th"
        team.rui.save()
    key = campaign.reviewers.get().key
    assert key.startswith("r-")
    assert sides == [candidate_on_left(campaign.seed, key, turn) for turn in range(12)]


def test_strata_given_by_the_caller_win_over_tags(asked: dict[str, Any]) -> None:
    lost = {f"q{i:04}": "lost" for i in range(4)}
    campaign = a_review(**asked | {"strata": lost, "items": 5})
    assert campaign.plan["strata"]["lost"] == {"different": 4, "sampled": 2}


def test_identical_and_missing_answers_are_counted_but_not_dealt(team: Team) -> None:
    campaign = a_campaign(
        team,
        items=4,
        answers=(["same", "x", "lone", '{"a":1}'], ["same \r\n", "y", None, '{"a": 1}']),
    )
    assert campaign.pairs.count() == 1
    plan = campaign.plan
    assert (plan["different"], plan["identical"], plan["unpaired"]) == (1, 2, 1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"question": " "}, "question is empty"),
        ({"question": "Is Shiny-LoRA better?"}, "question names an arm"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(
    asked: dict[str, Any], wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(PlanError, match=said):
        a_review(**asked | wrong)
    assert not Campaign.objects.exists()


def test_a_word_that_only_contains_an_arm_s_name_is_fine(asked: dict[str, Any]) -> None:
    asked["study"].arms.filter(role="baseline").update(name="base")
    question = "Which answer is based on the policy?"
    assert a_review(**asked | {"question": question}).question == question


def test_runs_of_different_test_sets_are_refused(asked: dict[str, Any], team: Team) -> None:
    other = a_test_set(team, "other", items=1)
    run = a_run(asked["candidate_run"].version, other, scores=[1])
    with pytest.raises(PlanError, match="different test sets"):
        a_review(**asked | {"candidate_run": run})


def test_a_version_is_not_compared_with_itself(asked: dict[str, Any]) -> None:
    run: Run = asked["baseline_run"]
    with pytest.raises(PlanError, match="nothing to compare"):
        a_review(**asked | {"candidate_run": run})


def test_arms_that_answered_alike_leave_nothing_to_ask(team: Team) -> None:
    with pytest.raises(PlanError, match="3 are identical, 0 have no answer"):
        a_campaign(team, items=3, answers=(["a", "b", "c"], ["a", "b", "c"]))


def test_a_closed_campaign_deals_nothing(campaign: Campaign, team: Team) -> None:
    close_campaign(campaign=campaign, by=None)
    assert next_assignment(campaign=campaign, user=team.rui) == End("closed")


def test_a_study_with_a_campaign_cannot_be_deleted(campaign: Campaign) -> None:
    study = campaign.study
    assert study is not None
    with pytest.raises(ProtectedError):
        study.delete()


def test_the_database_refuses_a_seat_too_many(campaign: Campaign) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        campaign.pairs.update(taken=3)


def test_every_field_of_a_sealed_plan_is_refused_a_change_by_the_database(
    campaign: Campaign,
) -> None:
    changed: dict[str, Any] = {
        "plan": {},
        "plan_hash": "0" * 64,
        "form": {"steps": True},
        "question": "Another?",
        "reviewers_per_item": 9,
        "seed": 99,
        "requires": ["de"],
        "invited_only": True,
    }
    for field, value in changed.items():
        with pytest.raises(IntegrityError, match="sealed plan"), transaction.atomic():
            Campaign.objects.filter(pk=campaign.pk).update(**{field: value})
    campaign.question = "Another?"
    with pytest.raises(IntegrityError, match="sealed plan"), transaction.atomic():
        campaign.save()


def test_a_pair_of_a_sealed_plan_cannot_be_changed_but_its_seats_be_taken(
    campaign: Campaign,
) -> None:
    other = campaign.pairs.latest("position")
    changed: dict[str, Any] = {
        "kind": "gold",
        "expected": "tie",
        "stratum": "else",
        "seats": 5,
        "position": 999,
        "candidate_output": other.baseline_output,
    }
    first = campaign.pairs.order_by("position")[:1].values("pk")
    for field, value in changed.items():
        with pytest.raises(IntegrityError, match="sealed plan"), transaction.atomic():
            Pair.objects.filter(pk__in=first).update(**{field: value})
    assert Pair.objects.filter(pk__in=first).update(taken=1) == 1


def test_no_verb_changes_a_sealed_plan(campaign: Campaign, team: Team) -> None:
    sealed = campaign.plan_hash
    pause_campaign(campaign=campaign, by=team.olga)
    resume_campaign(campaign=campaign, by=team.olga)
    next_assignment(campaign=campaign, user=team.rui)
    invite(campaign=campaign, email="nora@example.org", by=team.olga)
    close_campaign(campaign=campaign, by=team.olga)
    campaign.refresh_from_db()
    assert campaign.plan_hash == digest_of(campaign.plan) == sealed


def test_another_plan_is_another_campaign_in_place_of_the_first(
    asked: dict[str, Any], team: Team
) -> None:
    first = a_review(**asked)
    second = a_review(**asked | {"seed": 12, "supersedes": first, "by": team.olga})
    first.refresh_from_db()
    assert second.supersedes == first
    assert (first.state, first.ended) == ("closed", "another plan took its place")
    assert [each.kind for each in first.events.all()] == ["opened", "closed", "sealed"]
    assert second.events.get().by == team.olga


def test_pausing_and_resuming_are_recorded_once_each(campaign: Campaign, team: Team) -> None:
    for _ in range(2):
        pause_campaign(campaign=campaign, by=team.olga)
    assert next_assignment(campaign=campaign, user=team.rui) == End("paused")
    for _ in range(2):
        resume_campaign(campaign=campaign, by=None)
    assert not isinstance(next_assignment(campaign=campaign, user=team.rui), End)
    assert [each.kind for each in campaign.events.all()] == ["opened", "paused", "resumed"]


def test_a_closed_campaign_is_neither_paused_nor_resumed(campaign: Campaign) -> None:
    close_campaign(campaign=campaign, by=None)
    for verb in (pause_campaign, resume_campaign):
        with pytest.raises(CampaignEndedError):
            verb(campaign=campaign, by=None)
