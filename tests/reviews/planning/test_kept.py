"""A plan that was sealed before there were forms, checks and an early stop still reads."""

import pytest
from django.test import Client

from reviews.models import Campaign
from reviews.planning.drafting import plan_hash
from reviews.planning.kept import FIRST, read_plan
from reviews.results.early_stopping import rule_of
from tests.cast import Team, a_study, a_test_set, a_version

FIRST_VERSION = {
    "schema": FIRST,
    "question": "Which answer would you rather send?",
    "scale": ["left", "tie", "both-bad", "right"],
    "reviewers_per_item": 2,
    "seed": 7,
    "side_block": 6,
    "test_set": "t" * 64,
    "baseline": "b" * 64,
    "candidate": "c" * 64,
    "items_asked": 24,
    "items": [],
    "texts": "x" * 64,
    "strata": {},
    "different": 30,
    "identical": 2,
    "unpaired": 0,
}


@pytest.fixture
def early(team: Team) -> Campaign:
    """A campaign as the first version of the plan had it, its form not yet a column."""
    base, lora = a_version(team, "base"), a_version(team, "lora")
    study = a_study(team, baseline=base, candidate=lora, primary=a_test_set(team, "sums"))
    return Campaign.objects.create(
        project=study.project,
        study=study,
        name="early",
        baseline=base,
        candidate=lora,
        question=FIRST_VERSION["question"],
        reviewers_per_item=2,
        seed=7,
        plan=FIRST_VERSION,
        plan_hash=plan_hash(FIRST_VERSION),
    )


def test_a_plan_of_the_first_version_says_what_it_did_not_know() -> None:
    plan = read_plan(FIRST_VERSION)
    assert plan["arms"] == ["b" * 64, "c" * 64]
    assert plan["stopping"] == {"rule": "fixed"}
    assert plan["sampling"]["by"] == ["tags"]
    assert plan["form"]["repeats"] == plan["shares"]["gold"] == plan["practice"]["pairs"] == 0


def test_a_plan_of_today_is_read_as_it_stands() -> None:
    today = FIRST_VERSION | {"schema": "evalhub.review-plan/2", "stopping": {"rule": "anytime"}}
    assert read_plan(today) == today


def test_an_owner_still_sees_an_early_campaign(early: Campaign, team: Team) -> None:
    olga = Client()
    olga.force_login(team.olga)
    for page in ("/campaigns/", f"/campaigns/{early.pk}/"):
        assert olga.get(page).status_code == 200
    assert rule_of(early) is None
    early.refresh_from_db()
    assert plan_hash(early.plan) == early.plan_hash
