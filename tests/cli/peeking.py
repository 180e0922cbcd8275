"""Files compared and judged by the real commands, in a home that may know their items."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from tests.studies.desks import Desk, ran

Capture = pytest.CaptureFixture[str]
ALPHA = 0.025


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A folder of a home: what a command sees of it first is its database's file."""
    monkeypatch.setenv("EVALHUB_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "evalhub.sqlite3").touch()
    desk = Desk(tmp_path)
    del desk.study["test_sets"]["sums"]
    return desk


@pytest.fixture
def known(desk: Desk) -> Desk:
    """The home knows the items, and nobody has looked at anything."""
    ran(desk)
    return desk


def asked(desk: Desk, capsys: Capture, command: str, *options: str) -> dict[str, Any]:
    capsys.readouterr()
    run([*command.split(), *options, "--json"])
    out = capsys.readouterr()
    assert out.out, out.err
    document: dict[str, Any] = json.loads(out.out)
    return document


def compared(desk: Desk, capsys: Capture, *options: str, tuned: str = "tuned") -> dict[str, Any]:
    at = desk.folder
    files = [str(at / f"{name}.triage.jsonl") for name in ("base", tuned)]
    test_set = str(at / "triage.jsonl")
    usual = ["--test-set", test_set, "--metric", "exact_match", *options]
    return asked(desk, capsys, "compare", *files, *usual)


def studied(desk: Desk, capsys: Capture, slug: str, *options: str) -> dict[str, Any]:
    desk.study["slug"] = slug
    return asked(desk, capsys, "study run", str(desk.write()), *options)


def candidate(desk: Desk, number: int) -> None:
    texts = ["right"] * (20 + number) + [f"wrong of {number}"] * (40 - number)
    desk.answers("tuned", "triage", texts)


def one_question_about_many_documents(desk: Desk) -> None:
    """A home that knows one question about sixty documents, in twenty clusters, answered twice."""
    rows = [
        {
            "id": f"q{i}",
            "input": "What does it say?",
            "context": f"Document {i}.",
            "reference": "right",
            "cluster": f"c{i % 20}",
        }
        for i in range(60)
    ]
    desk.rows("triage.jsonl", rows)
    for arm, right in (("base", 20), ("tuned", 40)):
        answers = [
            {"id": f"q{i}", "sample": k, "output": "right" if i + k < right else f"{arm} {k}"}
            for i in range(60)
            for k in range(2)
        ]
        desk.rows(f"{arm}.triage.jsonl", answers)
    for arm in desk.study["arms"].values():
        arm["sampling"] = {"samples": 2}
    ran(desk)


def look(record: dict[str, Any], test_set: str = "triage") -> tuple[int, float]:
    """The number and the level at which a test set was judged."""
    [row] = [each for each in record["ledger"]["test_sets"] if each["test_set"] == test_set]
    for each in record["criteria"]:
        assert each["test_set"] != test_set or each["alpha"] == pytest.approx(row["level"])
    return row["number"], row["level"]
