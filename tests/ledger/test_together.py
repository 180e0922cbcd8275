"""Arms of one study share a look; rivals that can only speak against the candidate cost none."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from evalhub.decision.levels import CHOSEN, Together, level_of, level_of_stages, readings_worth
from evalhub.decision.verify import verify
from evalhub.ledger.chain.follow import chain_faults
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision, Look, SharedLook
from evalhub.registry.models import ModelVersion, Study, StudyArm, TestSetVersion
from evalhub.registry.models.versions import Kind
from evalhub.stats.max_t import level_per_arm
from tests.cast import Team, a_run, a_study, a_test_set, a_version

pytestmark = [pytest.mark.django_db, pytest.mark.heavy]

ALPHA, N = 0.025, 400


class Desk:
    """A base, and checkpoints of one training: each is right where the training made it so, but for
    a few items of its own."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.questions = a_test_set(team, "questions", items=N)
        self.sums = a_test_set(team, "sums", items=N)
        self.base = a_version(team, "base")
        self.rng = np.random.default_rng(7)
        self.base_scores = (self.rng.random(N) < 0.5).astype(float)
        self.trained = np.where(self.rng.random(N) < 0.2, 1.0, self.base_scores)
        self.answer(self.base, self.questions, self.base_scores)
        self.answer(self.base, self.sums, self.base_scores)

    def answer(self, version: ModelVersion, on: TestSetVersion, scores: Iterable[float]) -> None:
        a_run(version, on, scores=[float(each) for each in scores])

    def version(self, slug: str, own: float = 0.02, **fields: Any) -> ModelVersion:
        version = a_version(self.team, slug, **{"parent": self.base} | fields)
        other = self.rng.random(N) < own
        scores = np.where(other, 1 - self.trained, self.trained)
        self.answer(version, self.questions, scores)
        one = np.arange(N) == self.rng.integers(N)
        self.answer(version, self.sums, np.where(one, 1 - self.base_scores, self.base_scores))
        return version

    def study(self, slug: str, *arms: ModelVersion, **fields: Any) -> Study:
        candidate, *others = arms
        return a_study(
            self.team,
            baseline=self.base,
            candidate=candidate,
            alternatives=others,
            primary=self.questions,
            slug=slug,
            **fields,
        )


@pytest.fixture
def desk(team: Team) -> Desk:
    return Desk(team)


def row(decision: Decision, test_set: str = "questions") -> dict[str, Any]:
    rows = {each["test_set"]: each for each in decision.record["ledger"]["test_sets"]}
    found: dict[str, Any] = rows[test_set]
    return found


def test_checkpoints_share_one_look_by_more_than_bonferroni(desk: Desk) -> None:
    study = desk.study("one", *(desk.version(f"step-{i}") for i in range(3)))
    decisions = decide_study(study=study)
    assert [row(each)["number"] for each in decisions] == [1, 1, 1]
    (shared,) = row(decisions[0])["together"]
    assert shared["arms"] == 3
    (alike,) = shared["correlations"]
    assert 0.6 < alike < 0.95
    level = level_per_arm(level_of(1, alpha=ALPHA), 3, (alike,))
    assert level_of(1, alpha=ALPHA) / 3 < level < level_of(1, alpha=ALPHA)
    for each in decisions:
        assert row(each)["level"] == each.record["criteria"][0]["alpha"] == pytest.approx(level)
        assert verify(each.record).differences == []
        assert "shared by 3 arms" in each.record["ledger"]["sentences"][0]
    assert Look.objects.count() == SharedLook.objects.count() == 3
    assert chain_faults() == []


def test_the_next_study_is_the_second_look(desk: Desk) -> None:
    decide_study(study=desk.study("one", *(desk.version(f"step-{i}") for i in range(3))))
    (after,) = decide_study(study=desk.study("two", desk.version("later")))
    assert (row(after)["number"], row(after)["together"]) == (2, [])


