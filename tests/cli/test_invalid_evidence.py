"""Invalid evidence shows no difference, interval or score, whichever command is asked."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from tests.cli.scorefiles import POLICY, policy, rows, rows_of, write

RESULTS = ("criteria", "breakdown", "alternatives", "as_good")
SECTIONS = ("needed_n", "ledger", "noise_floor", "leakage", "baseline_choice", "extension")
# What a score, a difference or a number of wins would look like; counts of items don't.
NUMBERS = re.compile(r"[+−-]?\d?\.\d\d|\d+/\d+/\d+")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """300 items of which the tuned arm gains 30, but for one that it has no answer to."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    write("items.jsonl", [{"id": i, "reference": "right", "kind": f"k{i % 2}"} for i in range(300)])
    write("base.jsonl", [{"id": i, "output": "wrong"} for i in range(300)])
    right = {i: "right" if i < 30 else "wrong" for i in range(299)}
    write("tuned.jsonl", [{"id": i, "output": text} for i, text in right.items()])
    return tmp_path


COMPARE = ["compare", "base.jsonl", "tuned.jsonl", "--test-set", "items.jsonl"]
EXACT = [*COMPARE, "--metric", "exact_match", "--tag", "kind"]


def check(record: dict[str, Any]) -> None:
    assert record["verdict"] == "invalid"
    assert not any(record[name] for name in (*RESULTS, *SECTIONS))
    assert record["reasons"] == record["invalid"] != []
    assert record["evidence"][0]["items"] == 300


def test_a_comparison_prints_counts_and_reasons_alone(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(EXACT) == 3
    printed = capsys.readouterr().out
    assert "tuned.jsonl has no answer to 1 of 300 items of items, first '299'" in printed
    assert NUMBERS.findall(printed) == []


def test_its_record_holds_no_result_and_still_verifies(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*EXACT, "--json"]) == 3
    record = json.loads(capsys.readouterr().out)
    check(record)
    Path("record.json").write_text(json.dumps(record))
    assert run(["decision", "verify", "record.json"]) == 0
    assert "verified: invalid" in capsys.readouterr().out
    write("tuned.jsonl", [{"id": i, "output": "right"} for i in range(300)])
    run([*EXACT, "--json"])
    shown = json.loads(capsys.readouterr().out)
    for name in ("criteria", "breakdown"):
        Path("record.json").write_text(json.dumps(record | {name: shown[name]}))
        assert run(["decision", "verify", "record.json"]) == 65
        assert f"  {name} is [" in capsys.readouterr().err


def test_its_page_shows_no_items_that_changed(desk: Path) -> None:
    assert run([*EXACT, "--report", "report.html"]) == 3
    page = Path("report.html").read_text()
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert "has no answer to 1 of 300 items" in body
    shown = re.sub(r"<[^>]+>", " ", body)
    assert NUMBERS.findall(re.sub(r"Evalhub [\d.]+|α [\d.]+", "", shown)) == []
    assert "What changed" not in shown
    assert "Lost" not in shown


def test_a_policy_on_such_scores_prints_none(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy(**POLICY)
    triage = rows_of("triage", [0] * 300, [1] * 30 + [0] * 269)
    rows(triage + rows_of("sums", [1] * 300, [1] * 300))
    asked = ["decide", "policy.yaml", "--evidence", "rows.jsonl"]
    assert run(asked) == 3
    assert NUMBERS.findall(capsys.readouterr().out) == []
    assert run([*asked, "--json"]) == 3
    check(json.loads(capsys.readouterr().out))
