"""`evalhub migrate` alone changes the tables of a PostgreSQL; all others wait for it or refuse."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from evalhub.database.tables import Tables, TablesNotReadyError
from evalhub.frames.command.setup import TABLES_OF_A_SERVICE_S, TABLES_S, wait_for_tables
from evalhub.studies.run.conduct import OUTAGE_S
from tests.database.homes import (
    a_backup,
    evalhub,
    fresh_postgresql,
    of_a_later_version,
    rows_of,
    without_restores,
)
from tests.database.test_tables import EVALHUB, MANAGE, call, environment
from tests.migrated import a_migrated_database
from tests.runners.workers import a_queue, wait_until

DOCS = Path(__file__).resolve().parents[2] / "docs"
WAITS = "This waits until `evalhub migrate` has changed them, 900 s at most"


def columns(url: str) -> list[tuple[str, ...]]:
    """All that there is of tables, and the migrations that are recorded."""
    with psycopg.connect(url, autocommit=True) as opened:
        return [
            *opened.execute(
                "SELECT table_name, column_name, data_type FROM information_schema.columns "
                "WHERE table_schema = 'public' ORDER BY 1, 2"
            ).fetchall(),
            *opened.execute("SELECT app, name FROM django_migrations ORDER BY 1, 2").fetchall(),
        ]


@contextmanager
def started(
    *words: str, at: Path, **variables: str
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A command of its own, and the file that it writes all its output to."""
    at.mkdir(exist_ok=True)
    log = at / "log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [EVALHUB, *words],
            cwd=at,
            env=environment(at, PYTHONUNBUFFERED="1", **variables),
            stdout=written,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process, log
        finally:
            process.kill()
            process.wait()


