"""A judge in a decision: shown, and counted once people's blind judgments bear it out."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from evalhub.accounts.models import User
from evalhub.decision.document import DecisionRecord
from evalhub.decision.policy import StudySettings
from evalhub.decision.verify import verify
from evalhub.declare.judges import PairwiseQuestion
from evalhub.io.canonical import digest_of
from evalhub.judges.models import JudgeRun, JudgeVote
from evalhub.ledger.models import Decision
from evalhub.registry.models import ModelVersion, Run, Study
from reviews.assignments.answer import ReviewerAnswer
from reviews.assignments.judge import form_nonce
from reviews.models import Assignment, Campaign
from reviews.planning.campaign import close_campaign
from tests.cast import Team, a_version
from tests.ledger.test_decide import Desk, decided
from tests.reviews.asking import a_review
from tests.reviews.steps import next_assignment, record

pytestmark = [pytest.mark.django_db, pytest.mark.heavy]

RUBRIC = "Right is right."
REVIEW = {"test_set": "questions", "items": 60, "reviewers_per_item": 1, "required": False}
PAIRS = 150
"""Of 200 questions both arms say the same to 50."""

type Favour = Callable[[int], str]
"""Whom somebody favours on the item at this position."""


def mostly(arm: str) -> Favour:
    """Three in four of one arm, one in four of the other."""
    other = {"candidate": "baseline", "baseline": "candidate"}[arm]
    return lambda position: arm if position % 4 else other


def with_errors(favour: Favour, every: int) -> Favour:
    """The same, but a tie on every so many-th item."""
    return lambda position: favour(position) if position % every else "tie"


@pytest.fixture
def desk(team: Team) -> Desk:
    desk = Desk(team)
    desk.answered()
    return desk


@pytest.fixture
def grader(team: Team) -> ModelVersion:
    return a_version(team, "grader", backend={"type": "openai", "url": "http://a/v1", "model": "j"})


def asking(desk: Desk, grader: ModelVersion, *, rubric: str = RUBRIC, **more: Any) -> Study:
    pairwise = {"by": grader.digest, "test_set": "questions", "rubric": rubric} | more
    policy = StudySettings().as_json() | {"pairwise": pairwise, "min_reviewers": 1}
    return desk.study(review=REVIEW, policy=policy)


def runs_of(desk: Desk) -> tuple[Run, Run]:
    return (
        Run.objects.get(version=desk.base, test_set_version=desk.questions),
        Run.objects.get(version=desk.tuned, test_set_version=desk.questions),
    )


def judged(
    desk: Desk,
    grader: ModelVersion,
    favour: Favour,
    *,
    rubric: str = RUBRIC,
    pairs: int = PAIRS,
    flips: int = 0,
) -> JudgeRun:
    """A judge that favours one in both orders, but on the first `flips` pairs what stands first."""
    baseline, candidate = runs_of(desk)
    question = PairwiseQuestion(rubric=rubric)
    found = JudgeRun.objects.create(
        baseline=baseline,
        candidate=candidate,
        baseline_answers=baseline.answers_digest,
        candidate_answers=candidate.answers_digest,
        judge=grader,
        asked=question,
        digest=digest_of({"judge": grader.digest, "asked": question.as_json()}),
    )
    items = list(desk.questions.items.order_by("position")[200 - PAIRS :])
    JudgeVote.objects.bulk_create(
        JudgeVote(
            judge_run=found,
            item=item,
            candidate_first=first,
            choice=("candidate" if first else "baseline")
            if place < flips
            else favour(item.position),
        )
        for place, item in enumerate(items[:pairs])
        for first in (True, False)
    )
    return found


def reviewed(study: Study, desk: Desk, user: User, favour: Favour, *, given: int = 60) -> Campaign:
    """A review in which somebody judged so many items, and which then ended."""
    baseline, candidate = runs_of(desk)
    campaign = a_review(
        study=study,
        baseline_run=baseline,
        candidate_run=candidate,
        items=60,
        reviewers_per_item=1,
    )
    for _ in range(given):
        dealt = next_assignment(campaign=campaign, user=user)
        assert isinstance(dealt, Assignment)
        sides = ["left", "right"] if dealt.candidate_on_left else ["right", "left"]
        places = {"candidate": sides[0], "baseline": sides[1]}
        said = favour(dealt.pair.item.position)
        record(
            token=dealt.token,
            user=user,
            answer=ReviewerAnswer(places.get(said, said)),
            nonce=form_nonce(token=dealt.token, user=user),
        )
    if given < 60:
        close_campaign(campaign=campaign, by=None)
    return campaign


def decision_on(study: Study) -> tuple[Decision, DecisionRecord]:
    decision = decided(study)
    assert verify(decision.record).verified
    return decision, decision.document


def test_a_judge_that_nobody_asked_is_named_and_decides_nothing(
    desk: Desk, grader: ModelVersion
) -> None:
    _, found = decision_on(asking(desk, grader))
    assert found.verdict == "ship"
    assert found.judge is not None
    assert found.judge.figures is None
    assert "hasn't been asked about questions, and decides nothing" in found.judge.sentences[0]


def test_a_judge_without_a_review_is_shown_and_decides_nothing(
    desk: Desk, grader: ModelVersion
) -> None:
    study = asking(desk, grader)
    run = judged(desk, grader, lambda _: "baseline", flips=30)
    _, found = decision_on(study)
    assert found.verdict == "ship"
    assert all(each.role != "judge" for each in found.criteria)
    judge = found.judge
    assert judge is not None
    assert judge.preference is not None
    assert (judge.preference.losses, judge.preference.ties) == (120, 30)
    assert judge.preference.score == 15 / 150
    assert judge.preference.calibration is None
    assert judge.figures is not None
    assert judge.figures.flip_rate.value == 30 / 150
    assert "It decides nothing: no review of these answers has ended" in judge.sentences[0]
    run.refresh_from_db()
    assert run.opened is not None
    assert JudgeVote.objects.readable().count() == 2 * PAIRS


def test_a_judge_that_goes_by_length_alone_is_said_to(desk: Desk, grader: ModelVersion) -> None:
    """Every vote goes to the longer answer, so that no model of length has a finite estimate."""
    study = asking(desk, grader)
    baseline, candidate = runs_of(desk)
    for run, other in ((baseline, 0), (candidate, 1)):
        for output in run.outputs.filter(item__position__gte=200 - PAIRS).select_related("item"):
            longer = output.item.position % 2 == other
            output.text = f"{output.text} {'and so on ' * 9 if longer else ''}"
            output.save(update_fields=["text"])
    judged(desk, grader, lambda position: "candidate" if position % 2 else "baseline")
    shown = decision_on(study)[1].judge
    assert shown is not None
    assert shown.preference is not None
    assert shown.preference.length is None
    assert shown.preference.longer is not None
    assert shown.preference.longer.value == 1.0
    assert (
        "It goes by length: of two answers of different length it chose the longer in 100.0% "
        in " ".join(shown.sentences)
    )


def test_a_judge_that_has_not_judged_all_shows_nothing_of_whom_it_prefers(
    desk: Desk, grader: ModelVersion
) -> None:
    study = asking(desk, grader)
    run = judged(desk, grader, lambda _: "baseline", pairs=149)
    _, found = decision_on(study)
    assert found.judge is not None
    assert found.judge.preference is None
    assert (
        "149 of 150 pairs, and decides nothing before it has judged all"
        in (found.judge.sentences[0])
    )
    run.refresh_from_db()
    assert run.opened is None
    figures = found.judge.figures
    assert figures is not None
    none = found.judge.model_copy(
        update={"figures": figures.model_copy(update={"pairs": 0, "read": 0})}
    )
    assert [*none.write_sentences(found.arms)] == [
        f"The judge {none.judge} has nothing to compare, and decides nothing: the arms' answers to "
        "each item of questions read the same."
    ]


def test_a_calibrated_judge_counts_and_may_hold(
    desk: Desk, grader: ModelVersion, team: Team
) -> None:
    study = asking(desk, grader)
    people = mostly("baseline")
    reviewed(study, desk, team.rui, people)
    judged(desk, grader, with_errors(people, 9))
    decision, found = decision_on(study)
    assert found.verdict == "hold"
    judge = found.judge
    assert judge is not None
    assert judge.counts
    assert judge.preference is not None
    assert (judge.preference.calibration, judge.preference.labelled) == ("usable", 60)
    (criterion,) = [each for each in found.criteria if each.role == "judge"]
    assert (criterion.name, criterion.tier, criterion.n) == ("Judge's preference", "critical", 150)
    assert criterion.status == "fail"
    assert criterion.alpha == judge.alpha == found.alpha
    assert criterion.candidate == pytest.approx(0.25, abs=0.07)
    assert "of a calibrated judge's choices" in found.headline
    assert decided(study) == decision
    pages = team.signed_in(team.olga)
    for number in range(len(found.criteria)):
        shown = pages.get(reverse("site:criterion", args=[decision.pk, number + 1]))
        assert shown.status_code == 200
    study_page = pages.get(reverse("site:study", args=[study.pk]), follow=True)
    text = study_page.content.decode()
    assert "Judge’s preference" in text or "Judge&#x27;s preference" in text
    assert "corrected by people" in text


def test_a_calibrated_judge_that_prefers_the_candidate_lets_it_ship(
    desk: Desk, grader: ModelVersion, team: Team
) -> None:
    study = asking(desk, grader)
    reviewed(study, desk, team.rui, mostly("candidate"))
    judged(desk, grader, with_errors(mostly("candidate"), 9))
    _, found = decision_on(study)
    assert found.verdict == "ship"
    (criterion,) = [each for each in found.criteria if each.role == "judge"]
    assert criterion.status == "pass"
    assert criterion.lower > 0


@pytest.mark.parametrize("tier", ["supporting", "advisory"])
def test_what_a_calibrated_judge_decides_is_its_tier(
    desk: Desk, grader: ModelVersion, team: Team, tier: str
) -> None:
    study = asking(desk, grader, tier=tier)
    reviewed(study, desk, team.rui, mostly("baseline"))
    judged(desk, grader, mostly("baseline"))
    _, found = decision_on(study)
    assert found.verdict == ("hold" if tier == "supporting" else "ship")


def test_a_judge_that_contradicts_people_decides_nothing(
    desk: Desk, grader: ModelVersion, team: Team
) -> None:
    study = asking(desk, grader)
    reviewed(study, desk, team.rui, mostly("candidate"))
    judged(desk, grader, mostly("baseline"))
    _, found = decision_on(study)
    assert found.verdict == "ship"
    assert found.judge is not None
    assert found.judge.preference is not None
    assert found.judge.preference.calibration == "not-usable"
    assert all(each.role != "judge" for each in found.criteria)
    assert "It contradicts people" in found.judge.sentences[0]


def test_a_review_that_did_not_end_as_planned_calibrates_nothing(
    desk: Desk, grader: ModelVersion, team: Team
) -> None:
    study = asking(desk, grader)
    reviewed(study, desk, team.rui, mostly("baseline"), given=55)
    judged(desk, grader, mostly("baseline"))
    _, found = decision_on(study)
    assert found.judge is not None
    assert found.judge.preference is not None
    assert found.judge.preference.calibration == "invalid"
    assert "didn't end as it was planned" in found.judge.preference.why
    assert found.verdict == "ship"


def test_fewer_people_than_the_policy_waits_for_calibrate_nothing(
    desk: Desk, grader: ModelVersion, team: Team
) -> None:
    study = asking(desk, grader)
    study.policy = study.policy.model_copy(update={"min_reviewers": 3})
    study.save()
    reviewed(study, desk, team.rui, mostly("baseline"))
    judged(desk, grader, mostly("baseline"))
    _, found = decision_on(study)
    assert found.judge is not None
    assert found.judge.preference is not None
    assert found.judge.preference.why.startswith("1 person has judged these answers, and 3 must")
    assert found.verdict == "ship"


def test_the_next_judge_on_the_same_answers_is_judged_at_a_quarter(
    desk: Desk, grader: ModelVersion, team: Team
) -> None:
    study = asking(desk, grader)
    reviewed(study, desk, team.rui, mostly("candidate"))
    judged(desk, grader, mostly("candidate"))
    _, first = decision_on(study)
    other = study.policy.as_json()
    other["pairwise"] |= {"rubric": "Short is right."}
    study.policy = StudySettings(**other)
    study.save()
    judged(desk, grader, mostly("candidate"), rubric="Short is right.")
    _, second = decision_on(study)
    assert first.judge is not None
    assert second.judge is not None
    assert (first.judge.number, second.judge.number) == (1, 2)
    assert second.judge.alpha == pytest.approx(first.judge.alpha / 4)
    (criterion,) = [each for each in second.criteria if each.role == "judge"]
    assert criterion.alpha == second.judge.alpha
    _, again = decision_on(study)
    assert again.judge == second.judge


def test_invalid_evidence_shows_nothing_of_the_judge(
    desk: Desk, grader: ModelVersion, team: Team
) -> None:
    study = asking(desk, grader)
    run = judged(desk, grader, mostly("baseline"))
    runs_of(desk)[1].outputs.filter(item__key="q0007").delete()
    decision = decided(study)
    assert decision.verdict == "invalid"
    assert decision.document.judge is None
    run.refresh_from_db()
    assert run.opened is None
