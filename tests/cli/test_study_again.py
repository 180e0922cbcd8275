"""`evalhub study run` of an unchanged file a second time: not one row of any table changes."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_study import studied
from tests.studies.desks import Desk

Rows = dict[str, set[tuple[Any, ...]]]


def tables(home: Path) -> Rows:
    """Every row of every table, timestamps and all."""
    (file,) = home.glob("*.sqlite3")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: set(database.execute(f'SELECT * FROM "{name}"')) for (name,) in names}


def changed(before: Rows, after: Rows) -> Rows:
    """By table, the rows that one of the two has and the other hasn't."""
    assert before.keys() == after.keys()
    return {name: rows for name in before if (rows := before[name] ^ after[name])}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A study with all that a file may ask for."""
    desk = Desk(tmp_path)
    desk.answers("again", "triage", ["wrong"] * 60)
    desk.answers("again", "sums", ["right"] * 300)
    desk.answers("shot", "triage", ["right"] * 10 + ["wrong"] * 50)
    desk.rows("train.jsonl", ({"input": f"Something else {i}", "output": "x"} for i in range(20)))
    arms = desk.study["arms"]
    arms["base"]["repeat"] = {"recorded": "again.{test_set}.jsonl"}
    arms["shot"] = {
        "kind": "few-shot",
        "parent": "base",
        "only": ["triage"],
        "backend": {"recorded": "shot.{test_set}.jsonl"},
    }
    arms["tuned"]["training"] = {"data": "train.jsonl", "rank": 8}
    for arm in arms.values():
        arm["price"] = {"prompt": 0.1, "completion": 0.4}
    desk.study["test_sets"]["sums"] |= {"tier": "supporting", "relative_margin": 0.2}
    desk.study["policy"] = {
        "min_reviewers": 2,
        "budgets": {"cost": {"max_ratio": 2.0, "tier": "advisory"}},
    }
    desk.study["review"] = {"test_set": "triage", "items": 10, "open": "auto"}
    return desk


@pytest.mark.heavy
def test_an_unchanged_study_run_again_changes_no_row(desk: Desk) -> None:
    first = studied(desk, "--json")
    before = tables(desk.folder / "home")
    assert len(before["registry_studyrun"]) == 8, first.stderr
    assert len(before["reviews_campaign"]) == 1
    second = studied(desk, "--json")
    assert changed(before, tables(desk.folder / "home")) == {}
    assert json.loads(first.stdout) == json.loads(second.stdout)
    assert first.returncode == second.returncode


@pytest.mark.heavy
def test_of_a_changed_study_the_arms_and_test_sets_that_stay_keep_their_rows(desk: Desk) -> None:
    studied(desk)
    before = tables(desk.folder / "home")
    desk.study["policy"]["alpha"] = 0.05
    del desk.study["arms"]["shot"]
    studied(desk)
    told = changed(before, tables(desk.folder / "home"))
    assert [row[1] for row in told["registry_studyarm"]] == ["shot"]
    assert len(told["registry_studyrun"]) == 2
    assert len(told["registry_study"]) == 2
    assert not told.keys() & {"registry_studytestset", "registry_item", "registry_output"}
