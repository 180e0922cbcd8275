"""The k-th candidate on a test set pays for those before it."""

from concurrent.futures import ThreadPoolExecutor
from math import pi
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from evalhub.decision.levels import is_spent, items_factor, level_of, level_of_stages
from evalhub.ledger.decide import decide_study
from evalhub.ledger.ledger import Claim, Standing, standing_of
from evalhub.ledger.ledger_origin import FirstLooks
from evalhub.ledger.models import Decision, Ledger, Look
from evalhub.ledger.same_items import SameItems
from evalhub.ledger.taking import take
from evalhub.registry.models import (
    ModelVersion,
    Run,
    Score,
    Study,
    StudyTestSet,
    TestSetVersion,
)
from evalhub.registry.models.versions import Kind
from tests.cast import Team, a_metric, a_run, a_study, a_team, a_test_set, a_version, decided

pytestmark = pytest.mark.django_db

ALPHA = 0.025
FIRST = ALPHA * 6 / pi**2


class Desk:
    """One base on 200 questions and 300 sums, and any number of candidates that gain 50, each on
    other items."""

    def __init__(self, team: Team) -> None:
        self.team, self.tried = team, 0
        self.questions = a_test_set(team, "questions", items=200)
        self.sums = a_test_set(team, "sums", items=300)
        self.base = a_version(team, "base")
        a_run(self.base, self.questions, scores=[1.0] * 50 + [0.0] * 150)
        a_run(self.base, self.sums, scores=[1.0] * 200 + [0.0] * 100)

    def candidate(
        self, slug: str, gain: int = 50, on: TestSetVersion | None = None
    ) -> ModelVersion:
        version = a_version(self.team, slug, parent=self.base)
        right = rotated([1.0] * gain + [0.0] * (150 - gain), self.tried)
        a_run(version, on or self.questions, scores=[1.0] * 50 + right)
        a_run(version, self.sums, scores=rotated([1.0] * 200 + [0.0] * 100, self.tried))
        self.tried += 1
        return version

    def study(self, candidate: ModelVersion, slug: str = "", **fields: Any) -> Study:
        return a_study(
            self.team,
            **{
                "baseline": self.base,
                "candidate": candidate,
                "primary": self.questions,
                "guards": [self.sums],
                "slug": slug or f"study-{candidate.model.slug}",
            }
            | fields,
        )


def rotated(scores: list[float], by: int) -> list[float]:
    return scores[-by:] + scores[:-by] if by else scores


@pytest.fixture
def desk(team: Team) -> Desk:
    return Desk(team)


def number_of(decision: Decision, test_set: str = "questions") -> int:
    rows = {row["test_set"]: row for row in decision.record["ledger"]["test_sets"]}
    number: int = rows[test_set]["number"]
    return number


# The levels are pure arithmetic.


def test_the_levels_of_all_looks_add_up_to_alpha() -> None:
    """Σ 6/(π²k²) = 1 (Euler); what 10,000 terms leave out is 6/(π²·10,000)."""
    total = sum(level_of(k, alpha=ALPHA) for k in range(1, 10_001))
    assert total == pytest.approx(ALPHA * (1 - 6 / pi**2 / 10_000), abs=1e-8)
    assert level_of(3, alpha=ALPHA) == pytest.approx(FIRST / 9)


def test_a_set_is_spent_when_a_candidate_needs_twice_the_items_of_the_first() -> None:
    """z.8 = .842; the first needs (2.165 + .842)² = 9.04, the 7th (3.423 + .842)² = 18.2."""
    assert items_factor(1, alpha=ALPHA) == 1
    assert items_factor(7, alpha=ALPHA) == pytest.approx(18.19 / 9.04, abs=0.01)
    assert [is_spent(k, alpha=ALPHA) for k in (6, 7)] == [False, True]


def test_two_stages_have_more_than_the_second_look_alone_and_less_than_both() -> None:
    for first, second in ((1, 2), (2, 5)):
        level = level_of_stages((first, second), alpha=ALPHA)
        due = level_of(second, alpha=ALPHA)
        assert due < level < due + level_of(first, alpha=ALPHA)


# Who pays what.


