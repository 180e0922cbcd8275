"""Decisions on what the database holds."""

from collections import defaultdict
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evalhub.accounts.models import User
from evalhub.decision.policy import StudySettings
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.ledger.study_evidence import NotReadyError
from evalhub.registry.models import Output, Run, Score, Study, StudyArm, StudyRun
from evalhub.registry.models.runs import RunState
from reviews.assignments.answer import ReviewerAnswer
from reviews.assignments.judge import form_nonce
from reviews.models import Assignment, Campaign
from tests.cast import Team, a_metric, a_run, a_study, a_team, a_test_set, a_version, decided
from tests.conftest import Once
from tests.reviews.asking import a_review
from tests.reviews.steps import next_assignment, record

pytestmark = pytest.mark.django_db

POLICY = StudySettings().as_json()


class Desk:
    """Base and tuned arm on 200 questions and, as a guard, on 300 sums."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.questions = a_test_set(team, "questions", items=200, tags=["dates", "sums"])
        self.sums = a_test_set(team, "sums", items=300)
        self.base = a_version(team, "base")
        self.tuned = a_version(team, "tuned", parent=self.base)

    def answered(
        self,
        *,
        base: list[float | None] | None = None,
        tuned: list[float | None] | None = None,
        base_sums: list[float | None] | None = None,
        tuned_sums: list[float | None] | None = None,
    ) -> None:
        """By default the tuned arm gains 50 of 200 and loses none of the sums."""
        a_run(self.base, self.questions, scores=base or [1.0] * 50 + [0.0] * 150)
        a_run(self.tuned, self.questions, scores=tuned or [1.0] * 100 + [0.0] * 100)
        a_run(self.base, self.sums, scores=base_sums or [1.0] * 200 + [0.0] * 100)
        a_run(self.tuned, self.sums, scores=tuned_sums or [1.0] * 200 + [0.0] * 100)

    def study(self, **fields: Any) -> Study:
        return a_study(
            self.team,
            baseline=self.base,
            candidate=self.tuned,
            primary=self.questions,
            guards=[self.sums],
            **{"policy": POLICY} | fields,
        )


@pytest.fixture(scope="module")
def written(once: Once) -> Desk:
    return once(lambda: Desk(a_team()))


@pytest.fixture
def desk(written: Desk, db: None) -> Desk:
    return deepcopy(written)


@pytest.fixture
def team(db: None) -> Team:
    """Beside the desk's."""
    return a_team("Sales desk", "sales-desk")


def test_a_gain_without_harm_ships_and_the_decision_keeps_its_evidence(desk: Desk) -> None:
    desk.answered()
    decision = decided(desk.study())
    assert (decision.arm, decision.verdict) == ("tuned", "ship")
    primary, guard = decision.record["criteria"]
    assert (primary["test_set"], primary["wins"], primary["losses"]) == ("questions", 50, 0)
    assert (primary["baseline"], primary["candidate"]) == (0.25, 0.5)
    assert (guard["role"], guard["status"], guard["n"]) == ("guard", "pass", 300)
    assert [row["test_set"] for row in decision.record["evidence"]] == ["questions", "sums"]
    assert decision.record["evidence"][0]["digest"] == desk.questions.digest
    assert decision.record["arms"]["candidate"]["digest"] == desk.tuned.digest
    assert decision.record["study"]["slug"] == "shall-we-ship"
    assert [row["tag"] for row in decision.record["breakdown"]] == ["dates", "sums"]


def test_harm_on_a_guard_holds_and_names_it(desk: Desk) -> None:
    desk.answered(tuned_sums=[1.0] * 150 + [0.0] * 150)
    decision = decided(desk.study())
    assert decision.verdict == "hold"
    assert decision.record["reasons"][0].startswith("✗ sums −0.17")


def test_a_second_decision_on_the_same_evidence_is_the_same_row(desk: Desk) -> None:
    desk.answered()
    study = desk.study()
    first = decided(study)
    assert decided(study) == first
    assert Decision.objects.count() == 1


