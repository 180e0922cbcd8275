"""A study in which people alone decide: its guards' looks are read once, whoever waits."""

import pytest

from evalhub.decision.policy import StudySettings
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Study, StudyRun
from reviews.planning.campaign import close_campaign
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.reviews.asking import a_review
from tests.reviews.judged import judge_all

pytestmark = pytest.mark.django_db
ITEMS = 30
REVIEW = {"test_set": "items", "items": ITEMS, "required": True}


@pytest.fixture
def study(team: Team) -> Study:
    """Two supporting guards on equal scores, and a review that a ship waits for."""
    base = a_version(team, "base")
    tuned = a_version(team, "tuned", parent=base)
    sets = [a_test_set(team, slug, items=ITEMS) for slug in ("items", "others")]
    for questions in sets:
        for version in (base, tuned):
            answers = [f"{version} says {index}" for index in range(ITEMS)]
            a_run(version, questions, scores=[1.0] * ITEMS, answers=answers)
    policy = StudySettings().as_json()
    made = a_study(
        team, baseline=base, candidate=tuned, primary=sets[0], guards=sets[1:], policy=policy
    )
    made.review = REVIEW
    made.save()
    made.test_sets.update(role="guard", tier="supporting", margin=0.05)
    return made


def test_what_people_prefer_is_judged_at_the_same_level_once_they_have_judged(
    study: Study,
) -> None:
    waiting = decide_study(study=study)[0].document
    links = StudyRun.objects.filter(arm__study=study, test_set__name="items")
    runs = dict(links.values_list("arm__role", "run"))
    baseline, candidate = (links.get(run=runs[role]).run for role in ("baseline", "candidate"))
    campaign = a_review(
        baseline_run=baseline,
        candidate_run=candidate,
        study=study,
        items=ITEMS,
        reviewers_per_item=3,
        controls=0,
        repeats=0,
    )
    judge_all(campaign, dict.fromkeys(("rui", "ruth", "rosa"), lambda position: "candidate"))
    close_campaign(campaign=campaign, by=None)
    decided = decide_study(study=study)[0].document
    [people] = [row for row in decided.criteria if row.role == "preference"]
    assert {row.alpha for row in waiting.criteria} == {people.alpha}
    assert decided.verdict == "ship", decided.reasons
