"""A guard on whose items the baseline has nothing to lose is passed by nobody: `evalhub decide`."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from evalhub.cli.app import run
from evalhub.decision.document import DecisionRecord
from evalhub.decision.verify import verify
from evalhub.declare.declaration import validate
from evalhub.report.junit import junit
from evalhub.report.markdown import markdown
from evalhub.report.one_file import render_report
from tests.cli.scorefiles import Rows, rows, rows_of

SKILLS = [f"skill-{number}" for number in range(8)]
NOTHING = [row for name in SKILLS for row in rows_of(name, [0] * 100, [0] * 100)]
GAINS = rows_of("triage", [0] * 100, [1] * 40 + [0] * 60)


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")


def decided(
    capsys: pytest.CaptureFixture[str], found: Rows, **asked: dict[str, Any]
) -> tuple[int, DecisionRecord]:
    """The exit code and the record, which verifies."""
    guards = {name: {"role": "guard", "margin": 0.1} for name in SKILLS}
    present = {row["test_set"] for row in found}
    criteria = {"triage": {"role": "primary"}, **guards}
    criteria = {name: each for name, each in criteria.items() if name in present} | asked
    criteria = {name: {"metric": "exact"} | each for name, each in criteria.items()}
    policy = {"schema": "evalhub.policy/1", "criteria": criteria}
    Path("policy.yaml").write_text(yaml.safe_dump(policy, sort_keys=False))
    rows(found)
    code = run(["decide", "policy.yaml", "--evidence", "rows.jsonl", "--json"])
    record = json.loads(capsys.readouterr().out)
    assert verify(record).differences == []
    return code, validate(DecisionRecord, record)


def test_eight_guards_of_nothing_but_zeros_are_passed_by_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, record = decided(capsys, NOTHING)
    assert (code, record.verdict, record.needed_n) == (2, "need-more-data", None)
    names = ", ".join(SKILLS[:7]) + " and skill-7"
    assert record.headline == (
        f"Unregistered: candidate: nothing is shown; no loss could be shown on {names}."
    )
    assert {each.status for each in record.criteria} == {"open"}
    assert {each.most_lost for each in record.criteria} == {0.0}
    assert record.criteria[0].sentence == (
        "skill-0 +0.00 [−0.037, +0.037]: open, can't show a loss: the baseline's 0.00 is no "
        "further from the worst score than the margin of 0.1; add items on which it does better"
    )


def test_a_ship_by_its_primary_names_the_guards_that_could_show_no_loss(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = rows_of("skill-0", [1] * 100, [1] * 100)
    empty = [row for row in NOTHING if row["test_set"] in SKILLS[1:3]]
    code, record = decided(capsys, GAINS + kept + empty)
    assert (code, record.verdict) == (0, "ship")
    assert record.headline == (
        "Unregistered: candidate gains 0.40 on triage and passes 1 guard; no loss could be shown "
        "on skill-1 and skill-2."
    )
    assert [each.status for each in record.criteria] == ["pass", "pass", "open", "open"]
    assert record.reasons[-1].endswith("on which it does better (keeps no ship back)")
    text = markdown(record)
    assert "no loss could be shown on skill-1 and skill-2" in text
    assert "2 of 4" not in text
    cases = ElementTree.fromstring(junit(record)).iter("testcase")
    skipped = [each.get("name") for each in cases if each.find("skipped") is not None]
    assert skipped == ["skill-1", "skill-2"], "neither passed nor failed"
    assert "no loss could be shown on skill-1 and skill-2" in render_report(record, ())


def test_a_loss_that_is_shown_and_cannot_be_more_than_may_be_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From 10 right of 100 to 2, where 10 may be lost: no more is there to lose."""
    few = rows_of("skill-0", [1] * 10 + [0] * 90, [1] * 2 + [0] * 98)
    code, record = decided(capsys, GAINS + few)
    assert (code, record.verdict) == (0, "ship")
    assert record.headline == (
        "Unregistered: candidate gains 0.40 on triage; a loss is shown on skill-0, which couldn't "
        "be more than may be."
    )
    assert record.criteria[1].sentence == (
        "skill-0 −0.080 [−0.15, −0.032]: open, a loss is shown, but on these items it can't be "
        "beyond the margin of 0.1: the baseline's 0.10 is no further from the worst score; add "
        "items on which it does better"
    )
    code, record = decided(capsys, few)
    assert (code, record.verdict) == (2, "need-more-data")
    assert "nothing is shown" not in record.headline
    assert "a loss is shown on skill-0" in record.headline


def test_a_gain_on_such_items_is_shown_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    code, record = decided(capsys, rows_of("skill-0", [0] * 100, [1] * 30 + [0] * 70))
    assert (code, record.criteria[0].status) == (0, "pass")
    assert record.criteria[0].sentence.endswith("a gain, where 0.1 may be lost")


def test_a_saving_beside_such_guards_alone_ships_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is cheap may be as bad as it likes, as far as these items can show."""
    costs = rows_of("skill-0", [0] * 100, [0] * 100)
    for row in costs:
        row["latency_ms"] = 100.0 if row["arm"] == "baseline" else 50.0
    criteria = {"skill-0": {"role": "guard", "margin": 0.1, "metric": "exact"}}
    policy = {
        "schema": "evalhub.policy/1",
        "criteria": criteria,
        "budgets": {"latency": {"max_ratio": 1.2, "test_set": "skill-0"}},
    }
    Path("policy.yaml").write_text(yaml.safe_dump(policy, sort_keys=False))
    rows(costs)
    code = run(["decide", "policy.yaml", "--evidence", "rows.jsonl", "--json"])
    record = json.loads(capsys.readouterr().out)
    assert [each["status"] for each in record["criteria"]] == ["open", "pass"]
    assert (code, record["verdict"]) == (2, "need-more-data")


def test_a_primary_that_may_lose_more_than_there_is_shows_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = rows_of("triage", [0] * 300, [0] * 300)
    code, record = decided(capsys, found, triage={"role": "primary", "min_gain": -0.05})
    assert (code, record.criteria[0].status) == (2, "open")
    assert "than the 0.05 that may be lost; add items" in record.criteria[0].sentence


def test_of_which_less_is_better_the_worst_is_the_most(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = {"role": "guard", "margin": 0.1, "higher_is_better": False}
    code, record = decided(capsys, rows_of("wrong", [1] * 95 + [0] * 5, [1] * 100), wrong=asked)
    assert (code, record.criteria[0].most_lost) == (2, pytest.approx(0.05))
    code, record = decided(capsys, rows_of("wrong", [0] * 100, [0] * 100), wrong=asked)
    assert (code, record.criteria[0].most_lost) == (0, 1.0)


def test_a_margin_of_0_is_refused_with_its_field(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policy.yaml").write_text(
        "schema: evalhub.policy/1\ncriteria:\n  sums: {role: guard, margin: 0}\n"
    )
    rows(GAINS)
    assert run(["decide", "policy.yaml", "--evidence", "rows.jsonl"]) == 65
    said = capsys.readouterr().err
    assert "policy.yaml, line 3, field 'criteria.sums.margin': must be above 0: no number" in said
    Path("x.jsonl").write_text("")
    asked = ["--test-set", "x.jsonl", "--metric", "exact_match", "--role", "guard"]
    assert run(["compare", "x.jsonl", "x.jsonl", *asked, "--margin", "0"]) == 64
    assert "must be above 0" in capsys.readouterr().err
