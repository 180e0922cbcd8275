"""A process that dies while it looks: the next raises its alarm once, and asks once."""

import sys
from pathlib import Path

import pytest

from tests.database.test_tables import call
from tests.features.traffic.test_backup_of_traffic import succeeds

pytestmark = pytest.mark.heavy

WORLD = """
from tests.migrated import set_up_migrated
set_up_migrated()
from datetime import timedelta
from django.utils import timezone
from evalhub.declare.monitor import AnswersPlan
from evalhub.features.monitoring.looking import look
from evalhub.features.monitoring.models import Monitor, Watch
from evalhub.registry.models import Run
from tests.cast import a_run, a_team, a_test_set, a_version
from tests.features.monitoring.operations.test_operations import USERS, usual, worse
from tests.features.monitoring.production import a_champion, a_monitor, at, days_ago, send
team = a_team()
days = [days_ago(number) for number in range(26, 0, -1)]
backend = {"type": "openai", "url": "http://127.0.0.1:9/v1", "model": "m"}
version = a_champion(team, since=days[0], backend=backend)
monitor = a_monitor(team)
send(team, days[:16], users=USERS, errors=usual)
look(monitor, now=at(days[16]))
send(team, days[16:], users=USERS, errors=worse)
Monitor.objects.update(due=at(days[0]))
run = a_run(version, a_test_set(team, items=2), scores=[1, 1])
Run.objects.update(source="")  # as if it had been asked for
run.refresh_from_db()
long_ago = timezone.now() - timedelta(days=2)
answers = Monitor.objects.create(
    project=team.project, kind="answers", plan=AnswersPlan(test_set="questions"),
    false_alarms_a_year=1, due=long_ago, created=long_ago,
)
Watch.objects.create(
    monitor=answers, version=version, test_set_version=run.test_set_version, promoted_run=run,
    second_run=run,
)
"""
DIES = """
import sys
from tests.migrated import set_up_migrated
set_up_migrated()
from evalhub.features.monitoring.looking import look_at_monitors
from evalhub.features.monitoring.models import Monitor
from tests.killed_writes import deaths, in_a_child, print_counts

def finish():
    for _ in range(2):
        Monitor.objects.update(lease_until=None, due="2000-01-01T00:00:00Z")
        look_at_monitors()

for _ in deaths(look_at_monitors, stride=3):
    in_a_child(finish)
    print_counts(sys.argv[1:])
"""
ROWS = {
    "monitoring_alarm": 1,
    "monitoring_asking": 1,
    "registry_run": 2,
    "monitoring_streamday": 26,
    "monitoring_monitorday": 26,
    "monitoring_check WHERE is_alarm": 1,
    "monitoring_monitor WHERE lease_token IS NULL": 2,
}


def test_an_alarm_and_an_asking_come_once_at_whichever_write_their_process_is_killed(
    tmp_path: Path,
) -> None:
    """On SQLite, before every third write: the lease, the counts, the alarm, the run's launch."""
    variables = {
        "PYTHONPATH": str(Path(__file__).resolve().parents[3]),
        "DJANGO_SETTINGS_MODULE": "evalhub.settings",
    }
    succeeds(call(sys.executable, "-c", WORLD, at=tmp_path, **variables))
    done = call(sys.executable, "-c", DIES, *ROWS, at=tmp_path, **variables)
    succeeds(done)
    counts = done.stdout.strip().splitlines()
    assert len(counts) > 10
    assert {line.strip() for line in counts} == {" ".join(map(str, ROWS.values()))}, counts
