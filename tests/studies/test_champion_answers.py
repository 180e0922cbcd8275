"""A champion is what it was judged as: other answers under its name are no champion's."""

from pathlib import Path
from typing import Any

import pytest

from evalhub.accounts.models import Role, User
from evalhub.cli.app import run as evalhub
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.features.lifecycle.promotion import StaleDecisionError, promote
from evalhub.io.rows import DataError
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import ModelVersion
from evalhub.studies.file.version_file import VersionFile
from tests.studies.desks import Desk, ran

pytestmark = pytest.mark.django_db(transaction=True)

WRONG_FILE = ["wrong"] * 50 + ["right"] * 10


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    del desk.study["test_sets"]["sums"]  # type: ignore[attr-defined]
    return desk


def crowned(desk: Desk, **arm: Any) -> User:
    """`tuned` became the champion; from now on the file judges `next` against it."""
    desk.study["arms"]["tuned"] |= arm  # type: ignore[index]
    study = ran(desk)
    (decision,) = decide_study(study=study)
    assert decision.verdict == "ship"
    owner = User.objects.create(username="olga")
    study.project.memberships.create(user=owner, role=Role.OWNER)
    promote(decision=decision, by=owner, reason="It ships.")
    arms = desk.study["arms"]
    arms["next"] = {"kind": "lora", "backend": {"recorded": "next.{test_set}.jsonl"}}  # type: ignore[index]
    changed = {"slug": "next", "baseline": "tuned", "candidate": "next", "promoted": True}
    desk.study |= changed  # type: ignore[arg-type]
    desk.answers("next", "triage", ["right"] * 25 + ["wrong"] * 35)
    return owner


def test_a_wrong_file_under_the_champion_s_name_is_refused(desk: Desk) -> None:
    """`next` is worse than the champion, and would have shipped against the wrong file."""
    crowned(desk)
    desk.answers("tuned", "triage", WRONG_FILE)
    with pytest.raises(DataError) as caught:
        ran(desk)
    said = str(caught.value)
    assert "field 'arms.tuned.backend'" in said
    assert "40 of 60 items that both were asked have other answers than decision" in said
    assert "made tuned v1 the champion with: take the champion's own answers" in said
    assert ModelVersion.objects.filter(model__slug="next").count() == 0, "all of it or nothing"


def test_its_own_answers_are_taken_with_items_added_and_in_another_order(desk: Desk) -> None:
    crowned(desk)
    rows = [
        {"id": f"again-{i}", "input": f"Question {i}?", "reference": "other"} for i in range(70)
    ]
    desk.rows("triage.jsonl", reversed(rows))
    for arm, right in (("base", 0), ("tuned", 30), ("next", 60)):
        texts = ["right"] * right + ["wrong"] * (70 - right)
        answers = ({"id": f"again-{i}", "output": text} for i, text in enumerate(texts))
        desk.rows(f"{arm}.triage.jsonl", answers)
    assert ran(desk).slug == "next"


def test_a_decision_against_a_wrong_file_promotes_nothing(desk: Desk) -> None:
    """Without `promoted: true` the study is judged; its candidate doesn't become champion."""
    owner = crowned(desk)
    desk.study["promoted"] = False  # type: ignore[assignment]
    desk.answers("tuned", "triage", WRONG_FILE)
    desk.answers("next", "triage", ["right"] * 29 + ["wrong"] * 31)
    decision = next(each for each in decide_study(study=ran(desk)) if each.arm == "next")
    desk.answers("next", "triage", ["wrong"] * 10 + ["right"] * 50)
    decision = next(each for each in decide_study(study=ran(desk)) if each.arm == "next")
    assert decision.verdict == "ship"
    with pytest.raises(StaleDecisionError, match="judged against others: 40 of 60 items"):
        promote(decision=decision, by=owner, reason="Better.")


@pytest.mark.parametrize(
    ("arm", "taken"),
    [
        ({"sampling": {"temperature": 0.7}, "build": "sha256:one"}, True),
        ({"sampling": {"temperature": 0.7}}, False),
        ({"sampling": {"temperature": 0}, "build": "sha256:one"}, False),
        ({"build": "sha256:one"}, False),
    ],
)
def test_answers_that_are_drawn_may_differ_where_the_build_is_said(
    desk: Desk, arm: dict[str, Any], taken: bool
) -> None:
    crowned(desk, **arm)
    desk.answers("tuned", "triage", WRONG_FILE)
    if taken:
        assert ran(desk).slug == "next"
        return
    with pytest.raises(DataError, match="40 of 60 items"):
        ran(desk)


def test_another_build_is_another_version(desk: Desk) -> None:
    tuned = desk.study["arms"]["tuned"]  # type: ignore[index]
    ran(desk)
    for build in ("sha256:one", "sha256:two", "sha256:one"):
        tuned["build"] = build
        ran(desk)
    versions = ModelVersion.objects.filter(model__slug="tuned").order_by("number")
    assert [(each.number, each.backend) for each in versions] == [
        (1, {"type": "recorded"}),
        (2, {"type": "recorded", "build": "sha256:one"}),
        (3, {"type": "recorded", "build": "sha256:two"}),
    ]
    assert len({each.digest for each in versions}) == 3


def test_what_is_asked_has_no_build(desk: Desk) -> None:
    arm = {"backend": {"openai": {"url": "http://127.0.0.1:9", "model": "m"}}, "build": "one"}
    desk.study["arms"]["tuned"] |= arm  # type: ignore[index]
    with pytest.raises(DataError, match="is of recorded answers: who is asked is said by"):
        ran(desk)
    with pytest.raises(DeclarationError, match="field 'build'"):
        validate(VersionFile, arm | {"kind": "lora"})
    said = validate(VersionFile, {"kind": "lora", "build": "sha256:one"})
    assert said.spec.as_json() == {"type": "recorded", "build": "sha256:one"}


def test_the_gate_takes_the_build_of_the_answers(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = str(desk.folder / "tuned.triage.jsonl")
    evalhub(["gate", str(desk.write()), "--answers", answers, "--build", "sha256:one"])
    assert "tuned" in capsys.readouterr().out
    version = ModelVersion.objects.get(model__slug="tuned")
    assert version.backend == {"type": "recorded", "build": "sha256:one"}
