"""Experiments are in backups, and come back from either database to either."""

from pathlib import Path

import pytest

from tests.features.traffic.test_backup_of_traffic import moved_twice

pytestmark = [pytest.mark.heavy, pytest.mark.services]

RUNS_TWO = """
from tests.migrated import set_up_migrated
set_up_migrated()
from evalhub.features.experiments.ending import stop_experiment
from evalhub.features.experiments.following import follow_experiments
from tests.cast import a_team
from tests.features.experiments.experiments_of import an_experiment, since, visits
from tests.features.traffic.rows_of import noon
team = a_team()
first = since(an_experiment(team), noon(3))
visits(team, first, 5, time=noon(2))
follow_experiments()
stop_experiment(experiment=first, by=team.olga, reason="Enough.")
an_experiment(team, "Again")
"""
TABLES = ("experiment", "step", "userday", "countedday", "livereading")


def test_from_either_database_to_either(tmp_path: Path, postgres_url: str) -> None:
    rows, *later = moved_twice(tmp_path, postgres_url, RUNS_TWO, app="experiments")
    for table in TABLES:
        assert any(row.startswith(f'["experiments.{table}"') for row in rows), table
    assert later == [rows, rows]