def test_many_arms_that_are_little_alike_count_as_more_than_one(desk: Desk) -> None:
    """Who tries a variant of the luckiest of five has chosen among as many as they are worth."""
    arms = [desk.version(f"step-{i}", own=0.3) for i in range(5)]
    first, *_ = decide_study(study=desk.study("one", *arms))
    (shared,) = row(first)["together"]
    assert shared["readings"] == readings_worth(5, *shared["correlations"]) > 1
    (after,) = decide_study(study=desk.study("two", desk.version("later")))
    assert row(after)["number"] == 1 + shared["readings"]


def test_as_how_many_readings_a_shared_look_counts() -> None:
    assert [readings_worth(arms, 0.9) for arms in (2, 3, 5, 10)] == [1, 1, 1, 2]
    assert [readings_worth(arms, 0.5) for arms in (2, 3, 5, 10)] == [1, 1, 3, 6]
    assert [readings_worth(arms, 0.0) for arms in (2, 3, 5, 10)] == [1, 2, 4, 9]


def test_to_decide_again_or_elsewhere_is_free_at_the_same_level(desk: Desk) -> None:
    arms = [desk.version(f"step-{i}") for i in range(3)]
    study = desk.study("one", *arms)
    first = decide_study(study=study)
    assert decide_study(study=study) == first
    for i, arm in enumerate(arms):
        (alone,) = decide_study(study=desk.study(f"alone-{i}", arm))
        assert row(alone)["number"] == 1
        assert row(alone)["level"] == row(first[i])["level"]
    assert Look.objects.count() == 3


def test_an_arm_that_is_added_after_the_first_was_read_takes_the_next_number(desk: Desk) -> None:
    study = desk.study("one", desk.version("step-0"), desk.version("step-1"))
    decide_study(study=study)
    late = desk.version("step-2")
    arm = StudyArm.objects.create(study=study, version=late, name="late", position=9)
    test_set = study.test_sets.get()
    arm.runs.create(test_set=test_set, run=late.runs.get(test_set_version=desk.questions))
    numbers = {each.arm: row(each)["number"] for each in decide_study(study=study)}
    assert numbers == {"step-0": 1, "step-1": 1, "late": 2}


def test_an_arm_that_was_incomplete_then_is_none_of_them(desk: Desk) -> None:
    broken = a_version(desk.team, "broken", parent=desk.base)
    a_run(broken, desk.questions, scores=[None, *(float(x) for x in desk.trained[1:])])
    first, second = decide_study(study=desk.study("one", desk.version("step-0"), broken))
    assert (row(first)["number"], row(first)["together"]) == (1, [])
    assert second.verdict == "invalid"
    assert SharedLook.objects.count() == 0


def test_arms_that_claim_the_same_are_one_claim(desk: Desk) -> None:
    """Two exports of one checkpoint: they share the look, and it is one row of the ledger."""
    arms = [a_version(desk.team, slug, parent=desk.base) for slug in ("one", "other")]
    for arm in arms:
        desk.answer(arm, desk.questions, desk.trained)
        desk.answer(arm, desk.sums, desk.base_scores)
    study = desk.study("one", *arms, guards=[desk.sums])
    decisions = decide_study(study=study)
    assert [row(each)["number"] for each in decisions] == [1, 1]
    assert [row(each)["together"][0]["arms"] for each in decisions] == [2, 2]
    assert Look.objects.count() == SharedLook.objects.count() == 2
    assert decide_study(study=study) == decisions
    assert chain_faults() == []


def test_untuned_arms_take_nothing_of_the_candidates_level(desk: Desk) -> None:
    arms = [desk.version("tuned"), *rivals(desk)]
    decisions = decide_study(study=desk.study("one", *arms))
    assert [row(each)["number"] for each in decisions] == [1, 2, 3, 4]
    assert row(decisions[0])["level"] == pytest.approx(level_of(1, alpha=ALPHA))
    assert [row(each)["together"] for each in decisions] == [[]] * 4
    assert SharedLook.objects.count() == 0
    assert not Look.objects.rivals().exists()


