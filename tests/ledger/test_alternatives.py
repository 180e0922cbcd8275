"""Would a prompt do? Other arms beside the fine-tuned one, and what follows for it."""

import pytest

from evalhub.decision.verify import verify
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import ModelVersion, Study, StudyRun
from evalhub.registry.models.versions import Kind
from tests.cast import Team, a_run, a_study, a_test_set, a_version, decided

pytestmark = pytest.mark.django_db

NEARLY = [0.0, *[1.0] * 99, *[0.0] * 100]
KEPT = [1.0] * 200 + [0.0] * 100


class Desk:
    """A tuned arm that gains 50 of 200 questions over its base and loses none of the sums."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.questions = a_test_set(team, "questions", items=200)
        self.sums = a_test_set(team, "sums", items=300)
        self.base = a_version(team, "base")
        self.tuned = a_version(team, "tuned", parent=self.base)
        self.answered(self.base, [1.0] * 50 + [0.0] * 150)
        self.answered(self.tuned, [1.0] * 100 + [0.0] * 100)

    def answered(
        self, version: ModelVersion, questions: list[float], sums: list[float] = KEPT
    ) -> None:
        a_run(version, self.questions, scores=questions)
        a_run(version, self.sums, scores=sums)

    def prompted(self, questions: list[float], sums: list[float] = KEPT) -> ModelVersion:
        version = a_version(self.team, "prompted", kind=Kind.PROMPTED)
        self.answered(version, questions, sums)
        return version

    def study(self, prompted: ModelVersion) -> Study:
        return a_study(
            self.team,
            baseline=self.base,
            candidate=self.tuned,
            primary=self.questions,
            guards=[self.sums],
            alternatives=[prompted],
        )


@pytest.fixture
def desk(team: Team) -> Desk:
    return Desk(team)


def test_a_prompted_arm_is_judged_too_and_answers_whether_a_prompt_would_do(desk: Desk) -> None:
    study = desk.study(desk.prompted([1.0] * 70 + [0.0] * 130))
    on_tuned, on_prompted = decide_study(study=study)
    assert (on_tuned.arm, on_prompted.arm) == ("tuned", "prompted")
    # the first and the second look at the questions: 6/π² of .025, and a quarter of that
    levels = [each.record["alpha"] for each in (on_tuned, on_prompted)]
    assert levels == pytest.approx([0.0151982, 0.0037995], abs=1e-7)
    asked = on_tuned.record["criteria"][0]
    assert (asked["alpha"], asked["harm_alpha"]) == (levels[0], 0.025)
    (alternative,) = on_tuned.record["alternatives"]
    assert (alternative["arm"], alternative["value"], alternative["candidate"]) == (
        "prompted",
        0.35,
        0.5,
    )
    assert alternative["sentence"].startswith(
        "Would a prompt do? prompted reaches 0.35 on questions: tuned is better by +0.15"
    )
    assert on_tuned.verdict == "ship"
    assert on_prompted.record["alternatives"] == []


def test_an_arm_that_is_the_baseline_on_these_items_is_asked_nothing(desk: Desk) -> None:
    study = desk.study(desk.prompted([1.0] * 70 + [0.0] * 130))
    prompted = StudyRun.objects.filter(arm__study=study, arm__name="prompted")
    there = StudyRun.objects.get(arm__study=study, arm__name="base", test_set__name="questions")
    prompted.filter(test_set__name="questions").update(run=there.run)
    assert decided(study).record["alternatives"] == []


def test_an_arm_that_no_prompt_makes_is_asked_for_by_its_name(desk: Desk) -> None:
    plain = a_version(desk.team, "larger", kind=Kind.BASE)
    desk.answered(plain, [1.0] * 180 + [0.0] * 20)
    assert decided(desk.study(plain)).record["alternatives"][0]["sentence"] == (
        "Would larger do? larger reaches 0.90 on questions: better than tuned "
        "(−0.40 [−0.48, −0.33]): larger does more than the fine-tune."
    )


def test_a_fine_tune_that_a_prompt_does_more_than_is_held(desk: Desk) -> None:
    decision = decided(desk.study(desk.prompted([1.0] * 180 + [0.0] * 20)))
    assert decision.record["alternatives"][0]["sentence"] == (
        "Would a prompt do? prompted reaches 0.90 on questions: better than tuned "
        "(−0.40 [−0.48, −0.33]): a prompt does more than the fine-tune."
    )
    assert decision.verdict == "hold"
    assert decision.record["headline"] == (
        "Don't fine-tune: prompted does more than tuned on questions."
    )
    assert decision.record["reasons"][0] == "✗ prompted does more than tuned on questions"
    assert decision.record["criteria"][0]["status"] == "pass"
    assert verify(decision.record).differences == []
    assert verify(decision.record | {"as_good": []}).differences != []


def test_so_is_one_that_a_prompt_does_as_well_as(desk: Desk) -> None:
    held = decided(desk.study(desk.prompted(NEARLY)))
    assert (held.verdict, held.record["headline"]) == (
        "hold",
        "Don't fine-tune: prompted does as well as tuned on questions.",
    )


def test_a_prompt_that_fails_a_guard_itself_is_no_alternative(desk: Desk) -> None:
    shipped = decided(desk.study(desk.prompted(NEARLY, sums=[0.0] * 300)))
    assert shipped.verdict == "ship", shipped.record["reasons"]
    (alternative,) = shipped.record["alternatives"]
    assert alternative["fails"] == ["sums"]
    assert alternative["sentence"].endswith("; but prompted fails sums.")
