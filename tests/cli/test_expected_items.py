"""A policy that says which items it is judged on, and how far scores can lie apart."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from tests.cli.scorefiles import POLICY, SUMS, TRIAGE, criteria, error, record, rows
from tests.studies.desks import Desk

PRIMARY = POLICY["criteria"]["triage"]

pytestmark = pytest.mark.usefixtures("here")


def expecting(found: dict[str, Any]) -> None:
    """A policy that expects the items of this record's first evidence."""
    first = found["evidence"][0]
    items = {"count": first["items"], "digest": first["digest"]}
    criteria(triage=PRIMARY | {"items": items})


def test_the_items_that_a_record_names_are_accepted_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    expecting(record(capsys))
    rows(SUMS + TRIAGE[::-1])
    assert record(capsys)["verdict"] == "ship"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda row: None if row["item"] == "q7" else row, "these are 299, 1 missing"),
        (lambda row: row | {"item": row["item"].replace("q7", "r7")}, "these are 300, as many, "),
        (lambda row: row | {"cluster": "one"}, "these are 300, as many, but not the same"),
    ],
)
def test_an_item_less_or_another_is_no_evidence(
    change: Any, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    expecting(record(capsys))
    rows([row for each in TRIAGE if (row := change(each))] + SUMS)
    found = record(capsys)
    assert found["verdict"] == "invalid"
    assert found["reasons"][0].startswith(f"triage: 300 items of triage are expected, and {told}")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"margin": 1}, "field 'criteria.sums.margin': scores lie between 0 and 1"),
        ({"margin": 1e308}, "field 'criteria.sums.margin': a number beyond 1e+15"),
        ({"margin": 10**400}, "field 'criteria.sums.margin': "),
        ({"bounds": [1, 0]}, "field 'criteria.sums.bounds': the least stands first"),
    ],
)
def test_a_margin_beyond_the_range_of_the_scores_is_refused(
    asked: dict[str, Any], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sums = {"role": "guard", "metric": "exact", "margin": 0.02, "bounds": [0, 1]}
    criteria(sums=sums | asked)
    assert told in error(capsys)


def test_a_gain_that_no_score_can_make_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    criteria(triage=PRIMARY | {"min_gain": 4, "bounds": [1, 5]})
    assert "scores lie between 1 and 5, so that a difference of 4 is none" in error(capsys)


@pytest.mark.django_db(transaction=True)
def test_a_study_expects_items_by_the_digest_of_its_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path)
    assert run(["study", "run", str(desk.write()), "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["evidence"][1]
    desk.study["test_sets"]["sums"]["items"] = {"count": row["items"], "digest": row["digest"]}
    assert run(["study", "run", str(desk.write())]) == 0
    desk.test_set("sums", 299)
    for arm, said in (("base", "right"), ("tuned", "right, too")):
        desk.answers(arm, "sums", [said] * 299)
    capsys.readouterr()
    assert run(["study", "run", str(desk.write()), "--json"]) == 3
    assert "300 items of sums are expected, and these are 299, 1 missing" in capsys.readouterr().out


def test_a_study_knows_the_range_of_its_metrics(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path)
    desk.study["test_sets"]["sums"]["margin"] = 2
    assert run(["study", "run", str(desk.write())]) == 65
    assert "field 'test_sets.sums.margin': scores lie between 0 and 1" in capsys.readouterr().err
