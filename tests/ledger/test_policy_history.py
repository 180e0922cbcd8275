"""A record says where its policy was changed after somebody first looked."""

from typing import Any

import pytest

from evalhub.decision.document import DecisionRecord
from evalhub.decision.policy import StudySettings
from evalhub.decision.verify import verify
from evalhub.declare.declaration import validate
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Look
from evalhub.registry.models import Study
from tests.cast import Team, a_run, a_study, a_team, a_test_set, a_version

pytestmark = pytest.mark.django_db


def asked_by(team: Team) -> Study:
    """The tuned arm gains 4 of 60 on a primary, and loses 3 of 60 on a guard."""
    questions = a_test_set(team, "questions", items=60)
    sums = a_test_set(team, "sums", items=60)
    base, tuned = a_version(team, "base"), a_version(team, "tuned")
    a_run(base, questions, scores=[1.0] * 15 + [0.0] * 45)
    a_run(tuned, questions, scores=[1.0] * 19 + [0.0] * 41)
    a_run(base, sums, scores=[1.0] * 60)
    a_run(tuned, sums, scores=[1.0] * 57 + [0.0] * 3)
    return a_study(team, baseline=base, candidate=tuned, primary=questions, guards=[sums])


@pytest.fixture
def study(team: Team) -> Study:
    return asked_by(team)


def decided(study: Study, **policy: Any) -> DecisionRecord:
    study = Study.objects.get(pk=study.pk)
    if policy:
        study.policy = validate(StudySettings, study.policy.as_json() | policy)
        study.save()
    record = decide_study(study=study)[0].document
    assert verify(record.as_json()).differences == []
    return record


def test_the_first_look_and_the_same_again_say_nothing(study: Study) -> None:
    first = decided(study)
    assert first.policy_since is None
    assert decided(study) == first


def test_a_margin_that_was_widened_after_the_look_is_told(study: Study) -> None:
    first = decided(study)
    assert first.verdict == "need-more-data"
    study.test_sets.filter(name="sums").update(margin=0.2)
    now = decided(study)
    assert now.policy_since is not None
    (change,) = now.policy_since.changes
    assert (change.field, change.was, change.now, change.effect) == (
        "criteria.sums.margin",
        0.02,
        0.2,
        "easier",
    )
    assert now.policy_since.status == "fail"
    assert now.policy_since.sentences[1] == (
        "Easier to pass: sums may lose less than 0.2 (was 0.02)."
    )
    assert decided(study) == now
    study.test_sets.filter(name="sums").update(margin=0.02)
    assert decided(study).policy_since is None


def test_what_is_only_stricter_is_fine_and_told(study: Study) -> None:
    decided(study)
    now = decided(study, min_reviewers=9, jumps="hold")
    assert now.policy_since is not None
    assert now.policy_since.status == "pass"
    assert {each.field for each in now.policy_since.changes} == {"people.min_reviewers", "jumps"}


def test_the_next_candidate_on_the_same_items_doesn_t_start_afresh(
    team: Team, study: Study
) -> None:
    decided(study)
    study.test_sets.filter(name="sums").update(margin=0.2)
    third = a_version(team, "third")
    for asked in study.test_sets.all():
        run = a_run(third, asked.test_set_version, scores=[1.0] * 56 + [0.0] * 4)
        arm, _ = study.arms.get_or_create(
            name="third", defaults={"position": 3, "role": "alternative", "version": third}
        )
        arm.runs.create(test_set=asked, run=run)
    *_, last = decide_study(study=Study.objects.get(pk=study.pk))
    assert last.arm == "third"
    assert last.document.policy_since is not None


def test_the_same_answers_in_another_study_don_t_either(team: Team, study: Study) -> None:
    first = decided(study)
    base, tuned = (study.arms.get(name=name).version for name in ("base", "tuned"))
    questions, sums = (each.test_set_version for each in study.test_sets.all())
    again = a_study(
        team, baseline=base, candidate=tuned, primary=questions, guards=[sums], slug="again"
    )
    again.test_sets.filter(name="sums").update(tier="advisory")
    now = decided(again)
    assert now.policy_since is not None
    assert [each.field for each in now.policy_since.changes] == ["criteria.sums.tier"]
    assert now.policy_since.decided[:10] == str(study.decisions.get().created.date())
    assert first.policy_since is None


def test_what_another_project_asks_of_the_same_answers_is_not_told(study: Study) -> None:
    decided(study)
    looks = Look.objects.count()
    others = asked_by(a_team("Sales", "sales"))
    others.test_sets.filter(name="sums").update(margin=0.2)
    assert decided(others).policy_since is None
    assert Look.objects.count() == looks, "they are the same claims"
    others.test_sets.filter(name="sums").update(margin=0.3)
    now = decided(others)
    assert now.policy_since is not None
    (change,) = now.policy_since.changes
    assert (change.was, change.now) == (0.2, 0.3), "what was changed here is"


def test_fresh_items_are_a_fresh_start(team: Team, study: Study) -> None:
    decided(study)
    base, tuned = (study.arms.get(name=name).version for name in ("base", "tuned"))
    fresh = a_test_set(team, "fresh", items=60)
    a_run(base, fresh, scores=[0.0] * 60)
    a_run(tuned, fresh, scores=[1.0] * 10 + [0.0] * 50)
    other = a_study(team, baseline=base, candidate=tuned, primary=fresh, slug="other")
    other.test_sets.update(min_gain=-0.5)
    assert decided(other).policy_since is None


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ({"floor": 0.6}, {"floor": 0.2}, "Judge, floor: 0.2 (was 0.6)"),
        ({"min_gain": 0.1}, {"min_gain": 0.0}, "Judge, gain over the baseline: 0 (was 0.1)"),
        ({}, {"tier": "advisory"}, "Judge, tier: advisory (was critical)"),
        ({}, None, "Judge: not asked any more"),
        ({"floor": 0.2}, {"floor": 0.6}, ""),
    ],
    ids=["floor", "gain", "tier", "left out", "stricter"],
)
def test_a_judge_that_needs_less_is_eased_too(
    team: Team, study: Study, was: dict[str, Any], now: dict[str, Any] | None, words: str
) -> None:
    judge = {"by": a_version(team, "judge").digest, "test_set": "questions", "rubric": "Right."}
    assert decided(study, pairwise=judge | was).caveats == ()
    record = decided(study, pairwise=None if now is None else judge | now)
    told = [each.sentence for each in record.caveats]
    assert told == ([f"policy eased after the look: {words}"] if words else [])
