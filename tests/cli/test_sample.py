"""`evalhub sample`: from a log of requests to a test set's file, and on to a verdict."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.io.items import FieldMapping, read_items
from tests.cli.scorefiles import Rows, write

LOG: Rows = [
    {
        "id": f"r{i}",
        "input": f"Question {i // 2}?",
        "language": "fr" if i % 11 == 0 else "de",
        "user": f"u{i % 9}",
    }
    for i in range(220)
]


def sampled(
    capsys: pytest.CaptureFixture[str], file: str, out: Path, *more: str
) -> tuple[dict[str, Any], Rows]:
    """The document, and the rows that were written."""
    assert run(["sample", file, "--out", str(out), "--seed", "s", *more, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document, [json.loads(line) for line in out.read_text("utf-8").splitlines()]


def refusal(capsys: pytest.CaptureFixture[str], rows: Rows, here: Path, *more: str) -> str:
    file, out = write(here / "log.jsonl", rows), here / "items.jsonl"
    assert run(["sample", file, "--out", str(out), "--seed", "s", *more]) != 0
    assert not out.exists()
    return capsys.readouterr().err


def test_a_stratified_sample_is_a_test_set_s_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """20 of the 220 rows are French. Ten of each: a French row stands for 2, a German one for 20;
    effective n (10·2 + 10·20)²/(10·4 + 10·400) = 48400/4040."""
    file = write(tmp_path / "log.jsonl", LOG)
    document, rows = sampled(
        capsys, file, tmp_path / "items.jsonl",
        "--n", "20", "--by", "language", "--cluster", "user", "--allocation", "equal",
    )  # fmt: skip
    assert document["strata"] == [
        {"stratum": "language: de", "rows": 200, "drawn": 10, "weight": 20.0},
        {"stratum": "language: fr", "rows": 20, "drawn": 10, "weight": 2.0},
    ]
    assert document["effective"] == pytest.approx(48400 / 4040)
    assert {row["tags"][0]: row["weight"] for row in rows} == {
        "language: de": 20.0,
        "language: fr": 2.0,
    }
    mapping = FieldMapping(weight="weight")
    items = [item for _, item in read_items(tmp_path / "items.jsonl", mapping)]
    assert sum(item.weight or 0 for item in items) == 220
    assert {item.cluster for item in items} <= {f"u{i}" for i in range(9)}


def test_the_same_seed_draws_the_same_whatever_the_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = [
        sampled(capsys, write(tmp_path / "log.jsonl", log), tmp_path / "items.jsonl", "--n", "20")
        for log in (LOG, LOG[::-1])
    ]
    assert drawn[0] == drawn[1]


def test_a_later_sample_asks_nothing_of_an_earlier_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, first = write(tmp_path / "log.jsonl", LOG), tmp_path / "first.jsonl"
    _, earlier = sampled(capsys, file, first, "--n", "40")
    document, later = sampled(
        capsys, file, tmp_path / "items.jsonl", "--n", "40", "--without", str(first)
    )
    asked = {row["input"] for row in earlier}
    assert asked.isdisjoint(row["input"] for row in later)
    assert document["left_out"] == sum(row["input"] in asked for row in LOG)
    assert document["rows"] + document["left_out"] == 220


def test_a_user_with_more_than_a_fifth_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = [row | {"user": "busy" if i % 2 else f"u{i}"} for i, row in enumerate(LOG)]
    file, out = write(tmp_path / "log.jsonl", log), str(tmp_path / "items.jsonl")
    assert run(["sample", file, "--out", out, "--seed", "s", "--n", "50", "--cluster", "user"]) == 0
    shown = capsys.readouterr().out
    assert "50 items of 220 rows; the effective n is 50" in " ".join(shown.split())
    assert "% of the sample is of busy." in shown


@pytest.mark.parametrize(
    ("row", "more", "why"),
    [
        ({}, ["--n", "0"], "a draw is of 1 row or more, not 0"),
        ({}, ["--n", "222"], "222 rows are to be drawn, and the frame has 221"),
        ({}, ["--n", "3", "--by", "language"], "2 strata take 4 rows, 2 of each"),
        ({}, ["--n", "20", "--by", "route"], "line 1, field 'route': missing"),
        ({"id": "r0"}, ["--n", "20"], "'r0' is the key of two rows"),
        ({"weight": 3}, ["--n", "20"], "line 221, field 'weight': the sample's rows get a field"),
        ({"input": ""}, ["--n", "20"], "line 221, field 'input': empty"),
    ],
)
def test_what_can_t_be_drawn_is_refused_and_nothing_is_written(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    row: dict[str, Any],
    more: list[str],
    why: str,
) -> None:
    last = {"id": "r220", "input": "New?", "language": "fr", "user": "u0"}
    assert why in " ".join(refusal(capsys, [*LOG, last | row], tmp_path, *more).split())


def test_a_comparison_on_the_sample_is_of_the_whole_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tuned arm is right on all French rows and no German one: a gain of 20 in 220, where half
    of the sample is French."""
    file = write(tmp_path / "log.jsonl", [row | {"reference": "right"} for row in LOG])
    items = tmp_path / "items.jsonl"
    more = ("--n", "40", "--by", "language", "--allocation", "equal")
    _, rows = sampled(capsys, file, items, *more)
    base = write(tmp_path / "base.jsonl", [{"id": row["id"], "output": "no"} for row in rows])
    tuned = write(
        tmp_path / "tuned.jsonl",
        [
            {"id": row["id"], "output": "right" if row["language"] == "fr" else "nor this"}
            for row in rows
        ],
    )
    compare = ["compare", base, tuned, "--test-set", str(items), "--metric", "exact_match"]
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
