"""Logs that the tools wrote, changed as a test needs them, and `evalhub compare --from` on them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from evalhub.cli.app import run
from evalhub.importers.kinds import read_arms
from evalhub.importers.log import LoggedArm, Task
from evalhub.io.limits import COMMAND

FILES = Path(__file__).parent / "files"
DOCS = Path(__file__).resolve().parents[2] / "docs"
VALID = Draft202012Validator(json.loads((DOCS / "verdict.schema.json").read_text("utf-8")))

Values = dict[str, Any]


SUMS = ("--metric", "sums=exact_match,strict-match", "--metric", "share_right,majority")
LM = ("lm-eval/base", "lm-eval/tuned", *SUMS, "--primary", "sums")
FOO = ("promptfoo/results.json", "--base-arm", "base", "--candidate-arm", "tuned")
OPENAI = ("openai-evals/base.jsonl", "openai-evals/tuned.jsonl")


def arm(kind: str, path: str) -> LoggedArm:
    """The only arm of one of the tools' logs."""
    [arm] = read_arms(kind, FILES / path, COMMAND)
    return arm


def only(kind: str, path: str) -> Task:
    """The only task of the only arm."""
    [task] = arm(kind, path).tasks.values()
    return task


def samples(arm: str, task: str) -> Path:
    [found] = Path("lm-eval", arm).rglob(f"samples_{task}_*.jsonl")
    return found


def results(arm: str) -> Path:
    [found] = Path("lm-eval", arm).rglob("results_*.json")
    return found


def change_rows(path: Path, change: Callable[[list[Values]], list[Values]]) -> None:
    rows = change([json.loads(line) for line in path.read_text("utf-8").splitlines()])
    path.write_text("".join(f"{json.dumps(each)}\n" for each in rows), "utf-8")


def change_each(path: Path, change: Callable[[Values], Values]) -> None:
    change_rows(path, lambda rows: [change(each) for each in rows])


def change_json(path: Path, change: Callable[[Any], None]) -> None:
    document = json.loads(path.read_text("utf-8"))
    change(document)
    path.write_text(json.dumps(document, indent=2), "utf-8")


def compare(kind: str, *arguments: str) -> int:
    return run(["compare", *arguments, "--from", kind])


def record(capsys: pytest.CaptureFixture[str], kind: str, *arguments: str) -> Any:
    """The record that is printed, after looking that nothing else is, and that it verifies."""
    code = compare(kind, *arguments, "--json")
    printed = capsys.readouterr()
    assert printed.err == ""
    found = json.loads(printed.out)
    assert code == {"ship": 0, "hold": 1, "need-more-data": 2, "invalid": 3}[found["verdict"]]
    VALID.validate(found)
    Path("record.json").write_text(printed.out)
    assert run(["decision", "verify", "record.json"]) == 0
    capsys.readouterr()
    return found


def refusal(capsys: pytest.CaptureFixture[str], kind: str, *arguments: str, code: int = 65) -> str:
    """What is said on standard error, after looking that nothing is on standard output."""
    assert compare(kind, *arguments) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


def counts(criterion: Values) -> tuple[float, float, int, int, int]:
    """Means of both arms to three places, and how many items were won, lost and tied."""
    means = (round(criterion[arm], 3) for arm in ("baseline", "candidate"))
    return (*means, criterion["wins"], criterion["losses"], criterion["ties"])
