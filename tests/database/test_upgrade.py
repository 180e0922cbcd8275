"""A home of an earlier version is backed up and brought up to date; a later one's is refused."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.database.homes import (
    DECISIONS,
    EARLIER,
    decisions,
    earlier_database,
    earlier_home,
    evalhub,
    fresh_postgresql,
    header,
    rows_of,
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    earlier_home(tmp_path)
    return tmp_path


def database(at: Path) -> sqlite3.Connection:
    return sqlite3.connect(at / "home" / "evalhub.sqlite3")


def backups(at: Path) -> list[Path]:
    return sorted((at / "home").glob("backups/*"))


@pytest.mark.heavy
def test_any_command_brings_it_up_to_date_after_a_backup(home: Path) -> None:
    told = evalhub("doctor", at=home)
    assert "an earlier version's: the first command backs up" in told.stdout
    assert backups(home) == []
    done = evalhub("user", "list", at=home)
    assert done.returncode == 0, done.stderr
    assert "new@example.org: reviewer of support-desk" in done.stdout
    [kept] = backups(home)
    assert str(kept) in done.stderr
    assert decisions(home) == DECISIONS
    again = evalhub("user", "list", at=home)
    assert (again.stdout, again.stderr, backups(home)) == (done.stdout, "", [kept])
    assert "earlier" not in evalhub("doctor", at=home).stdout


@pytest.mark.heavy
def test_the_backup_is_all_that_there_was(home: Path) -> None:
    assert evalhub("user", "list", at=home).returncode == 0
    [kept] = backups(home)
    assert header(kept)["tables"] == header(EARLIER)["tables"]
    assert rows_of(kept) == rows_of(EARLIER)


@pytest.mark.heavy
def test_its_evidence_stands(home: Path) -> None:
    """The record of a decision that the earlier version made follows from its numbers, and rests
    on what this home holds; its review is read as it was judged."""
    assert evalhub("user", "list", at=home).returncode == 0
    with closing(database(home)) as opened:
        record = opened.execute("SELECT record FROM ledger_decision WHERE id = 3").fetchone()[0]
    (home / "decision.json").write_text(record)
    verified = evalhub("decision", "verify", "decision.json", "--home", "home", "--json", at=home)
    found = json.loads(verified.stdout)
    assert found["differences"] == []
    states = {row["what"]: row["state"] for row in found["rows"] if row["what"] != "code"}
    assert set(states.values()) == {"matches"}, states
    results = evalhub("review", "results", "1", at=home)
    assert results.returncode == 0, results.stderr
    assert "48 judgments" in results.stdout


@pytest.mark.heavy
def test_an_upgrade_that_was_interrupted_goes_on(home: Path) -> None:
    """As it is when the process ends between its backup and the last migration."""
    with closing(database(home)) as opened, opened:
        opened.execute("DELETE FROM django_migrations WHERE app = 'evalhub'")
    done = evalhub("user", "list", at=home)
    assert done.returncode == 0, done.stderr
    assert decisions(home) == DECISIONS


@pytest.mark.parametrize("what", ["a later version's", "nobody's"])
def test_a_downgrade_is_refused(home: Path, what: str) -> None:
    with closing(database(home)) as opened, opened:
        if what == "nobody's":
            opened.execute("UPDATE django_migrations SET name = 'tables-0' WHERE app = 'evalhub'")
        else:
            opened.execute(
                "INSERT INTO django_migrations (app, name, applied) "
                "VALUES ('registry', '9999_later', CURRENT_TIMESTAMP)"
            )
    before = (home / "home" / "evalhub.sqlite3").read_bytes()
    done = evalhub("user", "list", at=home)
    assert done.returncode == 64
    assert "Nothing was changed" in done.stderr
    assert (home / "home" / "evalhub.sqlite3").read_bytes() == before
    assert backups(home) == []


@pytest.mark.heavy
def test_a_backup_of_an_earlier_version_is_restored_into_this_one(tmp_path: Path) -> None:
    done = evalhub("restore", EARLIER, at=tmp_path)
    assert done.returncode == 0, done.stderr
    assert decisions(tmp_path) == DECISIONS
    assert evalhub("user", "list", at=tmp_path).stderr == ""


@pytest.mark.heavy
@pytest.mark.services
def test_so_it_is_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    url = fresh_postgresql(postgres_url, "earlier")
    earlier_database(tmp_path, EVALHUB_DATABASE_URL=url)
    done = evalhub("migrate", "--backup-to", "copies", at=tmp_path, EVALHUB_DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    [kept] = (tmp_path / "copies").iterdir()
    assert rows_of(kept) == rows_of(EARLIER)
    results = evalhub("review", "results", "1", at=tmp_path, EVALHUB_DATABASE_URL=url)
    assert results.returncode == 0, results.stderr
    (tmp_path / "sqlite").mkdir()
    assert evalhub("backup", "b.jsonl.gz", at=tmp_path, EVALHUB_DATABASE_URL=url).returncode == 0
    assert evalhub("restore", "../b.jsonl.gz", at=tmp_path / "sqlite").returncode == 0
    assert decisions(tmp_path / "sqlite") == DECISIONS