def test_the_first_candidate_is_judged_at_six_over_pi_squared_of_alpha(desk: Desk) -> None:
    decision = decided(desk.study(desk.candidate("one")))
    assert decision.record["alpha"] == pytest.approx(FIRST)
    ledger = decision.record["ledger"]
    assert (ledger["counts"], ledger["alpha"], ledger["spent"]) == ("primaries", ALPHA, False)
    assert ledger["test_sets"][0] == {
        "test_set": "questions",
        "number": 1,
        "looks": [1],
        "arms": None,
        "tries": [],
        "elsewhere": False,
        "claim": Look.objects.get(test_set_version=desk.questions).claim,
        "together": [],
        "level": pytest.approx(FIRST),
        "counted": True,
        "spent": False,
    }
    assert ledger["sentences"][0].startswith("The first candidate on questions: judged at 0.015 of")


def test_the_third_candidate_pays_nine_times(desk: Desk) -> None:
    decisions = [decided(desk.study(desk.candidate(slug))) for slug in ("one", "two", "three")]
    levels = [decision.record["alpha"] for decision in decisions]
    assert levels == pytest.approx([FIRST, FIRST / 4, FIRST / 9])
    criterion = decisions[2].record["criteria"][0]
    assert criterion["alpha"] == pytest.approx(FIRST / 9)
    said, *_ = decisions[2].record["ledger"]["sentences"]
    assert said.startswith("Look 3 at questions: judged at")


def test_to_decide_again_changes_nothing_though_others_came_since(desk: Desk) -> None:
    study = desk.study(desk.candidate("one"))
    first = decided(study)
    decided(desk.study(desk.candidate("two")))
    assert decided(study) == first
    assert (Decision.objects.count(), Look.objects.count()) == (2, 4)


def test_the_same_candidate_in_another_study_is_no_new_look(desk: Desk) -> None:
    one = desk.candidate("one")
    decided(desk.study(one))
    again = decided(desk.study(one, slug="once-more"))
    assert again.record["alpha"] == pytest.approx(FIRST)
    assert Look.objects.count() == 2


def test_the_same_version_asked_again_is_a_look_where_it_answers_otherwise(desk: Desk) -> None:
    one = desk.candidate("one")
    decided(desk.study(one))
    a_run(one, desk.questions, scores=[1.0] * 120 + [0.0] * 80)
    again = decided(desk.study(one, slug="once-more"))
    assert again.record["criteria"][0]["candidate"] == 0.6
    assert number_of(again) == 2


def test_a_baseline_asked_again_is_a_look_too(desk: Desk) -> None:
    one = desk.candidate("one")
    decided(desk.study(one))
    a_run(desk.base, desk.questions, scores=[1.0] * 40 + [0.0] * 160)
    assert number_of(decided(desk.study(one, slug="once-more"))) == 2


def test_the_same_answers_under_other_names_are_no_new_look(desk: Desk, team: Team) -> None:
    """Another arm, test set, study and project: what is claimed is the same."""
    decided(desk.study(desk.candidate("one")))
    others = a_team("Other desk", "other-desk")
    questions = renamed(desk.questions, others, "same-questions")
    base, other = a_version(others, "plain"), a_version(others, "very-new", kind=Kind.LORA)
    for version, like in ((base, desk.base), (other, ModelVersion.objects.get(model__slug="one"))):
        said = like.runs.get(test_set_version=desk.questions)
        answers = [each.text for each in said.outputs.order_by("item__position")]
        right = [float(each == "right") for each in answers]
        a_run(version, questions, scores=right, answers=answers)
    before = Look.objects.count()
    again = decided(a_study(others, baseline=base, candidate=other, primary=questions))
    assert (number_of(again, "same-questions"), Look.objects.count()) == (1, before)


def renamed(version: TestSetVersion, team: Team, slug: str, **fields: Any) -> TestSetVersion:
    """The same items as another test set, of another team, with these fields of each changed."""
    rows = version.items.values("key", "input", "references", "tags", "cluster")
    return a_test_set(team, slug, items=[row | fields for row in rows])


def test_another_margin_is_no_new_look_since_one_interval_answers_for_all(desk: Desk) -> None:
    study = desk.study(desk.candidate("one"))
    decided(study)
    StudyTestSet.objects.filter(study=study).update(min_gain=0.1, margin=0.05)
    assert number_of(decided(study)) == 1


