"""`evalhub compare` where a gain comes from a broken extraction pattern."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.decision.verify import verify
from tests.cli.scorefiles import write

COMPARE = [
    *("compare", "base.jsonl", "tuned.jsonl", "--test-set", "items.jsonl"),
    *("--metric", "exact_match", "--extract", r"answer: (\w+)", "--json"),
]
ITEMS = range(120)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """120 items of which both arms get 96 right; the baseline says 60 answers otherwise."""
    monkeypatch.chdir(tmp_path)
    write("items.jsonl", [{"id": i, "reference": "yes"} for i in ITEMS])
    write("base.jsonl", [{"id": i, "output": text(i, missed=i < 60)} for i in ITEMS])
    write("tuned.jsonl", [{"id": i, "output": text(i, missed=False)} for i in ITEMS])
    return tmp_path


def text(item: int, *, missed: bool) -> str:
    said = "no" if item % 5 == 0 else "yes"
    return f"I would say {said}." if missed else f"answer: {said}"


def compared(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    code = run([*COMPARE, *options])
    record = json.loads(capsys.readouterr().out)
    assert verify(record).differences == []
    return code, record


def test_the_gain_is_told_to_be_the_pattern_s(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, record = compared(capsys)
    assert code == 0
    (row,) = record["jumps"]["misses"]
    assert (row["baseline"], row["candidate"], row["without"]["n"]) == (60, 0, 60)
    assert "on the other 60 items the gain isn't shown" in record["jumps"]["sentences"][0]


def test_it_holds_the_ship_where_that_is_asked(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, record = compared(capsys, "--jumps", "hold")
    assert (code, record["verdict"], record["jumps"]["rule"]) == (1, "hold", "hold")
    assert "Not believed: The extraction pattern found nothing in 60" in record["headline"]


def test_off_looks_for_nothing(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, record = compared(capsys, "--jumps", "off")
    assert (code, record["jumps"]) == (0, None)
