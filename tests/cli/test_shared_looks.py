"""By the command: checkpoints of one training share a look, and the next study is the second."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalhub.cli.app import run
from tests.studies.desks import Desk

pytestmark = [pytest.mark.heavy, pytest.mark.django_db(transaction=True)]
Capture = pytest.CaptureFixture[str]
STEPS = ("step-100", "step-200", "step-300")


def document(desk: Desk, capsys: Capture, *options: str) -> dict[str, Any]:
    capsys.readouterr()
    run(["study", "run", str(desk.write()), "--json", *options])
    out = capsys.readouterr()
    assert out.out, out.err
    found: dict[str, Any] = json.loads(out.out)
    return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Three checkpoints that are right on nearly the same of 60 questions, one primary."""
    desk = Desk(tmp_path)
    desk.study["test_sets"] = {"triage": desk.study["test_sets"]["triage"]}
    desk.study["candidate"] = STEPS[-1]
    tuned = desk.study["arms"].pop("tuned")
    for i, step in enumerate(STEPS):
        desk.study["arms"][step] = tuned | {"backend": {"recorded": f"{step}.{{test_set}}.jsonl"}}
        right = ["right"] * 20 + ["wrong"] * 40
        desk.answers("base", "triage", ["right" if i % 3 == 0 else "wrong" for i in range(60)])
        right[20 + 2 * i : 22 + 2 * i] = ["right"] * 2
        desk.answers(step, "triage", right)
    return desk


def test_checkpoints_share_a_look_by_the_command(desk: Desk, capsys: Capture) -> None:
    (planned,) = document(desk, capsys, "--dry-run")["looks"]
    assert (planned["number"], planned["shared_by"]) == (1, 3)
    assert "look 1, at level 0.0051 or more: 3 arms share the look" in planned["sentence"]
    record = document(desk, capsys)
    records = [record, *record["others"]]
    assert record["arms"]["candidate"]["name"] == STEPS[-1]
    rows = [each["ledger"]["test_sets"][0] for each in records]
    assert [each["number"] for each in rows] == [1, 1, 1]
    assert all(planned["level"] < each["level"] < 3 * planned["level"] for each in rows)
    assert len({each["level"] for each in rows}) == 1
    (after,) = document(desk, capsys, "--dry-run")["looks"]
    assert (after["taken"], after["level"]) == (True, rows[0]["level"])
    path = desk.folder / "verdict.json"
    path.write_text(json.dumps(record))
    assert run(["decision", "verify", str(path)]) == 0

    desk.study["slug"] = "next-training"
    desk.study["arms"] = {name: desk.study["arms"][name] for name in ("base", STEPS[0])}
    desk.study["candidate"] = STEPS[0]
    assert document(desk, capsys)["ledger"]["test_sets"][0]["number"] == 1, "it was one of them"
    desk.answers(STEPS[0], "triage", ["right"] * 31 + ["wrong"] * 29)
    desk.study["slug"] = "another-training"
    assert document(desk, capsys)["ledger"]["test_sets"][0]["number"] == 2
    assert yaml.safe_load(desk.file.read_text())["slug"] == "another-training"
