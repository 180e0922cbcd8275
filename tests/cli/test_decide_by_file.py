"""`evalhub decide` on files of one arm's rows each, which then needn't say whose they are."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.scorefiles import SUMS, TRIAGE, Rows, error, evidence, record, rows


def of_arm(found: Rows, arm: str) -> Rows:
    """One arm's rows, which don't say that they are its."""
    return [
        {name: value for name, value in row.items() if name != "arm"}
        for row in found
        if row["arm"] == arm
    ]


def apart() -> None:
    """The two arms' rows in files of their own, and a document that says whose they are."""
    rows(of_arm(TRIAGE + SUMS, "baseline"), "f1.jsonl")
    rows(of_arm(TRIAGE, "candidate"), "f2.jsonl")
    Path("f3.json").write_text(json.dumps(of_arm(SUMS, "candidate")))
    evidence(scores={"baseline": "f1.jsonl", "candidate": ["f2.jsonl", "f3.json"]})


def test_rows_without_an_arm_are_whose_the_document_says(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apart()
    found = record(capsys, of="evidence.yaml")
    together = record(capsys)
    assert found["verdict"] == together["verdict"] == "ship"
    assert found["criteria"] == together["criteria"]
    for arm, files in (("baseline", "f1.jsonl"), ("candidate", "f2.jsonl + f3.json")):
        assert found["arms"][arm]["file"] == files
        assert found["arms"][arm]["digest"] == together["arms"][arm]["digest"]


def test_a_row_that_says_another_arm_than_its_file_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apart()
    rows([row for row in TRIAGE if row["arm"] == "candidate"], "f2.jsonl")
    assert record(capsys, of="evidence.yaml")["verdict"] == "ship"
    rows(TRIAGE, "f2.jsonl")
    assert (
        "f2.jsonl, line 1, field 'arm': is 'baseline', and the document says that the file is "
        "candidate's" in error(capsys, of="evidence.yaml")
    )


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        ({"baseline": "f1.jsonl"}, "field 'scores': has no files of candidate"),
        (
            {"baseline": "f1.jsonl", "candidate": "f2.jsonl", "other": "f3.json"},
            "field 'scores.other': isn't an arm: they are baseline and candidate",
        ),
        (
            {"baseline": "f1.jsonl", "candidate": ["f2.jsonl", "f1.jsonl"]},
            "field 'scores.candidate.1': 'f1.jsonl' is baseline's already",
        ),
        (
            {"baseline": "f1.jsonl", "candidate": ["f2.jsonl", "f2.jsonl"]},
            "field 'scores.candidate.1': 'f2.jsonl' is named twice",
        ),
        ({"baseline": [], "candidate": "f2.jsonl"}, "field 'scores'"),
    ],
)
def test_files_by_arm_that_do_not_fit_are_refused(
    here: Path, capsys: pytest.CaptureFixture[str], scores: dict[str, Any], says: str
) -> None:
    apart()
    evidence(scores=scores)
    said = error(capsys, of="evidence.yaml")
    assert said.startswith("evalhub: evidence.yaml, line ")
    assert says in said


def test_a_row_without_an_arm_needs_a_document_that_says_whose_it_is(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows(of_arm(TRIAGE, "baseline"))
    assert "rows.jsonl, line 1, field 'arm': missing" in error(capsys)
