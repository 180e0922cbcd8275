"""Monitors are in backups, and come back from either database to either."""

from pathlib import Path

import pytest

from tests.features.traffic.test_backup_of_traffic import moved_twice

pytestmark = [pytest.mark.heavy, pytest.mark.services]

WATCHES = """
from tests.migrated import set_up_migrated
set_up_migrated()
from evalhub.features.monitoring.false_alarms import set_false_alarms
from tests.cast import a_team
from tests.features.monitoring.monitors_of import a_notice, a_watched_project
team = a_team()
set_false_alarms(project=team.project, by=None, a_year=2)
monitor, alarm = a_watched_project(team)
a_notice(monitor)
"""
TABLES = ("monitor", "monitoringsettings", "stream", "streamday", "alarm", "notice")


def test_from_either_database_to_either(tmp_path: Path, postgres_url: str) -> None:
    rows, *later = moved_twice(tmp_path, postgres_url, WATCHES, app="monitoring")
    for table in TABLES:
        assert any(row.startswith(f'["monitoring.{table}"') for row in rows), table
    assert later == [rows, rows]
