"""What each step before a fine-tune buys: a prompt, examples, documents, then the tuning."""

from typing import Any

import pytest

from evalhub.decision.verify import verify
from evalhub.declare.verdicts import Verdict
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import ModelVersion, Output, Study
from evalhub.registry.models.versions import Kind
from tests.cast import Team, a_run, a_study, a_test_set, a_version

pytestmark = pytest.mark.django_db
ITEMS = 200


class Desk:
    """A base that has 20 of 200 questions right, and what is tried to make it better."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.questions = a_test_set(team, "questions", items=ITEMS)
        self.base = self.answered(a_version(team, "base"), 20)
        self.others: list[ModelVersion] = []

    def answered(self, version: ModelVersion, right: int) -> ModelVersion:
        a_run(version, self.questions, scores=[1.0] * right + [0.0] * (ITEMS - right))
        return version

    def tried(self, name: str, kind: Kind, right: int) -> None:
        self.others.append(self.answered(a_version(self.team, name, kind=kind), right))

    def study(self, tuned: int, kind: Kind = Kind.LORA) -> Study:
        parent = self.base if kind == Kind.LORA else None
        version = a_version(self.team, "tuned", kind=kind, parent=parent)
        return a_study(
            self.team,
            baseline=self.base,
            candidate=self.answered(version, tuned),
            primary=self.questions,
            alternatives=self.others,
        )


@pytest.fixture
def desk(team: Team) -> Desk:
    return Desk(team)


def steps_of(study: Study) -> dict[str, Any]:
    record = decide_study(study=study)[0].record
    assert verify(record).differences == []
    found: dict[str, Any] = record["steps"]
    return found


def test_where_nothing_but_tuning_was_tried_it_is_said(desk: Desk) -> None:
    steps = steps_of(desk.study(tuned=120))
    assert (steps["alone"], steps["rows"], steps["status"]) == (True, [], "open")
    assert steps["sentences"] == [
        "Nothing but tuning was tried: no prompt, no examples and no documents stand beside base, "
        "so that it isn't shown that tuned is needed."
    ]


def test_each_step_stands_beside_the_last_that_bought_something(desk: Desk) -> None:
    desk.tried("shown", Kind.FEW_SHOT, 100)
    desk.tried("told", Kind.PROMPTED, 60)
    desk.tried("rag", Kind.RETRIEVAL, 90)
    steps = steps_of(desk.study(tuned=140))
    rows = [(row["arm"], row["over"], row["difference"], row["buys"]) for row in steps["rows"]]
    assert rows == [
        ("base", None, None, False),
        ("told", "base", pytest.approx(0.2), True),
        ("shown", "told", pytest.approx(0.2), True),
        ("rag", "shown", pytest.approx(-0.05), False),
        ("tuned", "shown", pytest.approx(0.2), True),
    ]
    assert [row["value"] for row in steps["rows"]] == pytest.approx([0.1, 0.3, 0.5, 0.45, 0.7])
    assert steps["alone"] is False
    assert steps["sentences"][2].startswith("shown reaches 0.5 on questions, +0.20 [+0.1")
    assert steps["sentences"][-1] == (
        "On questions tuned is the last step that is worth its cost; what it may lose elsewhere "
        "isn't counted here."
    )


def test_a_fine_tune_that_adds_nothing_is_not_the_last_step_worth_its_cost(desk: Desk) -> None:
    desk.tried("told", Kind.PROMPTED, 120)
    steps = steps_of(desk.study(tuned=121))
    assert [row["buys"] for row in steps["rows"]] == [False, True, False]
    assert steps["sentences"][-1] == (
        "On questions told is the last step that is worth its cost: none after it is shown to gain "
        "on it."
    )


def test_where_no_step_gains_the_base_is_as_far_as_one_need_go(desk: Desk) -> None:
    desk.tried("told", Kind.PROMPTED, 20)
    steps = steps_of(desk.study(tuned=19))
    assert steps["sentences"][-1].startswith("On questions base is the last step that is worth")


def test_an_answer_s_tokens_and_time_stand_beside_what_it_buys(desk: Desk) -> None:
    desk.tried("told", Kind.PROMPTED, 60)
    study = desk.study(tuned=140)
    for name, prompt in (("base", 100), ("told", 400), ("tuned", None)):
        answers = Output.objects.filter(run__version__model__slug=name)
        answers.update(prompt_tokens=prompt, completion_tokens=11, latency_ms=2 * (prompt or 100))
    steps = steps_of(study)
    taken = [(row["tokens"], row["latency_ms"], row["money"]) for row in steps["rows"]]
    assert taken == [(111.0, 200.0, None), (411.0, 800.0, None), (None, 200.0, None)]
    first = "base reaches 0.1 on questions, at 111 tokens and 0.2 s an answer."
    assert steps["sentences"][0] == first
    assert steps["sentences"][2].endswith(" over told, at 0.2 s an answer.")


def test_an_arm_that_is_not_fine_tuned_has_no_such_section(desk: Desk) -> None:
    assert decide_study(study=desk.study(60, Kind.PROMPTED))[0].record["steps"] is None


def test_a_record_whose_steps_were_bent_is_found_out(desk: Desk) -> None:
    desk.tried("told", Kind.PROMPTED, 60)
    record = decide_study(study=desk.study(tuned=140))[0].record
    assert verify(record).differences == []
    for bent, field in (({"buys": False}, "buys"), ({"over": "base"}, "over")):
        rows = [dict(row) for row in record["steps"]["rows"]]
        rows[2] |= bent
        found = verify(record | {"steps": record["steps"] | {"rows": rows}}).differences
        assert f"steps.rows[2].{field}" in [each.field for each in found]
    # one from before there were steps
    assert verify({k: v for k, v in record.items() if k != "steps"}).differences == []


def test_invalid_evidence_shows_no_step(desk: Desk) -> None:
    desk.tried("told", Kind.PROMPTED, 60)
    tuned = a_version(desk.team, "tuned", parent=desk.base)
    a_run(tuned, desk.questions, scores=[1.0] * (ITEMS - 1) + [None])
    study = a_study(
        desk.team,
        baseline=desk.base,
        candidate=tuned,
        primary=desk.questions,
        alternatives=desk.others,
    )
    record = decide_study(study=study)[0].record
    assert record["verdict"] == Verdict.INVALID
    assert record["steps"] is None
