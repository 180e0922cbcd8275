"""A home and its tables: made at the first use, once; those of another version are refused."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from evalhub.database import tables
from evalhub.database.version import digest
from tests.migrated import migrated
from tests.studies.desks import Desk

EVALHUB = Path(sys.executable).with_name("evalhub")
MANAGE = Path(__file__).resolve().parents[2] / "manage.py"
LOGIN = """
from wsgiref.util import setup_testing_defaults
from evalhub.wsgi import application
request = {"PATH_INFO": "/accounts/login/", "HTTP_HOST": "localhost"}
setup_testing_defaults(request)
b"".join(application(request, lambda status, headers: print(status)))
"""


def environment(at: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PATH", "LC_"))}
    return kept | {"EVALHUB_HOME": str(at / "home"), "HOME": str(at)} | more


def call(*command: object, at: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        cwd=at,
        env=environment(at, **more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def contents(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """All that an empty database holds, but for when its migrations were applied."""
    queries = {
        "schema": "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql NOT NULL",
        "migrations": "SELECT app, name FROM django_migrations WHERE app != 'evalhub'",
        "types": "SELECT app_label, model FROM django_content_type",
        "permissions": "SELECT app_label, model, codename, p.name FROM auth_permission p "
        "JOIN django_content_type t ON t.id = content_type_id",
    }
    with sqlite3.connect(database) as opened:
        found = {name: sorted(opened.execute(query)) for name, query in queries.items()}
        names = [name for kind, name, *_ in found["schema"] if kind == "table"]
        for name in names:
            if name not in ("django_migrations", "sqlite_sequence"):
                [(count,)] = opened.execute(f"SELECT count(*) FROM {name}")
                found[f"rows of {name}"] = [(count,)]
    return found


@pytest.mark.heavy
def test_the_prepared_tables_are_those_of_the_migrations(tmp_path: Path) -> None:
    """Where this fails after a change of a model: `make tables`."""
    prepared, migrated = tmp_path / "prepared", tmp_path / "migrated"
    for folder in (prepared, migrated):
        folder.mkdir()
    assert call(EVALHUB, "user", "list", at=prepared).returncode == 0
    # with the order of texts in sets that `make tables` has
    done = call(sys.executable, MANAGE, "migrate", at=migrated, PYTHONHASHSEED="0")
    assert done.returncode == 0, done.stderr
    made = contents(prepared / "home" / "evalhub.sqlite3")
    assert made == contents(migrated / "home" / "evalhub.sqlite3")
    assert len(made["schema"]) > 100
    assert tables.EMPTY.read_text().startswith(f"-- {digest()}\n")


def test_importing_the_settings_makes_nothing(tmp_path: Path) -> None:
    code = "import evalhub.settings, django; django.setup()"
    done = call(sys.executable, "-c", code, at=tmp_path, DJANGO_SETTINGS_MODULE="evalhub.settings")
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_a_doctor_makes_nothing_either(tmp_path: Path) -> None:
    assert call(EVALHUB, "doctor", at=tmp_path).returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.heavy
def test_another_server_takes_the_site_s_application(tmp_path: Path) -> None:
    assert call(EVALHUB, "user", "list", at=tmp_path).returncode == 0
    done = call(sys.executable, "-c", LOGIN, at=tmp_path)
    assert done.stdout == "200 OK\n", done.stderr
    assert (tmp_path / "home" / "secret_key").exists()


def at_once(desk: Desk, **more: str) -> list[str]:
    """What four processes print that run one study at once, each of which has to succeed."""
    study = str(desk.write())
    started = [
        subprocess.Popen(
            [EVALHUB, "study", "run", study],
            cwd=desk.folder,
            env=environment(desk.folder, **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    ended = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0] * 4, ended
    return [out for out, _ in ended]


@pytest.mark.heavy
def test_four_processes_start_at_once_on_a_fresh_home(tmp_path: Path) -> None:
    printed = at_once(Desk(tmp_path))
    assert all("Ship tuned gains 0.50 on triage" in each for each in printed)


@pytest.mark.heavy
@pytest.mark.services
def test_four_processes_start_at_once_on_a_fresh_postgresql(
    tmp_path: Path, postgres_url: str
) -> None:
    """They wait for the tables, and `evalhub migrate` comes meanwhile."""
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute("CREATE DATABASE at_once")
    url = urlunsplit(urlsplit(postgres_url)._replace(path="/at_once"))
    coming = Timer(3, migrated, args=[url])
    coming.start()
    printed = at_once(Desk(tmp_path), EVALHUB_DATABASE_URL=url)
    assert all("Ship tuned gains 0.50 on triage" in each for each in printed)


@pytest.mark.django_db
def test_tables_that_another_process_records_meanwhile_are_ours() -> None:
    """Its row comes between our two reads of what was applied."""
    recorder, recorded = MigrationRecorder(connection), False
    recorder.migration_qs.filter(app=tables.OUR_ROW).delete()

    def another_process(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal recorded
        found = execute(sql, params, many, context)
        if not recorded and sql.startswith("SELECT") and tables.OUR_ROW in (params or ()):
            recorded = True
            recorder.record_applied(tables.OUR_ROW, digest())
        return found

    with connection.execute_wrapper(another_process):
        tables.tables()
    assert recorded
    assert tables.tables() is tables.Tables.OURS


def change(at: Path, statement: str) -> None:
    with sqlite3.connect(at / "home" / "evalhub.sqlite3") as database:
        database.execute(statement)


@pytest.mark.heavy
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE django_migrations SET name = 'tables-of-old' WHERE app = 'evalhub'",
        "UPDATE django_migrations SET app = 'registry', name = '0002_more' WHERE app = 'evalhub'",
    ],
)
def test_a_home_of_another_version_is_refused_in_a_sentence(tmp_path: Path, statement: str) -> None:
    call(EVALHUB, "user", "add", "nour", at=tmp_path)
    change(tmp_path, statement)
    refused = call(EVALHUB, "user", "list", at=tmp_path)
    assert refused.returncode == 64
    assert "made by another version of Evalhub" in refused.stderr
    assert "Use the version that made it or a later one" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    doctor = call(EVALHUB, "doctor", at=tmp_path)
    assert doctor.returncode == 69
    assert "✗ database: SQLite" in doctor.stdout


@pytest.mark.heavy
def test_tables_that_were_made_half_are_finished(tmp_path: Path) -> None:
    done = call(sys.executable, MANAGE, "migrate", "registry", at=tmp_path)
    assert done.returncode == 0, done.stderr
    done = call(EVALHUB, "user", "add", "nour", at=tmp_path)
    assert done.returncode == 0, done.stderr
    assert call(EVALHUB, "user", "list", at=tmp_path).stdout == "nour: no role\n"
