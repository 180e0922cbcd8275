"""A study file becomes rows, all of them or none."""

import re
from typing import Any

import pytest

from evalhub.accounts.models import Project
from evalhub.decision.criteria.budget import Budget
from evalhub.declare.study import Development
from evalhub.io.rows import DataError
from evalhub.registry.models import (
    Item,
    Metric,
    Model,
    ModelVersion,
    Output,
    Run,
    Study,
    StudyArm,
    StudyRun,
    TestSet,
    TestSetVersion,
)
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from evalhub.studies.run.plan import plan_of_file
from evalhub.studies.run.register import register_study
from tests.studies.desks import Desk, registered

pytestmark = pytest.mark.django_db

ROWS: tuple[Any, ...] = (
    Project,
    TestSet,
    TestSetVersion,
    Item,
    Metric,
    Model,
    ModelVersion,
    Run,
    Output,
    Study,
)


def counted() -> dict[str, int]:
    return {kind.__name__: kind.objects.count() for kind in ROWS}


def refusal(desk: Desk) -> str:
    """What is said, after looking that nothing was written."""
    with pytest.raises(DataError) as caught:
        registered(desk)
    assert set(counted().values()) == {0}
    return str(caught.value).removeprefix(f"{desk.folder}/")


def test_all_that_the_file_says_is_there(desk: Desk) -> None:
    study = registered(desk)
    assert counted() == {
        "Project": 1,
        "TestSet": 2,
        "TestSetVersion": 2,
        "Item": 360,
        "Metric": 2,
        "Model": 2,
        "ModelVersion": 2,
        "Run": 4,
        "Output": 720,
        "Study": 1,
    }
    assert [(arm.name, arm.role) for arm in study.arms.all()] == [
        ("base", "baseline"),
        ("tuned", "candidate"),
    ]
    tuned = study.arms.get(name="tuned").version
    assert (tuned.kind, tuned.parent.model.slug) == ("lora", "base")
    triage, sums = study.test_sets.all()
    assert (triage.role, triage.metric.name, sums.role, sums.margin) == (
        "primary",
        "exact_match",
        "guard",
        0.02,
    )
    assert (triage.test_set_version.test_set.purpose, study.policy.alpha) == ("task", 0.025)


def test_tiers_shares_gains_and_mixes_are_kept(desk: Desk) -> None:
    desk.rows(
        "triage.jsonl",
        (
            {
                "id": f"q{i}",
                "input": "?",
                "reference": "right",
                "tags": ["rare" if i < 30 else "usual"],
            }
            for i in range(60)
        ),
    )
    triage, sums = desk.study["test_sets"].values()
    triage |= {"planned_gain": 0.1, "mix": {"rare": 0.1, "usual": 0.9}}
    sums |= {"tier": "supporting", "relative_margin": 0.2}
    desk.study["policy"] = {"primaries": "any-of", "budgets": {"latency": {"max_ratio": 1.2}}}
    study = registered(desk)
    first, second = study.test_sets.all()
    assert (first.planned_gain, first.mix) == (0.1, {"rare": 0.1, "usual": 0.9})
    assert (second.tier, second.relative_margin) == ("supporting", 0.2)
    assert (study.policy.primaries, study.policy.ledger) == ("any-of", "primaries")
    assert study.policy.budgets == {"latency": Budget(max_ratio=1.2)}


def test_items_that_do_not_fit_the_mix_are_refused_before_anything_is_written(desk: Desk) -> None:
    desk.study["test_sets"]["triage"]["mix"] = {"rare": 0.1, "usual": 0.9}
    assert "field 'test_sets.triage.mix': the mix divides items by rare, usual" in refusal(desk)


def weighted_triage(desk: Desk) -> None:
    desk.rows(
        "triage.jsonl",
        (
            {"id": f"q{i}", "input": f"{i}?", "reference": "right", "tags": ["a"], "w": 1 + i}
            for i in range(60)
        ),
    )
    desk.study["test_sets"]["triage"]["fields"] = {"weight": "w"}


