"""A home of this version is backed up and brought up to date by a later one, whose migrations are
made up; what the later one has made, this one refuses."""

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.database.homes import (
    a_backup,
    a_home,
    all_decisions,
    an_upgraded_home,
    decisions,
    evalhub,
    header,
    of_a_later_version,
    rows_of,
    without_restores,
)
from tests.database.test_tables import MANAGE, call
from tests.migrated import a_migrated_database


@pytest.fixture
def home(tmp_path: Path) -> Path:
    a_home(tmp_path)
    return tmp_path


@pytest.fixture
def upgraded(tmp_path: Path) -> Path:
    """Such a home after the first command of the later version."""
    an_upgraded_home(tmp_path)
    return tmp_path


def database(at: Path) -> sqlite3.Connection:
    return sqlite3.connect(at / "home" / "evalhub.sqlite3")


def backups(at: Path) -> list[Path]:
    return sorted((at / "home").glob("backups/*"))


def converted(at: Path) -> list[tuple[str]]:
    """What the later version's migration made of each project."""
    with closing(database(at)) as opened:
        return opened.execute("SELECT rehearsed FROM accounts_project").fetchall()


@pytest.mark.heavy
def test_any_command_brings_it_up_to_date_after_a_backup(home: Path) -> None:
    later = of_a_later_version()
    told = evalhub("doctor", at=home, **later)
    assert "an earlier version's: the first command backs up" in told.stdout
    looked = evalhub("migrate", "--dry-run", at=home, **later)
    assert "These 3 migrations would be applied" in looked.stdout
    assert backups(home) == []
    done = evalhub("user", "list", at=home, **later)
    assert done.returncode == 0, done.stderr
    assert "ruth: reviewer of support-desk" in done.stdout
    [kept] = backups(home)
    assert str(kept) in done.stderr
    assert decisions(home) == all_decisions()
    assert converted(home) == [("was support-desk",)]
    again = evalhub("user", "list", at=home, **later)
    assert (again.stdout, again.stderr, backups(home)) == (done.stdout, "", [kept])
    assert "earlier" not in evalhub("doctor", at=home, **later).stdout


@pytest.mark.heavy
def test_the_backup_is_all_that_there_was_and_the_way_back(upgraded: Path) -> None:
    [kept] = backups(upgraded)
    assert header(kept)["tables"] == header(a_backup())["tables"]
    assert rows_of(kept) == rows_of(a_backup())
    (upgraded / "back").mkdir()
    assert evalhub("restore", kept, at=upgraded / "back").returncode == 0
    assert decisions(upgraded / "back") == all_decisions()


@pytest.mark.heavy
def test_its_evidence_stands(upgraded: Path) -> None:
    """The record of a decision that the earlier version made follows from its numbers, and rests
    on what this home holds; its review is read as it was judged."""
    later = of_a_later_version()
    with closing(database(upgraded)) as opened:
        record = opened.execute("SELECT record FROM ledger_decision WHERE id = 3").fetchone()[0]
    (upgraded / "decision.json").write_text(record)
    verified = evalhub(
        "decision", "verify", "decision.json", "--home", "home", "--json", at=upgraded, **later
    )
    found = json.loads(verified.stdout)
    assert found["differences"] == []
    states = {row["what"]: row["state"] for row in found["rows"] if row["what"] != "code"}
    assert set(states.values()) == {"matches"}, states
    results = evalhub("review", "results", "1", at=upgraded, **later)
    assert results.returncode == 0, results.stderr
    assert "48 judgments" in results.stdout


@pytest.mark.heavy
@pytest.mark.parametrize("applied", [(), ("accounts",)], ids=["none", "one of three"])
def test_an_upgrade_that_was_interrupted_goes_on(home: Path, applied: tuple[str, ...]) -> None:
    """As it is when the process ends between its backup and the last migration."""
    later = of_a_later_version()
    with closing(database(home)) as opened, opened:
        opened.execute("DELETE FROM django_migrations WHERE app = 'evalhub'")
    manage = Path(later["PYTHONPATH"].split(":")[0]) / MANAGE.name
    for app in applied:
        migrated = call(sys.executable, manage, "migrate", app, at=home, **later)
        assert migrated.returncode == 0, migrated.stderr
    done = evalhub("user", "list", at=home, **later)
    assert done.returncode == 0, done.stderr
    assert decisions(home) == all_decisions()
    assert converted(home) == [("was support-desk",)]


def check_refused(at: Path) -> None:
    before, copies = (at / "home" / "evalhub.sqlite3").read_bytes(), backups(at)
    done = evalhub("user", "list", at=at)
    assert done.returncode == 64
    assert "made by another version of Evalhub" in done.stderr
    assert "Nothing was changed" in done.stderr
    assert (at / "home" / "evalhub.sqlite3").read_bytes() == before
    assert backups(at) == copies


@pytest.mark.heavy
def test_a_downgrade_is_refused(upgraded: Path) -> None:
    check_refused(upgraded)


@pytest.mark.heavy
@pytest.mark.parametrize("later", [(), (("registry", "9999_later"),)], ids=["nobody's", "later"])
def test_tables_with_a_row_that_is_not_ours_are_refused(
    tmp_path: Path, later: tuple[tuple[str, str], ...]
) -> None:
    assert evalhub("user", "list", at=tmp_path).returncode == 0
    with closing(database(tmp_path)) as opened, opened:
        opened.execute("UPDATE django_migrations SET name = 'tables-0' WHERE app = 'evalhub'")
        opened.executemany(
            "INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, CURRENT_TIMESTAMP)",
            later,
        )
    check_refused(tmp_path)


@pytest.mark.heavy
def test_a_backup_of_an_earlier_version_is_restored_into_a_later_one(tmp_path: Path) -> None:
    later = of_a_later_version()
    done = evalhub("restore", a_backup(), at=tmp_path, **later)
    assert done.returncode == 0, done.stderr
    assert decisions(tmp_path) == all_decisions()
    assert converted(tmp_path) == [("was support-desk",)]
    assert evalhub("user", "list", at=tmp_path, **later).stderr == ""
    assert evalhub("backup", "later.jsonl.gz", at=tmp_path, **later).returncode == 0
    (tmp_path / "back").mkdir()
    refused = evalhub("restore", "../later.jsonl.gz", at=tmp_path / "back")
    assert refused.returncode == 65
    assert "restore it with that version or a later one" in refused.stderr


@pytest.mark.heavy
@pytest.mark.services
def test_so_it_is_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    here = {"EVALHUB_DATABASE_URL": a_migrated_database(postgres_url, "earlier")}
    later = here | of_a_later_version()
    made = evalhub("restore", a_backup(), at=tmp_path, **here)
    assert made.returncode == 0, made.stderr
    done = evalhub("migrate", "--backup-to", "copies", at=tmp_path, **later)
    assert done.returncode == 0, done.stderr
    [kept] = (tmp_path / "copies").iterdir()
    assert without_restores(rows_of(kept)) == without_restores(rows_of(a_backup()))
    results = evalhub("review", "results", "1", at=tmp_path, **later)
    assert results.returncode == 0, results.stderr
    (tmp_path / "sqlite").mkdir()
    assert evalhub("backup", "b.jsonl.gz", at=tmp_path, **later).returncode == 0
    restored = of_a_later_version()
    assert evalhub("restore", "../b.jsonl.gz", at=tmp_path / "sqlite", **restored).returncode == 0
    assert decisions(tmp_path / "sqlite") == all_decisions()
    assert converted(tmp_path / "sqlite") == [("was support-desk",)]
