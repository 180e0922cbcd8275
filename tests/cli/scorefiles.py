"""Files of scores, a policy and an evidence document, and `evalhub decide` run on them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from evalhub.cli.app import run

DOCS = Path(__file__).resolve().parents[2] / "docs"
VALID = Draft202012Validator(json.loads((DOCS / "verdict.schema.json").read_text("utf-8")))

Rows = list[dict[str, Any]]
GAINS = ["triage", "sums"]


def rows_of(test_set: str, base: list[Any], tuned: list[Any], **more: Callable[[int], Any]) -> Rows:
    """A row an arm and item; `more` are fields made of the item's number."""
    return [
        {"test_set": test_set, "metric": "exact", "item": f"q{i}", "arm": arm, "value": value}
        | {name: made(i) for name, made in more.items()}
        for arm, values in (("baseline", base), ("candidate", tuned))
        for i, value in enumerate(values)
    ]


POLICY: dict[str, Any] = {
    "schema": "evalhub.policy/1",
    "criteria": {
        "triage": {"role": "primary", "metric": "exact"},
        "sums": {"role": "guard", "metric": "exact", "margin": 0.02},
    },
}
TRIAGE = rows_of("triage", [0] * 300, [1] * 30 + [0] * 270)
SUMS = rows_of("sums", [1] * 300, [1] * 300)


def fill(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a policy and 300 items of which the candidate gains 30."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "160")
    policy()
    rows(TRIAGE + SUMS)
    return folder


def policy(**changed: Any) -> None:
    Path("policy.yaml").write_text(yaml.safe_dump(POLICY | changed, sort_keys=False))


def criteria(**changed: Any) -> None:
    policy(criteria=POLICY["criteria"] | changed)


def write(path: str | Path, rows: Rows) -> str:
    """A file of these rows, one JSON object a line; its path."""
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def rows(found: Rows, name: str = "rows.jsonl") -> None:
    write(name, found)


def evidence(**fields: Any) -> None:
    document = {
        "schema": "evalhub.evidence/1",
        "baseline": "baseline",
        "candidate": "candidate",
        "scores": "rows.jsonl",
    }
    Path("evidence.yaml").write_text(yaml.safe_dump(document | fields, sort_keys=False))


def decide(*more: str, of: str = "rows.jsonl") -> int:
    return run(["decide", "policy.yaml", "--evidence", of, *more])


def record(capsys: pytest.CaptureFixture[str], *more: str, of: str = "rows.jsonl") -> Any:
    """The record that is printed, after looking that nothing else is, and that it verifies."""
    code = decide("--json", "--out", "record.json", *more, of=of)
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert printed.err == ""
    assert code == {"ship": 0, "hold": 1, "need-more-data": 2, "invalid": 3}[found["verdict"]]
    VALID.validate(found)
    assert json.loads(Path("record.json").read_text("utf-8")) == found
    assert run(["decision", "verify", "record.json"]) == 0
    capsys.readouterr()
    return found


def error(capsys: pytest.CaptureFixture[str], code: int = 65, of: str = "rows.jsonl") -> str:
    """What is said on standard error, after looking that nothing is on standard output."""
    assert decide("--json", of=of) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err
