"""`compare --weight`: a comparison on a sample's items is of all that they stand for."""

import json
from pathlib import Path

import pytest

from evalhub.cli.app import run
from tests.cli.scorefiles import Rows, write

SAMPLE: Rows = [
    {
        "id": f"r{i}",
        "input": f"Question {i}?",
        "reference": "right",
        "language": "fr" if i < 20 else "de",
        "weight": 1 if i < 20 else 10,
    }
    for i in range(40)
]
"""Twenty French questions of 20, and twenty German ones of 200."""


def test_a_comparison_on_a_sample_is_of_all_that_it_stands_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tuned arm is right on all French rows and no German one: a gain of 20 in 220, where half
    of the sample is French. Effective n (20·1 + 20·10)²/(20·1 + 20·100) = 48400/2020."""
    items = write(tmp_path / "items.jsonl", SAMPLE)
    base = write(tmp_path / "base.jsonl", [{"id": row["id"], "output": "no"} for row in SAMPLE])
    tuned = write(
        tmp_path / "tuned.jsonl",
        [
            {"id": row["id"], "output": "right" if row["language"] == "fr" else "nor this"}
            for row in SAMPLE
        ],
    )
    compare = ["compare", base, tuned, "--test-set", items, "--metric", "exact_match"]
    run([*compare, "--weight", "weight", "--json"])
    record = json.loads(capsys.readouterr().out)
    assert record["criteria"][0]["difference"] == pytest.approx(20 / 220)
    assert "the effective n of 40 items is 24" in record["weights"]["sentences"][0]
    assert run([*compare, "--weight", "language"]) == 65
    assert "field 'language': a finite number was expected" in capsys.readouterr().err


def test_a_log_of_another_tool_has_no_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compare", "a.json", "b.json", "--from", "plain", "--weight", "w"]) == 64
    assert "--weight: doesn't go with --from plain" in capsys.readouterr().err
