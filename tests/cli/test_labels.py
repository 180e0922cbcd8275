"""`evalhub labels`, as it is typed."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from tests.cli.scorefiles import write
from tests.stats.test_dawid_skene import OBSERVER, PATIENTS

FIELDS = ["--unit", "id", "--raters", "ann,bob,cyd,dee"]


def made(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(["labels", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def votes(*words: str) -> list[dict[str, Any]]:
    """A unit a word, a letter a rater; a dot is a missing rating."""
    names = {"g": "good", "p": "poor", "u": "unsure", ".": None}
    return [
        {"id": f"u{i}"} | dict(zip(("ann", "bob", "cyd", "dee"), map(names.get, word), strict=True))
        for i, word in enumerate(words)
    ]


def test_the_majority_is_the_label_and_a_tie_stays_a_tie(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "r.jsonl", votes("gggp", "ggpp", "uu.p", "....", "p..."))
    found = made(capsys, file, *FIELDS, "--out", str(tmp_path / "labels.jsonl"))
    got = [(each["label"], each["state"]) for each in found["labels"]]
    assert got == [
        ("good", "ok"),
        (None, "tie"),
        ("unsure", "ok"),
        (None, "unrated"),
        ("poor", "ok"),
    ]
    assert found["labels"][0]["votes"] == {"good": 3, "poor": 1}
    assert (found["labelled"], found["ties"], found["unrated"]) == (3, 1, 1)
    assert found["shares"] == {"good": 1, "poor": 1, "unsure": 1}
    written = (tmp_path / "labels.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in written] == found["labels"]


def test_dawid_and_skenes_patients_get_their_published_classes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dawid and Skene 1979: prior .40 .42 .11 .07, observer 1 of class 1: .89 .11 0 0; observer 1
    looked three times."""
    rows = [
        {"patient": str(i), "who": str(OBSERVER[place]), "class": int(digit)}
        for i, word in enumerate(PATIENTS.split())
        for place, digit in enumerate(word)
    ]
    file = write(tmp_path / "r.jsonl", rows)
    fields = ["--unit", "patient", "--rater", "who", "--label", "class"]
    found = made(capsys, file, *fields, "--method", "dawid-skene")
    assert (found["units"], found["raters"], found["ratings"]) == (45, 5, 315)
    assert [round(share, 4) for share in found["prior"].values()] == [0.3996, 0.422, 0.1118, 0.0667]
    assert found["log_likelihood"] == pytest.approx(-192.8909, abs=5e-5)
    first = found["habits"][0]
    assert (first["rater"], first["ratings"]) == ("1", 135)
    assert [round(share, 3) for share in first["confusion"]["1"].values()] == [0.889, 0.111, 0, 0]
    assert (found["labels"][10]["label"], found["converged"]) == (4, True)
    assert sum(found["labels"][10]["posterior"].values()) == pytest.approx(1)
    # The two methods differ where the better observers are outvoted.
    plain = made(capsys, file, *fields)
    pairs = zip(found["labels"], plain["labels"], strict=True)
    assert any(one["label"] != other["label"] for one, other in pairs)


def test_a_label_that_is_not_sure_enough_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    each_errs_alike = ["gggp", "ggpg", "gpgg", "pggg", "pppg", "ppgp", "pgpp", "gppp"]
    file = write(tmp_path / "r.jsonl", votes(*each_errs_alike * 2, "ggpp", "...."))
    found = made(capsys, file, *FIELDS, "--method", "dawid-skene", "--sure", "0.99")
    for each in found["labels"]:
        likeliest = max((each["posterior"] or {"": 0}).values())
        assert (each["label"] is not None) == (each["state"] == "ok") == (likeliest >= 0.99)
    assert [found["labels"][i]["state"] for i in (16, 17)] == ["unsure", "unrated"]
    assert found["labelled"] + found["unsure"] + found["unrated"] == 18


def test_people_read_the_habits_of_each_rater(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "r.jsonl", votes("gggp", "pppg", "ggpp"))
    assert run(["labels", file, *FIELDS]) == 0
    assert "Without a label: 1 unit, a tie." in capsys.readouterr().out
    assert run(["labels", file, *FIELDS, "--method", "dawid-skene"]) == 0
    assert "dee says" in capsys.readouterr().out


def test_what_is_read_is_not_written_over_and_one_rater_has_no_habits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "r.jsonl", votes("gggp"))
    assert run(["labels", file, *FIELDS, "--out", file]) == 64
    assert run(["labels", file, "--unit", "id"]) == 64
    assert run(["labels", file, "--unit", "id", "--raters", "ann", "--method", "dawid-skene"]) == 65
    assert "at least two raters and two labels" in capsys.readouterr().err