def test_items_have_the_weights_that_the_file_says(desk: Desk) -> None:
    weighted_triage(desk)
    version = registered(desk).test_sets.get(name="triage").test_set_version
    assert list(version.items.values_list("weight", flat=True)[:3]) == [1.0, 2.0, 3.0]


def test_the_plan_reckons_with_the_weights_before_anything_is_asked(desk: Desk) -> None:
    """Weights 1 to 60: 60·Σw²/(Σw)² = 60·73810/1830² = 1.3224."""
    weighted_triage(desk)
    plan = plan_of_file(read_study(desk.write(), OperatorFile()))
    looks = {each.test_set: each for each in plan.looks}
    assert looks["triage"].design_effect == pytest.approx(60 * 73810 / 1830**2)
    assert looks["sums"].design_effect == 1


def test_items_with_weights_are_weighted_to_no_mix_besides(desk: Desk) -> None:
    weighted_triage(desk)
    desk.study["test_sets"]["triage"]["mix"] = {"a": 1.0}
    assert "field 'test_sets.triage.mix': items have weights and the policy a mix" in refusal(desk)


def test_the_best_untuned_arm_is_left_for_the_gate_to_choose(desk: Desk) -> None:
    desk.study["baseline"] = "best-untuned"
    study = registered(desk)
    assert study.policy.development == Development(share=0.3, seed=0)
    assert study.arms.get(role="baseline").name == "base"


def test_a_second_time_changes_nothing(desk: Desk) -> None:
    first = registered(desk)
    before, runs = counted(), set(Run.objects.values_list("pk", flat=True))
    assert registered(desk) == first
    assert counted() == before
    assert set(Run.objects.values_list("pk", flat=True)) == runs
    assert StudyRun.objects.count() == 4


def test_changed_answers_are_a_new_run_and_the_old_one_stays(desk: Desk) -> None:
    study = registered(desk)
    old = StudyRun.objects.get(arm__name="tuned", test_set__name="triage").run
    desk.answers("tuned", "triage", ["right"] * 60)
    assert registered(desk) == study
    new = StudyRun.objects.get(arm__name="tuned", test_set__name="triage").run
    assert new != old
    assert new.version == old.version
    assert old.outputs.filter(text="right").count() == 30
    assert Run.objects.count() == 5


def test_a_changed_test_set_is_a_new_version_with_runs_of_its_own(desk: Desk) -> None:
    registered(desk)
    desk.test_set("triage", 60, tags=["parcel"])
    study = registered(desk)
    assert TestSetVersion.objects.filter(test_set__slug="triage").count() == 2
    version = study.test_sets.get(name="triage").test_set_version
    assert version.number == 2
    assert Run.objects.count() == 6
    assert Run.objects.filter(test_set_version=version).count() == 2


def test_a_changed_prompt_is_a_new_version_of_the_model(desk: Desk) -> None:
    registered(desk)
    desk.study["arms"]["tuned"]["training"] = {"rank": 8}
    study = registered(desk)
    assert ModelVersion.objects.filter(model__slug="tuned").count() == 2
    assert study.arms.get(name="tuned").version.number == 2


def test_a_changed_policy_is_the_same_study(desk: Desk) -> None:
    before = registered(desk)
    desk.study["policy"] = {"alpha": 0.05}
    desk.study["test_sets"]["sums"]["margin"] = 0.1
    after = registered(desk)
    assert after.pk == before.pk
    assert after.policy.alpha == 0.05
    assert after.test_sets.get(name="sums").margin == 0.1


def test_an_arm_that_differs_on_some_test_sets_only_shares_its_parents_runs(desk: Desk) -> None:
    desk.study["arms"]["prompted"] = {
        "kind": "few-shot",
        "parent": "base",
        "only": ["triage"],
        "backend": {"recorded": "prompted.{test_set}.jsonl"},
    }
    desk.answers("prompted", "triage", ["right"] * 20 + ["wrong"] * 40)
    registered(desk)
    runs = StudyRun.objects.filter(test_set__name="sums")
    assert runs.get(arm__name="prompted").run == runs.get(arm__name="base").run
    assert Run.objects.count() == 5