def test_new_evidence_makes_a_new_decision_and_the_old_one_stays(desk: Desk) -> None:
    desk.answered()
    study = desk.study()
    first = decided(study)
    Score.objects.filter(output__run__version=desk.tuned, value=1).update(value=0)
    second = decided(study)
    assert (first.verdict, second.verdict) == ("ship", "hold")
    assert Decision.objects.count() == 2
    first.refresh_from_db()
    assert first.verdict == "ship"


def test_less_of_a_cost_counts_as_won(desk: Desk) -> None:
    length = a_metric("length")
    for version, characters in ((desk.base, 100.0), (desk.tuned, 60.0)):
        scores = [characters + i % 9 for i in range(200)]
        a_run(version, desk.questions, scores=scores, metric=length)
    study = a_study(
        desk.team,
        baseline=desk.base,
        candidate=desk.tuned,
        primary=desk.questions,
        metric=length,
        policy=POLICY,
    )
    decision = decided(study)
    (criterion,) = decision.record["criteria"]
    assert decision.verdict == "ship"
    assert (criterion["baseline"] - criterion["candidate"], criterion["difference"]) == (40, 40)


def test_identical_answers_of_different_versions_are_invalid(desk: Desk) -> None:
    for version in (desk.base, desk.tuned):
        for test_set, items in ((desk.questions, 200), (desk.sums, 300)):
            a_run(version, test_set, scores=[1.0] * items, answers=["right"] * items)
    decision = decided(desk.study())
    assert decision.verdict == "invalid"
    assert decision.record["reasons"][0] == (
        "tuned and base gave the same answers to every item: was it applied?"
    )


def test_missing_answers_are_invalid_though_the_rest_would_ship(desk: Desk) -> None:
    desk.answered()
    study = desk.study()
    Output.objects.filter(run__version=desk.tuned, item__key__in=["q0001", "q0002"]).delete()
    decision = decided(study)
    assert decision.verdict == "invalid"
    assert decision.record["reasons"][0] == (
        "tuned has no answer to 2 of 200 items of questions, first 'q0001': "
        "both arms must answer the same items"
    )
    assert decision.record["criteria"] == []


def test_answers_to_another_version_of_the_test_set_are_invalid(desk: Desk) -> None:
    desk.answered()
    study = desk.study()
    changed = a_test_set(desk.team, "sums", items=301)
    elsewhere = a_run(desk.tuned, changed, scores=[1.0] * 301)
    StudyRun.objects.filter(arm__name="tuned", test_set__name="sums").update(run=elsewhere)
    decision = decided(study)
    assert decision.verdict == "invalid"
    assert "both arms must answer the same items" in decision.record["reasons"][0]
    assert "sums" in decision.record["reasons"][0]


def test_unscored_answers_are_invalid_with_their_reason_and_never_zero(desk: Desk) -> None:
    desk.answered(tuned=[None] + [1.0] * 99 + [0.0] * 100)
    decision = decided(desk.study())
    assert decision.verdict == "invalid"
    assert decision.record["reasons"] == [
        "tuned: 1 answer of questions has no score by exact_match, first that to 'q0000': "
        "the item has no reference"
    ]
    assert decision.record["evidence"][0]["unscored_candidate"] == 1


def test_a_run_that_failed_is_invalid_with_what_it_says_of_itself(desk: Desk) -> None:
    desk.answered()
    study = desk.study()
    Run.objects.filter(version=desk.tuned, test_set_version=desk.sums).update(
        state=RunState.FAILED, error="7 of 300 items failed: HTTP 500; run again to retry them"
    )
    decision = decided(study)
    assert decision.verdict == "invalid"
    assert decision.record["reasons"] == [
        "tuned on sums: 7 of 300 items failed: HTTP 500; run again to retry them"
    ]


def test_runs_that_go_on_can_not_be_decided_on(desk: Desk) -> None:
    desk.answered()
    study = desk.study()
    Run.objects.filter(version=desk.tuned).update(state=RunState.RUNNING)
    with pytest.raises(NotReadyError, match="can't be decided yet: tuned v1 on questions v1"):
        decide_study(study=study)
    assert Decision.objects.count() == 0


def test_a_study_without_its_runs_can_not_be_decided_on(desk: Desk) -> None:
    with pytest.raises(NotReadyError, match="aren't launched"):
        decide_study(study=desk.study())