def test_another_baseline_is_another_claim(desk: Desk) -> None:
    one = desk.candidate("one")
    decided(desk.study(one))
    older = desk.candidate("older", gain=10)
    assert number_of(decided(desk.study(one, slug="against-older", baseline=older))) == 2


def test_another_metric_is_another_claim(desk: Desk) -> None:
    one, contains = desk.candidate("one"), a_metric("contains")
    study = desk.study(one)
    decided(study)
    for run in Run.objects.filter(test_set_version=desk.questions):
        Score.objects.bulk_create(
            Score(output=output, metric=contains, value=float(i % 3 > 0))
            for i, output in enumerate(run.outputs.all())
        )
    StudyTestSet.objects.filter(study=study, name="questions").update(metric=contains)
    assert number_of(decided(study)) == 2


def test_arms_of_one_study_pay_in_order_the_candidate_in_question_first(desk: Desk) -> None:
    one = desk.candidate("one")
    prompted = a_version(desk.team, "a-prompt", kind=Kind.PROMPTED)
    a_run(prompted, desk.questions, scores=[1.0] * 60 + [0.0] * 140)
    a_run(prompted, desk.sums, scores=[1.0] * 200 + [0.0] * 100)
    decisions = decide_study(study=desk.study(one, alternatives=[prompted]))
    assert [(each.arm, number_of(each)) for each in decisions] == [("one", 1), ("a-prompt", 2)]


def test_the_primaries_count_unless_the_policy_says_all(desk: Desk) -> None:
    """Three candidates looked at the sums as a guard; the questions are fresh each time."""
    policy = {"ledger": "all"}
    levels = {}
    for slug in ("one", "two", "three"):
        fresh = a_test_set(desk.team, f"fresh-{slug}", items=200)
        a_run(desk.base, fresh, scores=[1.0] * 50 + [0.0] * 150)
        study = desk.study(desk.candidate(slug, on=fresh), primary=fresh)
        levels[slug] = decided(study).record["alpha"]
        study.policy = policy
        study.save()
        levels[f"{slug}, all"] = decided(study).record["alpha"]
    assert levels["three"] == pytest.approx(FIRST)
    assert levels["three, all"] == pytest.approx(FIRST / 9)


def test_without_a_ledger_alpha_is_divided_over_the_arms(desk: Desk) -> None:
    one = desk.candidate("one")
    prompted = a_version(desk.team, "a-prompt", kind=Kind.PROMPTED)
    a_run(prompted, desk.questions, scores=[1.0] * 60 + [0.0] * 140)
    a_run(prompted, desk.sums, scores=[1.0] * 200 + [0.0] * 100)
    decisions = decide_study(
        study=desk.study(one, alternatives=[prompted], policy={"ledger": "off"})
    )
    assert [each.record["alpha"] for each in decisions] == [ALPHA / 2, ALPHA / 2]
    assert decisions[0].record["ledger"] is None


def test_the_looks_are_counted_without_a_ledger_too(desk: Desk) -> None:
    """Or a policy that turns it off for a while would hide what was seen."""
    decided(desk.study(desk.candidate("one"), policy={"ledger": "off"}))
    assert number_of(decided(desk.study(desk.candidate("two")))) == 2


def test_no_verdict_is_no_look(desk: Desk) -> None:
    broken = a_version(desk.team, "broken", parent=desk.base)
    a_run(broken, desk.questions, scores=[None] * 200)
    a_run(broken, desk.sums, scores=[1.0] * 300)
    decision = decided(desk.study(broken))
    assert (decision.verdict, decision.record["ledger"]) == ("invalid", None)
    assert Look.objects.count() == 0
    assert number_of(decided(desk.study(desk.candidate("one")))) == 1


def test_an_invalid_study_decided_again_is_the_same_decision_whoever_came_since(
    desk: Desk,
) -> None:
    same = a_version(desk.team, "same", parent=desk.base)
    for test_set, right in ((desk.questions, 50), (desk.sums, 200)):
        run = Run.objects.get(version=desk.base, test_set_version=test_set)
        answers = [output.text for output in run.outputs.all()]
        scores = [1.0] * right + [0.0] * (len(answers) - right)
        a_run(same, test_set, scores=scores, answers=answers)
    study = desk.study(same)
    first = decided(study)
    decided(desk.study(desk.candidate("one")))
    assert first.verdict == "invalid"
    assert decided(study) == first