@pytest.mark.parametrize(
    "names",
    [
        ("Triage v1.0", "Triage v10"),
        ("分诊，第四版", "Сортировка, версия 4"),
        ("triage", "Triage"),
        ("x" * 100, "x" * 100 + "y"),
        ("triage-0a1b2c3d", "Triage!"),
    ],
)
def test_two_names_in_any_script_are_two_studies(desk: Desk, names: tuple[str, str]) -> None:
    studies = []
    for name in names:
        desk.study["name"] = name
        studies.append(registered(desk))
    assert {study.name for study in Study.objects.all()} == set(names)
    assert all(re.fullmatch(r"[a-z0-9-]{1,80}", study.slug) for study in studies)
    assert [registered(desk), Study.objects.count()] == [studies[1], 2]


def test_a_name_that_is_a_slug_is_the_study_s_slug(desk: Desk) -> None:
    desk.study["name"] = "triage-r8"
    assert registered(desk).slug == "triage-r8"


def test_a_study_with_a_slug_may_be_renamed(desk: Desk) -> None:
    desk.study["slug"] = "triage"
    before = registered(desk)
    desk.study["name"] = "Triage, once more"
    after = registered(desk)
    assert (after.pk, after.slug, after.name) == (before.pk, "triage", "Triage, once more")


def test_a_name_never_takes_over_another_study_s_slug(desk: Desk) -> None:
    desk.study["slug"] = "triage"
    study = registered(desk)
    del desk.study["slug"]
    desk.study["name"] = "triage"
    with pytest.raises(DataError, match=r"line 3, field 'name': gives the slug 'triage', which"):
        registered(desk)
    assert list(Study.objects.values_list("pk", "name")) == [(study.pk, "Shall we?")]


def test_arms_may_change_their_roles_in_place(desk: Desk) -> None:
    """The candidate becomes the baseline, and the baseline the candidate."""
    before = {arm.name: arm.pk for arm in registered(desk).arms.all()}
    desk.study |= {"baseline": "tuned", "candidate": "base"}
    after = registered(desk).arms.all()
    assert {arm.name: arm.pk for arm in after} == before
    assert {arm.name: arm.role for arm in after} == {"base": "candidate", "tuned": "baseline"}


def test_two_projects_may_have_studies_of_one_name(desk: Desk) -> None:
    registered(desk)
    desk.study["project"] = "other"
    registered(desk)
    assert Study.objects.count() == Project.objects.count() == 2


def test_a_broken_last_file_leaves_nothing_of_the_others(desk: Desk) -> None:
    with (desk.folder / "tuned.sums.jsonl").open("a") as file:
        file.write('{"id": "q0", "output": \n')
    assert refusal(desk).startswith("tuned.sums.jsonl, line 301: malformed JSON at column 25")


def test_an_answer_to_no_item_names_file_and_line(desk: Desk) -> None:
    desk.answers("tuned", "sums", ["right"] * 301)
    assert refusal(desk).startswith(
        "tuned.sums.jsonl, line 301, field 'id': there is no item 'q300'"
    )


def test_an_id_that_stands_twice_names_both_lines(desk: Desk) -> None:
    with (desk.folder / "sums.jsonl").open("a") as file:
        file.write('{"id": "q7", "input": "?", "reference": "x"}\n')
    assert refusal(desk).startswith("sums.jsonl, line 301, field 'id': 'q7' is the id on line 8")


def test_a_missing_reference_names_the_line_and_the_item(desk: Desk) -> None:
    rows = (desk.folder / "sums.jsonl").read_text().splitlines()
    rows[3] = '{"id": "q3", "input": "Question 3?"}'
    desk.line("sums.jsonl", *rows)
    assert refusal(desk) == (
        "sums.jsonl, line 4, field 'reference': contains needs a reference, and item 'q3' has none"
    )