def test_a_test_set_on_which_the_arm_is_the_baseline_passes_by_construction(desk: Desk) -> None:
    a_run(desk.base, desk.questions, scores=[1.0] * 50 + [0.0] * 150)
    a_run(desk.tuned, desk.questions, scores=[1.0] * 100 + [0.0] * 100)
    shared = a_run(desk.base, desk.sums, scores=[1.0] * 200 + [0.0] * 100)
    study = desk.study()
    arm = StudyArm.objects.get(study=study, name="tuned")
    sums = study.test_sets.get(name="sums")
    StudyRun.objects.create(arm=arm, test_set=sums, run=shared)
    decision = decided(study)
    assert decision.verdict == "ship"
    assert decision.record["criteria"][1]["method"] == "the same run for both arms"
    assert "✓ sums: the arm is the baseline here, nothing can differ" in decision.record["reasons"]


def test_several_samples_an_item_are_averaged_within_it(desk: Desk) -> None:
    desk.answered()
    for run in Run.objects.filter(test_set_version=desk.questions):
        again = [
            Output(run=run, item=output.item, sample=1, text=f"{output.text} (2)")
            for output in run.outputs.all()
        ]
        for output in Output.objects.bulk_create(again):
            Score.objects.create(output=output, metric=a_metric(), value=0.0)
    Run.objects.filter(test_set_version=desk.questions).update(samples=2)
    (criterion, _) = decided(desk.study()).record["criteria"]
    assert (criterion["n"], criterion["wins"]) == (200, 50)
    assert (criterion["baseline"], criterion["candidate"]) == (0.125, 0.25)


def test_unequally_many_samples_are_invalid(desk: Desk) -> None:
    desk.answered()
    Run.objects.filter(test_set_version=desk.questions, version=desk.tuned).update(samples=2)
    decision = decided(desk.study())
    assert decision.record["reasons"] == [
        "tuned has fewer than 2 answers to 200 of 200 items of questions, first 'q0000': "
        "sample every item equally often"
    ]


def test_a_run_of_which_nothing_came_is_invalid_and_no_crash(desk: Desk) -> None:
    desk.answered(tuned_sums=[None] * 300)
    decision = decided(desk.study())
    assert decision.verdict == "invalid"
    assert decision.record["evidence"][1]["unscored_candidate"] == 300


def test_items_of_one_cluster_belong_together(team: Team) -> None:
    questions = a_test_set(team, "questions", items=120, clusters=12)
    base, tuned = a_version(team, "base"), a_version(team, "tuned")
    a_run(base, questions, scores=[0.0] * 120)
    a_run(tuned, questions, scores=[float(i % 12 < 4) for i in range(120)])
    study = a_study(team, baseline=base, candidate=tuned, primary=questions, policy=POLICY)
    (criterion,) = decided(study).record["criteria"]
    assert criterion["clusters"] == 12
    assert criterion["method"].startswith("CR2 over 12 clusters")


