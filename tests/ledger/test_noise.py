"""A second run of the baseline: effects beside it, and candidates that changed nothing."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from evalhub.decision.sections.noise_floor import sameness, sameness_sentence
from evalhub.registry.models import ModelVersion, Run, Study, StudyRun, TestSetVersion
from evalhub.registry.models.versions import Kind
from tests.cast import Team, a_run, a_study, a_test_set, a_version, decided

# The rule, by simulation.

DRAWS = 2000
MUCH_NOISE = [
    pytest.param(n, unstable, marks=pytest.mark.heavy)
    for n, unstable in [(200, 0.1), (200, 0.5), (600, 0.1), (2500, 0.5)]
]
Texts = NDArray[np.int64]


def texts(rng: np.random.Generator, n: int, unstable: float, changed: float = 0.0) -> list[Texts]:
    """Answers of the base, its second run and a candidate, as numbers.

    A share of the items is answered in one of two ways by chance, anew each time; the candidate
    also answers the share `changed` of the others in a way of its own.
    """
    shaky = np.arange(n) < round(unstable * n)
    said = [np.where(shaky, rng.integers(0, 2, n), 0) for _ in range(3)]
    said[2] = np.where(~shaky & (rng.random(n) < changed / (1 - unstable)), 2, said[2])
    return said


@cache
def called(both: int, worse: int, better: int, n: int) -> str:
    """What is said of yes/no differences, which their four counts tell whole."""
    repeat = np.repeat([1.0, 1.0, 0.0, 0.0], [both, worse, better, n - both - worse - better])
    candidate = np.repeat([1.0, 0.0, 1.0, 0.0], [both, worse, better, n - both - worse - better])
    return sameness(repeat, candidate, scores_differ=False).state


def share_called(state: str, n: int, unstable: float, changed: float = 0.0) -> float:
    rng = np.random.default_rng(31)
    so_called = 0
    for _ in range(DRAWS):
        base, *others = texts(rng, n, unstable, changed)
        repeat, candidate = (each != base for each in others)
        counts = (repeat & candidate, repeat & ~candidate, ~repeat & candidate)
        so_called += called(*(int(each.sum()) for each in counts), n) == state
    return so_called / DRAWS


@pytest.mark.parametrize(("n", "unstable"), [(200, 0.0), (200, 0.02), *MUCH_NOISE[2:]])
def test_a_true_no_op_under_noisy_decoding_is_caught(n: int, unstable: float) -> None:
    """95% of 2,000 draws or more; the Monte Carlo error is √(.95·.05/2000) = .005.

    Half of the unstable items differ in the second run: 0, 1, 5 and 25% of the answers.
    """
    assert share_called("no-op", n, unstable) >= 0.95


@pytest.mark.parametrize(("n", "unstable"), [(200, 0.0), *MUCH_NOISE[:2], MUCH_NOISE[3]])
def test_an_adapter_that_changes_5_points_more_is_not_called_a_no_op(
    n: int, unstable: float
) -> None:
    """At most 2.5% of the draws, and 3 errors of .0035."""
    assert share_called("no-op", n, unstable, changed=0.05) <= 0.025 + 3 * 0.0035


@pytest.mark.heavy
def test_what_can_not_be_told_is_called_neither() -> None:
    """A fifth of 200 answers differs by chance: a no-op then may hide, and isn't made up."""
    neither = share_called("not-told", 200, 0.4)
    assert neither > 0.3
    assert share_called("differs", 200, 0.4) <= 0.025 + 3 * 0.0035


def test_where_the_baseline_hardly_ever_says_the_same_twice_texts_tell_nothing() -> None:
    always = np.ones(1000)
    found = sameness(always, always, scores_differ=False)
    assert found.state == "not-told"
    said = sameness_sentence(found, arm="tuned", baseline="base")
    assert said.endswith(
        "texts that vary so much by themselves don't tell whether tuned was applied."
    )


def test_scores_that_differ_are_no_no_op_however_few_texts_do() -> None:
    repeat, candidate = np.zeros(1000), np.zeros(1000)
    candidate[:8] = repeat[8:16] = 1
    assert sameness(repeat, candidate, scores_differ=False).state == "no-op"
    assert sameness(repeat, candidate, scores_differ=True).state == "differs"


# The same through the database.


