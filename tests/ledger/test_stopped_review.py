"""A decision on a review that its own rule ended early."""

import pytest

from evalhub.decision.verify import verify
from evalhub.declare.review import Anytime, Design
from evalhub.registry.models import Study, StudyRun
from reviews.models import Campaign
from reviews.results.early_stopping import early_stop_of, interim_estimate
from reviews.results.judgment_data import judgment_data
from tests.cast import Team
from tests.ledger.test_decide import POLICY, REVIEW, Desk, decided, judge
from tests.reviews.asking import a_review


@pytest.fixture
def study(team: Team) -> Study:
    """The tuned arm gains on its task, and people are to be asked as well."""
    desk = Desk(team)
    desk.answered()
    return desk.study(review=REVIEW, policy=POLICY | {"min_reviewers": 1})


def a_stopping_review(study: Study, *, alpha: float = 0.025) -> Campaign:
    runs = StudyRun.objects.filter(arm__study=study, test_set__name="questions")
    base, tuned = (runs.get(arm__name=name).run for name in ("base", "tuned"))
    return a_review(
        study=study,
        baseline_run=base,
        candidate_run=tuned,
        items=60,
        reviewers_per_item=1,
        seed=1,
        design=Design(stopping=Anytime(alpha=alpha)),
    )


def test_a_clear_preference_ships_before_the_plan_is_full(study: Study, team: Team) -> None:
    campaign = a_stopping_review(study)
    judge(campaign, team.rui, "candidate")
    found = early_stop_of(campaign)
    assert found is not None
    decision = decided(study)
    assert decision.verdict == "ship", decision.record["reasons"]
    people = decision.record["people"]
    assert (people["state"], people["judgments"]) == ("complete", found.judgments)
    assert people["judgments"] < people["planned"]
    preference = decision.record["criteria"][-1]
    again = interim_estimate(judgment_data(campaign), Anytime(alpha=preference["alpha"]))
    assert again is not None
    assert (people["lower"], people["upper"]) == pytest.approx((again.lower, again.upper))
    assert preference["lower"] == pytest.approx(again.lower - 0.5)
    assert "valid at every look" in preference["method"]


def test_a_clear_preference_for_the_baseline_holds(study: Study, team: Team) -> None:
    judge(a_stopping_review(study), team.rui, "baseline")
    assert decided(study).verdict == "hold"


def test_limits_are_those_of_the_decision_s_alpha_whatever_the_plan_s(
    study: Study, team: Team
) -> None:
    campaign = a_stopping_review(study, alpha=0.2)
    judge(campaign, team.rui, "candidate")
    loose = early_stop_of(campaign)
    assert loose is not None
    assert loose.level == pytest.approx(0.6)
    preference = decided(study).record["criteria"][-1]
    assert preference["alpha"] < 0.025
    assert preference["lower"] < loose.lower - 0.5


def test_its_record_verifies(study: Study, team: Team) -> None:
    judge(a_stopping_review(study), team.rui, "candidate")
    record = decided(study).record
    assert verify(record).differences == []


def test_a_review_goes_on_until_as_many_people_have_judged_as_the_policy_waits_for(
    team: Team,
) -> None:
    """By default three; ended with one it could never have its verdict."""
    desk = Desk(team)
    desk.answered()
    campaign = a_stopping_review(desk.study(review=REVIEW))
    judge(campaign, team.rui, "candidate")
    assert early_stop_of(campaign) is None
