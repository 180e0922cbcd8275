"""Opening and closing a campaign."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from evalhub.registry.models import Run, Study
from reviews.assign import End, next_assignment
from reviews.campaign import close_campaign, open_campaign, plan_hash
from reviews.errors import PlanError
from reviews.models import Campaign, Pair
from reviews.results import judgments
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.reviews.conftest import a_campaign


@pytest.fixture
def asked(team: Team) -> dict[str, Any]:
    """What `open_campaign` is asked: six of ten items, of two tags."""
    questions = a_test_set(team, items=10, tags=["dates", "sums"])
    base, lora = a_version(team, "plain-base"), a_version(team, "shiny-lora")
    return {
        "baseline_run": a_run(base, questions, scores=[1] * 10, answers=["one"] * 10),
        "candidate_run": a_run(lora, questions, scores=[1] * 10, answers=["two"] * 10),
        "study": a_study(team, baseline=base, candidate=lora, primary=questions),
        "items": 6,
        "reviewers_per_item": 2,
        "seed": 11,
        "question": "Which answer is better?",
    }


def test_the_plan_is_sealed_by_its_hash(asked: dict[str, Any]) -> None:
    campaign = open_campaign(**asked)
    assert campaign.plan_hash == plan_hash(campaign.plan)
    assert campaign.plan["items"] == list(campaign.pairs.values_list("item__key", flat=True))
    assert campaign.plan["strata"] == {
        "dates": {"different": 5, "sampled": 3},
        "sums": {"different": 5, "sampled": 3},
    }
    assert plan_hash(campaign.plan | {"reviewers_per_item": 3}) != campaign.plan_hash


def test_the_same_plan_is_the_same_campaign(asked: dict[str, Any]) -> None:
    first = open_campaign(**asked)
    assert open_campaign(**asked) == first
    assert Pair.objects.count() == 6
    assert open_campaign(**asked | {"seed": 12}) != first


def test_strata_given_by_the_caller_win_over_tags(asked: dict[str, Any]) -> None:
    lost = {f"q{i:04}": "lost" for i in range(4)}
    campaign = open_campaign(**asked | {"strata": lost, "items": 5})
    assert campaign.plan["strata"]["lost"] == {"different": 4, "sampled": 2}


def test_identical_and_missing_answers_are_counted_but_not_dealt(team: Team) -> None:
    campaign = a_campaign(
        team,
        items=4,
        answers=(["same", "x", "lone", '{"a":1}'], ["same \r\n", "y", None, '{"a": 1}']),
    )
    assert campaign.pairs.count() == 1
    found = judgments(campaign)
    assert (found.different, found.identical, found.unpaired) == (1, 2, 1)
    assert found.share_different == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"items": 0}, "items is 0; use 1 or more"),
        ({"reviewers_per_item": 0}, "reviewers_per_item is 0; use 1 or more"),
        ({"seed": -1}, "seed is -1; use 0 or more"),
        ({"question": " "}, "question is empty"),
        ({"question": "Is Shiny-LoRA better?"}, "question names an arm"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(
    asked: dict[str, Any], wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(PlanError, match=said):
        open_campaign(**asked | wrong)
    assert not Campaign.objects.exists()


def test_a_word_that_only_contains_an_arm_s_name_is_fine(asked: dict[str, Any]) -> None:
    asked["study"].arms.filter(role="baseline").update(name="base")
    question = "Which answer is based on the policy?"
    assert open_campaign(**asked | {"question": question}).question == question


def test_runs_of_different_test_sets_are_refused(asked: dict[str, Any], team: Team) -> None:
    other = a_test_set(team, "other", items=1)
    run = a_run(asked["candidate_run"].version, other, scores=[1])
    with pytest.raises(PlanError, match="different test sets"):
        open_campaign(**asked | {"candidate_run": run})


def test_a_version_is_not_compared_with_itself(asked: dict[str, Any]) -> None:
    run: Run = asked["baseline_run"]
    with pytest.raises(PlanError, match="nothing to compare"):
        open_campaign(**asked | {"candidate_run": run})


def test_arms_that_answered_alike_leave_nothing_to_ask(team: Team) -> None:
    with pytest.raises(PlanError, match="3 are identical, 0 have no answer"):
        a_campaign(team, items=3, answers=(["a", "b", "c"], ["a", "b", "c"]))


def test_a_closed_campaign_deals_nothing(campaign: Campaign, team: Team) -> None:
    close_campaign(campaign=campaign)
    assert next_assignment(campaign=campaign, user=team.rui) == End("closed")


def test_a_study_with_a_campaign_cannot_be_deleted(campaign: Campaign) -> None:
    study: Study = campaign.study
    with pytest.raises(ProtectedError):
        study.delete()


def test_the_database_refuses_a_seat_too_many(campaign: Campaign) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        campaign.pairs.update(taken=3)
