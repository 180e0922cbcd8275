"""What commands write never replaces what they read, and is whole or not there."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from evalhub.cli.app import run
from tests.cli.scorefiles import evidence, fill, rows

VOTES = [{"item": "q1", "reviewer": "r", "choice": "tie"}]

EVIDENCE = ("decide", "policy.yaml", "--evidence", "evidence.yaml", "--out")
COMPARE = (
    *("compare", "base.jsonl", "tuned.jsonl", "--test-set", "items.jsonl"),
    *("--metric", "exact_match", "--report"),
)
FINGERPRINT = "fingerprint", "base.jsonl", "--out"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    fill(tmp_path, monkeypatch)
    rows(VOTES, "votes.jsonl")
    evidence(judgments={"file": "votes.jsonl"})
    rows([{"id": i, "reference": "right"} for i in range(30)], "items.jsonl")
    rows([{"id": i, "output": "wrong"} for i in range(30)], "base.jsonl")
    rows([{"id": i, "output": "right"} for i in range(30)], "tuned.jsonl")
    return tmp_path


def itself(name: str) -> str:
    return name


def another_path(name: str) -> str:
    return str(Path("..") / Path.cwd().name / name)


def a_symbolic_link(name: str) -> str:
    Path(f"link-{name}").symlink_to(name)
    return f"link-{name}"


def a_hard_link(name: str) -> str:
    os.link(name, f"hard-{name}")
    return f"hard-{name}"


@pytest.mark.parametrize("named", [itself, another_path, a_symbolic_link, a_hard_link])
@pytest.mark.parametrize(
    ("command", "inputs"),
    [
        (COMPARE, ["base.jsonl", "tuned.jsonl", "items.jsonl"]),
        (EVIDENCE, ["policy.yaml", "evidence.yaml", "rows.jsonl", "votes.jsonl"]),
        (FINGERPRINT, ["base.jsonl"]),
    ],
)
def test_an_input_is_never_written_over(
    command: tuple[str, ...],
    inputs: list[str],
    named: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in inputs:
        before = Path(name).read_bytes()
        path = named(name)
        assert run([*command, path]) == 64
        printed = capsys.readouterr()
        assert printed.out == ""
        assert command is FINGERPRINT or "is what is read: name another" in printed.err
        assert Path(name).read_bytes() == before


@pytest.mark.parametrize("command", [COMPARE, EVIDENCE, FINGERPRINT])
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("nowhere/found.jsonl", "there is no folder nowhere"),
        ("folder.jsonl", "it is no file"),
        ("policy.yaml/found.jsonl", "there is no folder policy.yaml"),
        ("x" * 300 + ".jsonl", "File name too long"),
    ],
)
def test_what_can_not_be_written_is_65_and_leaves_nothing(
    command: tuple[str, ...], path: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("folder.jsonl").mkdir()
    before = sorted(Path().rglob("*"))
    assert run([*command, path]) == 65
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"{path}: can't be written ({command[-1]}): {why}" in printed.err
    assert sorted(Path().rglob("*")) == before


def test_an_output_of_an_earlier_run_is_replaced() -> None:
    Path("record.json").write_text("{}")
    Path("link.json").symlink_to("record.json")
    evidence()
    for name in ("record.json", "link.json"):
        assert run([*EVIDENCE, name]) == 0
        assert json.loads(Path(name).read_text())["verdict"] == "ship"