@pytest.mark.heavy
@pytest.mark.services
def test_a_site_and_a_worker_of_a_newer_version_wait_and_change_nothing(
    tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    """A newer worker migrated, and its copy lay in the worker's home."""
    url = a_migrated_database(postgres_url, f"migrate_{os.getpid()}")
    restored = evalhub("restore", a_backup(), at=tmp_path, EVALHUB_DATABASE_URL=url)
    assert restored.returncode == 0, restored.stderr
    before = columns(url)
    here = {"EVALHUB_DATABASE_URL": url, "EVALHUB_REDIS_URL": a_queue(redis_url)}
    here |= of_a_later_version()
    up = ("up", "--port", "0")
    with (
        started(*up, at=tmp_path / "site", **here) as (site, of_site),
        started("worker", at=tmp_path / "worker", **here) as (worker, of_worker),
    ):
        for log in (of_site, of_worker):
            wait_until(lambda log=log: WAITS in log.read_text(), within_s=60)  # type: ignore[misc]
        refused = evalhub("user", "list", at=tmp_path, **here)
        assert refused.returncode == 69
        assert "are an earlier version's. Nothing was changed: only `evalhub migrate`" in (
            refused.stderr
        )
        seen = evalhub("doctor", at=tmp_path, **here)
        assert "its tables are an earlier version's" in seen.stdout
        assert "`evalhub migrate` makes them or brings them up to date" in seen.stdout
        for words in (("--dry-run",), ("--check",)):
            looked = evalhub("migrate", *words, at=tmp_path, **here)
            assert "accounts.0002_rehearsed" in looked.stdout
            assert "Nothing was changed." in looked.stdout
            assert looked.returncode == (69 if words == ("--check",) else 0)
        unsaid = evalhub("migrate", at=tmp_path, **here)
        assert unsaid.returncode == 64
        assert "say --backup-to FOLDER" in " ".join(unsaid.stderr.split())
        unwritable = evalhub("migrate", "--backup-to", "/proc/nowhere", at=tmp_path, **here)
        assert unwritable.returncode == 64
        assert "/proc/nowhere can't be made" in unwritable.stderr
        assert columns(url) == before
        assert "Evalhub is at" not in of_site.read_text()

        two = [
            subprocess.Popen(
                [EVALHUB, "migrate", "--backup-to", "copies", "--json"],
                cwd=tmp_path,
                env=environment(tmp_path, **here),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        ended = [process.communicate(timeout=240) for process in two]
        assert [process.returncode for process in two] == [0, 0], ended
        reports = [json.loads(out) for out, _ in ended]
        assert sorted(report["changed"] for report in reports) == [False, True]
        [copy] = (tmp_path / "copies").iterdir()
        assert [report["backup"] for report in reports if report["changed"]] == [
            f"copies/{copy.name}"
        ]
        assert without_restores(rows_of(copy)) == without_restores(rows_of(a_backup()))
        assert copy.stat().st_mode & 0o077 == 0

        wait_until(lambda: "Evalhub is at" in of_site.read_text(), within_s=60)
        wait_until(
            lambda: "the tables are this version's now" in of_worker.read_text(), within_s=60
        )
        assert worker.poll() is None
        site.send_signal(signal.SIGTERM)
        assert site.wait(timeout=60) == 0
    after = columns(url)
    again = evalhub("migrate", at=tmp_path, **here)
    assert again.returncode == 0
    assert "Nothing to do" in again.stdout
    assert evalhub("migrate", "--check", at=tmp_path, **here).returncode == 0
    assert columns(url) == after != before
    for home in ("site", "worker", "."):
        assert not (tmp_path / home / "home" / "backups").exists()
    with psycopg.connect(url, autocommit=True) as opened:
        opened.execute("UPDATE django_migrations SET name = 'tables-0' WHERE app = 'evalhub'")
    downgraded = evalhub("migrate", "--no-backup", at=tmp_path, **here)
    assert downgraded.returncode == 64
    assert "made by another version of Evalhub" in downgraded.stderr
    assert len(columns(url)) == len(after)


@pytest.mark.heavy
@pytest.mark.services
def test_an_empty_postgresql_gets_its_tables_from_migrate_alone(
    tmp_path: Path, postgres_url: str
) -> None:
    here = {"EVALHUB_DATABASE_URL": fresh_postgresql(postgres_url, f"empty_{os.getpid()}")}
    refused = evalhub("user", "add", "olga", at=tmp_path, **here)
    assert refused.returncode == 69
    assert "are not made yet" in refused.stderr
    django = call(sys.executable, MANAGE, "migrate", at=tmp_path, **here)
    assert (django.returncode, django.stdout) == (1, "")
    assert django.stderr == "This database's tables are changed by `evalhub migrate` alone.\n"
    looked = evalhub("migrate", "--check", "--json", at=tmp_path, **here)
    assert looked.returncode == 69
    report = json.loads(looked.stdout)
    assert (report["tables"], report["changed"]) == ("missing", False)
    assert "accounts.0001_initial" in report["migrations"]
    made = evalhub("migrate", at=tmp_path, **here)
    assert made.returncode == 0, made.stderr
    assert "were made" in made.stdout
    assert evalhub("user", "add", "olga", at=tmp_path, **here).returncode == 0


def test_waiting_for_the_tables_has_an_end() -> None:
    looks = []

    def look() -> None:
        looks.append(1)
        raise TablesNotReadyError(Tables.EARLIER)

    with pytest.raises(TablesNotReadyError, match="evalhub migrate --dry-run"):
        wait_for_tables(look, for_s=0)
    assert len(looks) == 1


def test_the_documented_times_are_those_that_commands_wait_for() -> None:
    page = (DOCS / "how-to/kept-running.md").read_text(encoding="utf-8")
    assert TABLES_OF_A_SERVICE_S == 15 * 60
    assert TABLES_S == OUTAGE_S == 2 * 60
    assert "after 15 minutes they end with 69. `study run` and `gate` wait for two minutes" in page


@pytest.mark.heavy
def test_a_sqlite_home_is_made_by_it_too_and_asks_for_no_folder(tmp_path: Path) -> None:
    looked = evalhub("migrate", "--check", at=tmp_path)
    assert looked.returncode == 69
    assert list(tmp_path.iterdir()) == []
    assert evalhub("migrate", at=tmp_path).returncode == 0
    again = evalhub("migrate", "--check", "--json", at=tmp_path)
    assert again.returncode == 0
    assert json.loads(again.stdout)["tables"] == "current"
    both = evalhub("migrate", "--no-backup", "--backup-to", "x", at=tmp_path)
    assert both.returncode == 64
