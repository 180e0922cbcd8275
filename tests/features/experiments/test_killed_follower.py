"""A site that dies in the midst of a rollback: nothing is half done, and the next does it once."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.database.test_tables import call
from tests.features.traffic.test_backup_of_traffic import succeeds
from tests.migrated import EVALHUB, a_migrated_database
from tests.studies.test_killed_command import wait_until

pytestmark = [pytest.mark.heavy, pytest.mark.services, pytest.mark.paired]

HARMS = """
from tests.migrated import set_up_migrated
set_up_migrated()
from tests.cast import a_team
from tests.features.experiments.experiments_of import visits
from tests.features.experiments.test_following import running
from tests.features.traffic.rows_of import noon
team = a_team()
visits(team, running(team), 1_000, time=noon(1), failing={"challenger": 3})
"""
DIES = """
import sys
from tests.migrated import set_up_migrated
set_up_migrated()
from evalhub.features.experiments.following import follow_experiments
from evalhub.features.experiments.models import Experiment
from tests.killed_writes import deaths, in_a_child, print_counts

def finish():
    Experiment.objects.update(lease_until=None)
    for _ in range(3):
        follow_experiments()

for _ in deaths(follow_experiments):
    in_a_child(finish)
    print_counts(sys.argv[1:])
"""
ROLLED_BACK = {
    "experiments_experiment WHERE outcome = 'rolled-back'": 1,
    "experiments_step WHERE coverage = 0": 1,
    "ledger_decision": 1,
    "ledger_stagemove WHERE was = 'canary'": 1,
    "accounts_logentry WHERE action = 'experiment-ended'": 1,
}
CONNECTED = "pg_stat_activity WHERE datname = current_database()"


@contextmanager
def a_site(home: Path, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """`evalhub up`, killed at the end."""
    variables = {"EVALHUB_HOME": str(home), "EVALHUB_DATABASE_URL": url, "PATH": "/usr/bin:/bin"}
    site = subprocess.Popen([EVALHUB, "up", "--port", "0"], env=variables)
    try:
        yield site
    finally:
        site.kill()
        site.wait()


def test_a_rollback_happens_once_whoever_is_killed_in_its_midst(
    tmp_path: Path, postgres_url: str
) -> None:
    url = a_migrated_database(postgres_url, "killed_follower")
    succeeds(
        call(
            sys.executable, "-c", HARMS, at=tmp_path,
            PYTHONPATH=str(Path(__file__).resolve().parents[3]),
            DJANGO_SETTINGS_MODULE="evalhub.settings",
            EVALHUB_DATABASE_URL=url,
        )
    )  # fmt: skip
    with psycopg.connect(url, autocommit=True) as database, psycopg.connect(url) as holder:

        def count(rows: str) -> int:
            [number] = database.execute(f"SELECT count(*) FROM {rows}").fetchone() or (0,)
            return int(number)

        blocked = "pg_stat_activity WHERE wait_event_type = 'Lock'"
        # its last write is the challenger's stage: there it waits, its decision and step written
        holder.execute("SELECT 1 FROM registry_modelversion FOR NO KEY UPDATE")
        with a_site(tmp_path, url):
            wait_until(lambda: count(blocked), within_s=60)
        holder.close()  # what the dead site's connection waits for; then it is found dead
        wait_until(lambda: count(CONNECTED) == 1, within_s=60)
        assert {rows: count(rows) for rows in ROLLED_BACK} == dict.fromkeys(ROLLED_BACK, 0)
        assert count("experiments_userday") == 1_000
        # its lease runs for two minutes; a test need not
        database.execute("UPDATE experiments_experiment SET lease_until = '2000-01-01'")
        with a_site(tmp_path, url), a_site(tmp_path, url):
            wait_until(lambda: count("experiments_step WHERE coverage = 0"), within_s=60)
            wait_until(lambda: count("experiments_livereading"), within_s=60)
        assert {rows: count(rows) for rows in ROLLED_BACK} == ROLLED_BACK


def test_a_rollback_happens_once_at_whichever_write_its_process_is_killed(
    tmp_path: Path,
) -> None:
    """On SQLite, before each write: the lease, the counts, the decision, the end, the log."""
    variables = {
        "PYTHONPATH": str(Path(__file__).resolve().parents[3]),
        "DJANGO_SETTINGS_MODULE": "evalhub.settings",
    }
    succeeds(call(sys.executable, "-c", HARMS, at=tmp_path, **variables))
    rows = [*ROLLED_BACK, "experiments_userday", "experiments_countedday WHERE arrivals_due > ''"]
    done = call(sys.executable, "-c", DIES, *rows, at=tmp_path, **variables)
    succeeds(done)
    counts = done.stdout.strip().splitlines()
    assert len(counts) > 20
    expected = " ".join(map(str, [*ROLLED_BACK.values(), 1_000, 1]))
    assert {line.strip() for line in counts} == {expected}, counts