class Desk:
    """A base on 400 questions, half of which it gets right, and 300 sums."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.questions = a_test_set(team, "questions", items=400)
        self.sums = a_test_set(team, "sums", items=300)
        self.base = a_version(team, "base")
        self.answer(self.base)

    def answer(
        self,
        version: ModelVersion,
        other: Sequence[int] = (),
        right: int = 200,
        sets: Sequence[TestSetVersion] = (),
        repeat: int = 0,
    ) -> list[Run]:
        """Runs in which the answers to the items `other` read differently, scored alike."""
        return [
            a_run(
                version,
                test_set,
                scores=[float(i < right) for i in range(test_set.item_count)],
                answers=[
                    f"{i < right}, by {version}" if i in other else str(i < right)
                    for i in range(test_set.item_count)
                ],
                repeat=repeat,
            )
            for test_set in sets or (self.questions, self.sums)
        ]

    def study(self, candidate: ModelVersion, **fields: Any) -> Study:
        fields = {"baseline": self.base, "guards": [self.sums]} | fields
        return a_study(self.team, candidate=candidate, primary=self.questions, **fields)

    def repeated(self, study: Study, other: Sequence[int] = (), right: int = 200) -> None:
        """The base once more, as a study's second run of it."""
        arm = study.arms.get(name="base")
        for test_set in study.test_sets.all():
            (again,) = self.answer(self.base, other, right, [test_set.test_set_version], repeat=1)
            StudyRun.objects.create(arm=arm, test_set=test_set, run=again, repeat=1)


@pytest.fixture
def desk(team: Team) -> Desk:
    return Desk(team)


@pytest.mark.django_db
def test_the_effects_of_a_second_run_stand_beside_the_candidates(desk: Desk) -> None:
    tuned = a_version(desk.team, "tuned", parent=desk.base)
    desk.answer(tuned, other=range(300), right=280)
    study = desk.study(tuned)
    desk.repeated(study, other=range(10), right=204)
    decision = decided(study)
    assert decision.verdict == "ship"
    floor = decision.record["noise_floor"]
    row = floor["test_sets"][0]
    assert (row["test_set"], row["n"], row["wins"], row["losses"]) == ("questions", 400, 4, 0)
    assert row["difference"] == pytest.approx(0.01)
    assert row["differing"] == pytest.approx(14 / 400)
    assert floor["sameness"]["state"] == "differs"
    assert floor["sentences"][0] == (
        "85.7% of tuned's answers differ from base's, and 4.0% of a second run of base: "
        "tuned does something else."
    )


@pytest.mark.django_db
def test_a_candidate_no_different_from_a_second_run_is_invalid(desk: Desk) -> None:
    tuned = a_version(desk.team, "tuned", parent=desk.base)
    desk.answer(tuned, other=range(8))
    study = desk.study(tuned)
    desk.repeated(study, other=range(4, 12))
    decision = decided(study)
    assert decision.verdict == "invalid"
    assert decision.record["invalid"] == [
        "2.3% of tuned's answers differ from base's, and 2.3% of a second run of base: "
        "no more than when nothing was changed. Was tuned applied?"
    ]
    assert decision.record["noise_floor"] is None


@pytest.mark.django_db
def test_without_a_second_run_a_single_other_answer_is_enough_not_to_be_one(desk: Desk) -> None:
    tuned = a_version(desk.team, "tuned", parent=desk.base)
    desk.answer(tuned, other=[7])
    decision = decided(desk.study(tuned))
    assert decision.verdict == "need-more-data"
    assert decision.record["noise_floor"] is None


@pytest.mark.django_db
def test_the_same_to_the_letter_is_a_no_op_with_and_without_a_second_run(desk: Desk) -> None:
    tuned = a_version(desk.team, "tuned", parent=desk.base)
    desk.answer(tuned)
    study = desk.study(tuned)
    said = ["tuned and base gave the same answers to every item: was it applied?"]
    assert decided(study).record["invalid"] == said
    desk.repeated(study, other=range(50))
    assert decided(study).record["invalid"] == said


@pytest.mark.django_db
def test_the_second_run_of_another_arm_than_the_baseline_measures_nothing(desk: Desk) -> None:
    """Of a study whose baseline is chosen, only the chosen arm's second run counts."""
    prompted = a_version(desk.team, "prompted", kind=Kind.PROMPTED)
    tuned = a_version(desk.team, "tuned", parent=desk.base)
    desk.answer(prompted, other=range(300), right=250)
    desk.answer(tuned, other=range(350), right=300)
    policy = {"development": {"share": 0.3, "seed": 0}}
    study = desk.study(tuned, alternatives=[prompted], policy=policy)
    desk.repeated(study)
    decision = decided(study)
    assert decision.record["arms"]["baseline"]["name"] == "prompted"
    assert decision.record["noise_floor"] is None