def test_a_missing_file_is_named(desk: Desk) -> None:
    (desk.folder / "tuned.sums.jsonl").unlink()
    assert refusal(desk).startswith("tuned.sums.jsonl: ")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"metric": {"name": "exact_mach"}},
            'not "exact_mach"; did you mean exact_match?',
        ),
        (
            {"metric": {"name": "exact_match", "lowr": True}},
            "field 'test_sets.triage.metric.lowr': isn't known here; did you mean lower?",
        ),
        (
            {"metric": {"name": "exact_match", "extract": "("}},
            "field 'test_sets.triage.metric.extract': is not a",
        ),
    ],
)
def test_a_metric_that_is_not_one_is_named_with_its_line(
    desk: Desk, change: dict[str, Any], says: str
) -> None:
    desk.study["test_sets"]["triage"] |= change
    message = refusal(desk)
    assert message.startswith("study.yaml, line ")
    assert says in message


@pytest.mark.parametrize(
    ("arm", "field", "says"),
    [
        ({"backend": {"openai": {"url": "here", "model": "m"}}}, "backend", "must be an address"),
        (
            {"backend": {"openai": {"url": "http://h/v1"}}},
            "backend",
            "field 'arms.tuned.backend.openai.model': missing",
        ),
        (
            {"backend": {"openai": {"url": "http://h/v1", "model": "m", "api_key": "x"}}},
            "backend",
            "openai.api_key': a key is never stored",
        ),
        ({"prompt": {"template": "no input"}}, "prompt.template", "must hold {input}"),
        ({"sampling": {"temperature": "hot"}}, "sampling.temperature", "a number is needed"),
        ({"sampling": {"heat": 1}}, "sampling.heat", "isn't known here"),
        ({"training": {"api_key": "sk-0000"}}, "training.api_key", ""),
        ({"training": {"cost": {"amount": -1}}}, "training.cost.amount", "must be 0 or more"),
        ({"training": {"losses": [[2, 1.0], [1, 1.0]]}}, "training.losses.1.0", "no step goes"),
    ],
)
def test_an_arm_that_can_not_be_is_named_with_its_line(
    desk: Desk, arm: dict[str, Any], field: str, says: str
) -> None:
    desk.study["arms"]["tuned"] |= arm
    message = refusal(desk)
    assert message.startswith("study.yaml, line ")
    assert f"field 'arms.tuned.{field}" in message
    assert says in message


def test_a_record_of_another_base_is_named_with_its_line_and_nothing_is_made(desk: Desk) -> None:
    pytest.importorskip("transformers")
    arms = desk.study["arms"]
    arms["base"]["backend"] = {"hf": {"model": "acme/small-1b", "revision": "a" * 40}}
    arms["tuned"] |= {"parent": "base", "training": {"base_model": "acme/large-9b"}}
    message = refusal(desk)
    assert message.startswith("study.yaml, line ")
    assert "field 'arms.tuned.training.base_model': is acme/large-9b, and what its" in message
    assert not ModelVersion.objects.exists()


def test_a_question_that_names_an_arm_is_refused_before_anything_runs(desk: Desk) -> None:
    desk.study["review"] = {"test_set": "triage", "items": 5, "question": "Is tuned better?"}
    said = refusal(desk)
    assert "field 'review.question'" in said
    assert "names an arm ('tuned')" in said


def test_progress_is_told_by_test_set(desk: Desk) -> None:
    told: dict[str, int] = {}
    register_study(
        read_study(desk.write(), OperatorFile()),
        progress=lambda name, line: told.update({name: line}),
    )
    assert told == {"triage": 60, "sums": 300}


def test_arms_that_left_the_file_leave_the_study(desk: Desk) -> None:
    desk.study["arms"]["older"] = {
        "kind": "lora",
        "backend": {"recorded": "tuned.{test_set}.jsonl"},
    }
    assert registered(desk).arms.count() == 3
    del desk.study["arms"]["older"]
    assert registered(desk).arms.count() == 2
    assert StudyArm.objects.count() == 2