def test_where_the_arm_is_the_baseline_nothing_is_looked_at(desk: Desk) -> None:
    one = a_version(desk.team, "one", parent=desk.base)
    a_run(one, desk.questions, scores=[1.0] * 100 + [0.0] * 100)
    study = desk.study(one)
    shared = Run.objects.get(version=desk.base, test_set_version=desk.sums)
    study.arms.get(name="one").runs.create(test_set=study.test_sets.get(name="sums"), run=shared)
    decided(study)
    assert [look.test_set_version.test_set.slug for look in Look.objects.all()] == ["questions"]


@pytest.mark.heavy
def test_a_spent_set_is_said_to_be_with_what_to_do(desk: Desk) -> None:
    for i in range(7):
        decision = decided(desk.study(desk.candidate(f"number-{i}")))
    ledger = decision.record["ledger"]
    assert ledger["spent"]
    assert ledger["sentences"][0] == (
        "questions is spent: this is look 7, judged at 0.00031 of the policy's 0.025, where a "
        "candidate needs 2.0 times the items that the first needed. Make a fresh test set for "
        "the next candidate."
    )


def test_other_items_are_not_counted(desk: Desk) -> None:
    decided(desk.study(desk.candidate("one")))
    others = a_test_set(desk.team, "others", items=200)
    a_run(desk.base, others, scores=[1.0] * 50 + [0.0] * 150)
    two = desk.candidate("two", on=others)
    assert number_of(decided(desk.study(two, primary=others)), "others") == 1


# Two decisions at the same time.


def claims_of(desk: Desk, slug: str) -> tuple[Study, list[Claim]]:
    candidate = desk.candidate(slug)
    run = Run.objects.get(version=candidate, test_set_version=desk.questions)
    base = Run.objects.get(version=desk.base, test_set_version=desk.questions)
    claim = Claim("questions", True, True, base, run, asked={}, scores=("", slug))
    return desk.study(candidate), [claim]


def standing(claims: list[Claim]) -> Standing:
    return standing_of(claims, counts="primaries", shared=SameItems())


def test_who_judged_at_a_number_that_was_taken_meanwhile_judges_anew(desk: Desk) -> None:
    (one, first), (two, second) = claims_of(desk, "one"), claims_of(desk, "two")
    both = standing(first), standing(second)
    assert both[0].positions[0].number == both[1].positions[0].number == 1
    assert take(both[0], study=one, shared=SameItems(), first=FirstLooks())
    assert not take(both[1], study=two, shared=SameItems(), first=FirstLooks())
    assert take(standing(second), study=two, shared=SameItems(), first=FirstLooks())
    assert [look.number for look in Look.objects.order_by("number")] == [1, 2]


def test_the_database_counts_no_claim_twice(desk: Desk) -> None:
    decided(desk.study(desk.candidate("one")))
    look = Look.objects.get(test_set_version=desk.questions)
    look.pk, look.number = None, 2
    with pytest.raises(IntegrityError), transaction.atomic():
        look.save(force_insert=True)
    assert connection.needs_rollback is False


def test_a_home_has_one_ledger_under_a_random_id(desk: Desk) -> None:
    first, second = (decided(desk.study(desk.candidate(slug))) for slug in ("one", "two"))
    homes = {each.record["ledger"]["home"] for each in (first, second)}
    assert homes == {str(Ledger.objects.get())}
    assert first.record["ledger"]["sentences"][-2:] == [
        f"All looks are those of the ledger {Ledger.objects.get()}.",
        "This ledger was begun by this command: it counts no look that was taken before, in "
        "another home.",
    ]
    assert second.record["ledger"]["begun"] is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.heavy
def test_eight_decisions_at_once_pay_eight_different_levels(team: Team) -> None:
    desk = Desk(team)
    studies = [desk.study(desk.candidate(f"number-{i}")) for i in range(8)]

    def decide_one(study: Study) -> Decision:
        try:
            return decided(study)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        decisions = list(pool.map(decide_one, studies))
    assert sorted(number_of(each) for each in decisions) == list(range(1, 9))
    for decision in decisions:
        assert decision.record["alpha"] == pytest.approx(FIRST / number_of(decision) ** 2)
    assert Look.objects.count() == 16
