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


def look(record: dict[str, Any], test_set: str = "triage") -> tuple[int, float]:
    """The number and the level at which a test set was judged."""
    [row] = [each for each in record["ledger"]["test_sets"] if each["test_set"] == test_set]
    for each in record["criteria"]:
        assert each["test_set"] != test_set or each["alpha"] == pytest.approx(row["level"])
    return row["number"], row["level"]