def test_fine_tuned_arms_share_a_look_beside_untuned_ones(desk: Desk) -> None:
    arms = [desk.version("step-0"), desk.version("step-1"), *rivals(desk)[:1]]
    decisions = decide_study(study=desk.study("one", *arms))
    assert {each.arm: row(each)["number"] for each in decisions} == {
        "step-0": 1,
        "step-1": 1,
        "prompted": 2,
    }
    assert [each["arms"] for each in row(decisions[0])["together"]] == [2]
    assert row(decisions[2])["together"] == []


@pytest.mark.parametrize(("count", "own"), [(3, 0.02), (5, 0.3)])
def test_arms_of_one_candidate_are_one_try_of_it(desk: Desk, count: int, own: float) -> None:
    """Recorded checkpoints that state one build: on fresh items its next try is the second, or as
    many tries later as the shared look counts readings."""
    build = {"type": "recorded", "build": "b1"}
    arms = [desk.version(f"step-{i}", own=own, backend=build) for i in range(count)]
    first, *_ = decisions = decide_study(study=desk.study("one", *arms))
    assert {row(each)["number"] for each in decisions} == {1}
    (shared,) = row(first)["together"]
    assert (shared["readings"] == 1) == (count == 3)
    fresh = a_test_set(desk.team, "fresh", items=[{"input": f"Fresh {i}?"} for i in range(40)])
    again = a_version(desk.team, "again", parent=desk.base, backend=build)
    for version, right in ((desk.base, 20), (again, 24)):
        desk.answer(version, fresh, [1.0] * right + [0.0] * (40 - right))
    study = a_study(desk.team, baseline=desk.base, candidate=again, primary=fresh, slug="fresh")
    (after,) = decide_study(study=study)
    assert row(after, "fresh")["elsewhere"]
    assert row(after, "fresh")["number"] == 1 + shared["readings"]


def test_with_a_guard_each_arm_may_fall_to_another_criterion(desk: Desk) -> None:
    arms = [desk.version(f"step-{i}") for i in range(2)]
    decisions = decide_study(study=desk.study("one", *arms, guards=[desk.sums]))
    for each in decisions:
        assert row(each)["level"] == pytest.approx(level_of(1, alpha=ALPHA) / 2)
        assert row(each, "sums")["level"] == pytest.approx(level_of(1, alpha=ALPHA) / 2)
    assert Look.objects.count() == 4
    assert set(Look.objects.values_list("number", flat=True)) == {1}


def test_a_guard_that_is_asked_later_makes_the_level_stricter(desk: Desk) -> None:
    arms = [desk.version(f"step-{i}") for i in range(2)]
    first, _ = decide_study(study=desk.study("one", *arms))
    (again,) = decide_study(study=desk.study("guarded", arms[0], guards=[desk.sums]))
    assert row(again)["number"] == 1
    assert row(again)["level"] == pytest.approx(level_of(1, alpha=ALPHA) / 2)
    assert row(again)["level"] < row(first)["level"]


def test_items_that_are_added_spend_the_second_look_by_equal_parts() -> None:
    together = Together(3, (0.9,))
    one = level_of_stages((1,), alpha=ALPHA, together=(together,))
    both = level_of_stages((1, 2), alpha=ALPHA, together=(together, together))
    due = level_of(2, alpha=ALPHA) / 3
    assert due < both < one + due
    third = level_of_stages((1, 2, 3), alpha=ALPHA, together=(together,) * 3)
    assert third == pytest.approx(level_of(3, alpha=ALPHA) / 3)


# Rivals that can only speak against the candidate.


def strategy(desk: Desk, slug: str, tuned: ModelVersion, *untuned: ModelVersion) -> Decision:
    """A study as `evalhub strategy init` writes it, the best of its untuned arms the baseline."""
    study = desk.study(slug, tuned, *untuned, policy={"development": {"share": 0.3, "seed": 0}})
    (decision,) = decide_study(study=study)
    return decision


