"""A process that dies while it compares a week: the next compares it, and alarms once."""

import sys
from pathlib import Path

import pytest

from tests.database.test_tables import call
from tests.features.monitoring.test_killed_look import DIES
from tests.features.traffic.test_backup_of_traffic import succeeds

pytestmark = pytest.mark.heavy

SHIFTED = """
from tests.migrated import set_up_migrated
set_up_migrated()
from tests.cast import a_team
from tests.features.monitoring.inputs.test_slices import reference_sent
from tests.features.monitoring.inputs.weeks import routes, sent, watched
team = a_team()
reference_sent(team)
sent(team, 0, routes({"chat": 0.6, "billing": 0.3, "search": 0.1}), users=400)
watched(team)
"""
ROWS = {
    "monitoring_alarm": 1,
    "monitoring_check WHERE is_alarm": 1,
    "monitoring_inputsreference": 1,
    "monitoring_monitor WHERE lease_token IS NULL": 1,
}


def test_a_week_is_compared_and_raises_its_alarm_once(tmp_path: Path) -> None:
    """On SQLite, before every third write of a look."""
    variables = {
        "PYTHONPATH": str(Path(__file__).resolve().parents[4]),
        "DJANGO_SETTINGS_MODULE": "evalhub.settings",
    }
    succeeds(call(sys.executable, "-c", SHIFTED, at=tmp_path, **variables))
    done = call(sys.executable, "-c", DIES, *ROWS, at=tmp_path, **variables)
    succeeds(done)
    counts = done.stdout.strip().splitlines()
    assert len(counts) > 3
    assert {line.strip() for line in counts} == {" ".join(map(str, ROWS.values()))}, counts
