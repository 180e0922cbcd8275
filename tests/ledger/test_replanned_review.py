"""Several plans for the same answers, and reviews in studies that choose their baseline."""

import pytest

from evalhub.decision.levels import level_of
from evalhub.decision.verify import verify
from evalhub.declare.review import Anytime, Design
from evalhub.declare.study import Development
from evalhub.registry.models import Study, StudyRun
from evalhub.registry.models.versions import Kind
from reviews.models import Campaign
from reviews.results.early_stopping import early_stop_of, interim_estimate
from reviews.results.judgment_data import judgment_data
from tests.cast import Team, a_run, a_study, a_version
from tests.ledger.test_decide import REVIEW, Desk, decided, judge
from tests.reviews import asking

pytestmark = pytest.mark.heavy

PAID = level_of(1, alpha=0.025)


def a_review(
    study: Study,
    *,
    baseline: str = "base",
    candidate: str = "tuned",
    seed: int = 1,
    items: int = 30,
) -> Campaign:
    runs = StudyRun.objects.filter(arm__study=study, test_set__name="questions")
    base, tuned = (runs.get(arm__name=name).run for name in (baseline, candidate))
    return asking.a_review(
        study=study,
        baseline_run=base,
        candidate_run=tuned,
        items=items,
        reviewers_per_item=1,
        seed=seed,
    )


@pytest.fixture
def study(team: Team) -> Study:
    desk = Desk(team)
    desk.answered()
    return desk.study(review=REVIEW)


def test_the_second_plan_that_is_judged_pays_and_the_record_says_so(
    study: Study, team: Team
) -> None:
    judge(a_review(study), team.rui, "baseline")
    assert decided(study).verdict == "hold"
    judge(a_review(study, seed=2), team.rui, "candidate")
    record = decided(study).record
    assert record["criteria"][-1]["alpha"] == pytest.approx(PAID / 4)
    assert record["people"]["plans"] == {
        "number": 2,
        "opened": 2,
        "alpha": pytest.approx(PAID / 4),
        "sentence": "2 reviews of these answers were planned; this is the newest, and judgments "
        "were given to 1 before it: it is judged at 0.0038, 1/4 of what is left to this candidate.",
    }
    assert verify(record).differences == []


def test_a_plan_that_nobody_judged_by_costs_nothing(study: Study, team: Team) -> None:
    a_review(study)
    judge(a_review(study, seed=2), team.rui, "candidate")
    record = decided(study).record
    assert record["criteria"][-1]["alpha"] == pytest.approx(PAID)
    assert record["people"]["plans"]["sentence"] == (
        "2 reviews of these answers were planned; this is the newest."
    )


def test_the_only_plan_says_nothing_of_others(study: Study, team: Team) -> None:
    judge(a_review(study), team.rui, "candidate")
    assert decided(study).record["people"]["plans"] is None


def test_a_plan_in_another_study_of_the_same_runs_counts(study: Study, team: Team) -> None:
    arms = {arm.name: arm.version for arm in study.arms.all()}
    questions, sums = (each.test_set_version for each in study.test_sets.order_by("position"))
    other = a_study(
        team,
        baseline=arms["base"],
        candidate=arms["tuned"],
        primary=questions,
        guards=[sums],
        slug="other",
    )
    judge(a_review(other), team.rui, "baseline")
    judge(a_review(study, seed=2), team.rui, "candidate")
    assert decided(study).record["people"]["plans"]["number"] == 2


def test_the_same_answers_recorded_anew_under_other_names_start_no_new_count(
    study: Study, team: Team
) -> None:
    questions, sums = (each.test_set_version for each in study.test_sets.order_by("position"))
    copies = []
    for arm in study.arms.order_by("position"):
        copies.append(a_version(team, f"{arm.name}-anew"))
        for test_set in (questions, sums):
            link = StudyRun.objects.get(arm=arm, test_set__test_set_version=test_set)
            outputs = link.run.outputs.order_by("item__position")
            scores = outputs.values_list("scores__value", flat=True)
            answers = outputs.values_list("text", flat=True)
            a_run(copies[-1], test_set, scores=list(scores), answers=list(answers))
    anew = a_study(
        team,
        baseline=copies[0],
        candidate=copies[1],
        primary=questions,
        guards=[sums],
        slug="anew",
        review=REVIEW,
        policy={"min_reviewers": 1},
    )
    judge(a_review(study), team.rui, "baseline")
    judge(a_review(anew, baseline="base-anew", candidate="tuned-anew"), team.rui, "candidate")
    assert decided(anew).record["people"]["plans"]["number"] == 2


@pytest.fixture
def chosen(team: Team) -> Study:
    """A study whose baseline is the prompted arm, by a third of the questions."""
    desk = Desk(team)
    desk.answered()
    prompted = a_version(team, "prompted", kind=Kind.PROMPTED)
    a_run(prompted, desk.questions, scores=[0.0] * 130 + [1.0] * 70)
    a_run(prompted, desk.sums, scores=[1.0] * 200 + [0.0] * 100)
    return desk.study(
        review=REVIEW,
        alternatives=[prompted],
        policy={"development": {"share": 0.3, "seed": 0}, "min_reviewers": 1},
    )


def the_rest(campaign: Campaign) -> set[str]:
    """The items asked about that didn't choose the baseline."""
    split = Development(share=0.3, seed=0)
    keys = campaign.pairs.values_list("item__key", flat=True)
    return {key for key in keys if not split.holds(key, "")}


def test_people_are_heard_on_the_items_that_did_not_choose_the_baseline(
    chosen: Study, team: Team
) -> None:
    campaign = a_review(chosen, baseline="prompted", items=60)
    judge(campaign, team.rui, "candidate")
    record, kept = decided(chosen).record, the_rest(campaign)
    assert 0 < len(kept) < 60
    people = record["people"]
    assert (people["items"], people["judgments"], people["planned"]) == (len(kept),) * 3
    assert people["state"] == "complete"
    assert record["criteria"][-1]["n"] == len(kept)


def test_a_review_that_was_stopped_early_is_read_on_them_too(chosen: Study, team: Team) -> None:
    runs = StudyRun.objects.filter(arm__study=chosen, test_set__name="questions")
    base, tuned = (runs.get(arm__name=name).run for name in ("prompted", "tuned"))
    campaign = asking.a_review(
        study=chosen,
        baseline_run=base,
        candidate_run=tuned,
        items=100,
        reviewers_per_item=1,
        seed=1,
        design=Design(stopping=Anytime(alpha=0.025)),
    )
    judge(campaign, team.rui, "candidate")
    assert early_stop_of(campaign) is not None
    people = decided(chosen).record["people"]
    data, rule = judgment_data(campaign), Anytime(alpha=PAID)
    found = interim_estimate(data.on(the_rest(campaign)), rule)
    assert found is not None
    assert people["state"] == "complete"
    assert (people["lower"], people["upper"]) == pytest.approx((found.lower, found.upper))
    everything = interim_estimate(data, rule)
    assert everything is not None
    assert found.lower < everything.lower