def rivals(desk: Desk, **fields: Any) -> list[ModelVersion]:
    """A prompt, examples, documents: each does worse than the base."""
    found = []
    for i, kind in enumerate((Kind.PROMPTED, Kind.FEW_SHOT, Kind.RETRIEVAL)):
        version = a_version(desk.team, kind, kind=kind, **fields)
        worse = np.where(desk.rng.random(N) < 0.1 + i / 50, 0.0, desk.base_scores)
        desk.answer(version, desk.questions, worse)
        desk.answer(version, desk.sums, desk.base_scores)
        found.append(version)
    return found


def test_after_one_strategy_study_the_second_training_is_look_2(desk: Desk) -> None:
    untuned = rivals(desk)
    first = strategy(desk, "one", desk.version("first"), *untuned)
    assert {each["arm"] for each in first.record["alternatives"]} == {
        each.model.slug for each in untuned
    }
    numbers = [row(strategy(desk, slug, desk.version(slug), *untuned)) for slug in ("b", "c")]
    assert [each["number"] for each in (row(first), *numbers)] == [1, 2, 3]
    assert Look.objects.rivals().count() == 3
    assert chain_faults() == []


def test_more_rivals_than_a_ladder_has_take_numbers(desk: Desk) -> None:
    """Or one would read prompts for nothing until one is lucky, and call a copy a fine-tune."""
    strategy(desk, "one", desk.version("first"), *rivals(desk))
    more = [a_version(desk.team, f"prompt-{i}", kind=Kind.PROMPTED) for i in range(2)]
    for version in more:
        worse = np.where(desk.rng.random(N) < 0.2, 0.0, desk.base_scores)
        desk.answer(version, desk.questions, worse)
    assert row(strategy(desk, "two", desk.version("second"), *more))["number"] == 2
    assert row(strategy(desk, "three", desk.version("third"), *more))["number"] == 5
    assert list(Look.objects.rivals().values_list("number", flat=True)) == [1, 1, 1, 3, 4]
    policy = {"development": {"share": 0.3, "seed": 0}}
    (tried,) = decide_study(study=desk.study("rival", more[1], policy=policy))
    assert row(tried)["number"] == 1 + CHOSEN * (3 + 2 + 3), "candidates, further rivals, free ones"
    assert chain_faults() == []


def test_a_rival_that_is_tried_itself_pays_for_all_that_was_read(desk: Desk) -> None:
    untuned = rivals(desk)
    strategy(desk, "one", desk.version("first"), *untuned)
    policy = {"development": {"share": 0.3, "seed": 0}}
    study = desk.study("rival", untuned[0], policy=policy)
    (decision,) = decide_study(study=study)
    assert row(decision)["number"] == 1 + CHOSEN * 4
    (again,) = decide_study(study=study)
    assert again == decision
    assert row(strategy(desk, "two", desk.version("next")))["number"] == 2 + CHOSEN * 4


@pytest.mark.parametrize("kind", [Kind.PROMPTED, Kind.FEW_SHOT])
def test_so_does_what_may_have_been_made_from_one(desk: Desk, kind: Kind) -> None:
    """Another prompt, once the luckiest of the prompts is known."""
    strategy(desk, "one", desk.version("first"), *rivals(desk))
    other = desk.version("another-prompt", kind=kind, parent=None)
    policy = {"development": {"share": 0.3, "seed": 0}}
    (decision,) = decide_study(study=desk.study("two", other, policy=policy))
    assert row(decision)["number"] == 1 + CHOSEN * 4


def test_a_fine_tune_by_name_that_answers_where_a_rival_does_pays_as_one(desk: Desk) -> None:
    backend = {"type": "openai", "url": "http://127.0.0.1:9/v1", "model": "base"}
    strategy(desk, "one", desk.version("first"), *rivals(desk, backend=backend))
    named = desk.version("named", backend=backend)
    assert row(strategy(desk, "two", named))["number"] == 1 + CHOSEN * 4