def test_deciding_takes_as_many_queries_for_many_items_as_for_few(team: Team) -> None:
    counts = []
    for number, items in enumerate((50, 2000)):
        questions = a_test_set(team, f"questions-{number}", items=items)
        base, tuned = a_version(team, f"base-{number}"), a_version(team, f"tuned-{number}")
        a_run(base, questions, scores=[1.0, 0.0] * (items // 2))
        a_run(tuned, questions, scores=[1.0, 1.0] * (items // 2))
        study = a_study(
            team,
            baseline=base,
            candidate=tuned,
            primary=questions,
            policy=POLICY,
            slug=f"study-{number}",
        )
        for _ in range(2):  # which other versions share items is asked once, and kept
            decide_study(study=study)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            decide_study(study=study)
        counts.append(len(captured))
    # two count how all answers ended; six ask what went before: tries, peeks, the oldest look,
    # restores, copies, champions; one whether a test set was retired, one whether its items were
    # asked again with another prompt
    assert counts[0] == counts[1] <= 35


REVIEW = {"test_set": "questions", "items": 30, "reviewers_per_item": 1, "seed": 1}


def asked(study: Study, reviewers_per_item: int = 1) -> Campaign:
    """A review of the study's questions, opened on its runs."""
    runs = {
        arm: StudyRun.objects.get(arm__study=study, arm__name=arm, test_set__name="questions").run
        for arm in ("base", "tuned")
    }
    return a_review(
        study=study,
        baseline_run=runs["base"],
        candidate_run=runs["tuned"],
        items=30,
        reviewers_per_item=reviewers_per_item,
        seed=1,
        question="Which is better?",
    )


def judge(campaign: Campaign, user: User, prefer: str) -> None:
    """The reviewer judges all there is, always for one arm, wherever it stands."""
    judge_each(campaign, user, defaultdict(lambda: prefer))


def judge_each(campaign: Campaign, user: User, prefer: Mapping[str, str]) -> None:
    """The reviewer judges all there is, each item (by its key) for the arm that `prefer` says."""
    while isinstance(dealt := next_assignment(campaign=campaign, user=user), Assignment):
        arm = prefer[dealt.pair.item.key]
        left = dealt.candidate_on_left == (arm == "candidate")
        record(
            token=dealt.token,
            user=user,
            answer=ReviewerAnswer("left" if left else "right"),
            nonce=form_nonce(token=dealt.token, user=user),
        )


def test_a_ship_waits_for_people_who_were_never_asked(desk: Desk) -> None:
    desk.answered()
    decision = decided(desk.study(review=REVIEW))
    assert decision.verdict == "need-more-data"
    assert decision.record["reasons"][-1] == "? No review has these answers"


def test_a_ship_waits_for_judgments_and_people_may_overrule_the_metric(desk: Desk) -> None:
    desk.answered()
    study = desk.study(review=REVIEW)
    campaign = asked(study)
    waiting = decided(study)
    assert waiting.verdict == "need-more-data"
    assert waiting.record["reasons"][-1] == "? Reviewers have given 0 of 30 judgments"
    assert waiting.record["people"]["state"] == "waiting"
    judge(campaign, desk.team.rui, "baseline")
    overruled = decided(study)
    assert overruled.verdict == "hold"
    assert overruled.record["people"]["losses"] == 30
    assert overruled.record["reasons"][0].startswith("✗ Reviewers' preference")


def test_people_who_prefer_the_candidate_let_it_ship(desk: Desk) -> None:
    desk.answered()
    study = desk.study(review=REVIEW, policy=POLICY | {"min_reviewers": 1})
    judge(asked(study), desk.team.rui, "candidate")
    decision = decided(study)
    assert decision.verdict == "ship"
    preference = decision.record["criteria"][-1]
    assert (preference["role"], preference["wins"], preference["n"]) == ("preference", 30, 30)
    assert preference["margin"] is None


def test_one_reviewer_is_too_few_unless_the_policy_says_so_and_then_it_is_warned_of(
    desk: Desk,
) -> None:
    desk.answered()
    study = desk.study(review=REVIEW)
    judge(asked(study), desk.team.rui, "candidate")
    decision = decided(study)
    assert decision.verdict == "need-more-data"
    assert any("1 of at least 3 reviewers" in each for each in decision.record["reasons"])
    few, fast, apart = decision.record["people"]["cautions"]
    assert few.startswith("Only 1 person judged")
    assert "no better, where 2.5% is promised" in few
    assert fast.startswith("Reviewer r1 gave 30 of 30 answers (100%) faster than")
    assert "text alone tells the arms apart in 30 of 30 pairs (100%)" in apart
    assert decision.record["people"]["paces"] == [{"reviewer": "r1", "answers": 30, "fast": 30}]


def test_reviewers_who_agree_too_little_are_no_evidence(desk: Desk) -> None:
    desk.answered()
    study = desk.study(review=REVIEW, policy=POLICY | {"min_agreement": 0.4, "min_reviewers": 2})
    campaign = asked(study, reviewers_per_item=2)
    judge(campaign, desk.team.rui, "candidate")
    judge(campaign, desk.team.ruth, "baseline")
    decision = decided(study)
    assert decision.verdict == "invalid"
    assert "reviewers' agreement (AC1) is" in decision.record["reasons"][0]
    assert "below the floor of 0.4" in decision.record["reasons"][0]
