"""An upgrade, whose migrations are made up, leaves the chain and what guards it as they were."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.database.homes import (
    a_backup,
    a_home,
    an_upgraded_home,
    evalhub,
    of_a_later_version,
)
from tests.migrated import a_migrated_database

LOOKS, DECISIONS, SIGN_OFFS = (
    f"SELECT count(*) FROM ledger_{table}" for table in ("look", "decision", "signoff")
)


def ledger(at: Path, **more: str) -> dict[str, object]:
    told = evalhub("doctor", "--json", at=at, **more)
    found: dict[str, dict[str, object]] = {each["name"]: each for each in json.loads(told.stdout)}
    return found["ledger"]


@pytest.mark.heavy
def test_rows_of_an_earlier_version_are_chained_and_kept(tmp_path: Path) -> None:
    later = of_a_later_version()
    an_upgraded_home(tmp_path)
    found = ledger(tmp_path, **later)
    assert found["well"], found
    with closing(sqlite3.connect(tmp_path / "home" / "evalhub.sqlite3")) as database:

        def count(query: str) -> int:
            (number,) = database.execute(query).fetchone()
            return int(number)

        links = count("SELECT links FROM ledger_ledger")
        assert links == count(LOOKS) + count(DECISIONS) + count(SIGN_OFFS) + count(
            "SELECT count(*) FROM ledger_guardlook"
        )
        assert min(count(LOOKS), count(DECISIONS), count(SIGN_OFFS)) > 0
        assert f"all {links} links of its chain hold" in str(found["seen"])
        for statement in (
            "UPDATE ledger_decision SET verdict = 'ship'",
            "UPDATE ledger_signoff SET verdict = 'ship'",
            "DELETE FROM ledger_look",
            "UPDATE ledger_look SET number = 1",
            "INSERT OR REPLACE INTO ledger_look SELECT * FROM ledger_look",
            "DELETE FROM ledger_decision",
            "DELETE FROM ledger_ledgerlink",
            "DELETE FROM ledger_ledger",
        ):
            with pytest.raises((sqlite3.IntegrityError, sqlite3.OperationalError)):
                database.execute(statement)
        with database:
            triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in triggers.fetchall():
                database.execute(f"DROP TRIGGER {name}")
            database.execute("UPDATE ledger_look SET number = 9 WHERE id = 1")
    found = ledger(tmp_path, **later)
    assert not found["well"]
    assert "Look 1 isn't as it was recorded" in str(found["seen"])
    assert "evalhub restore" in str(found["advice"])


@pytest.mark.heavy
def test_what_was_said_in_a_review_stands_as_it_stood(tmp_path: Path) -> None:
    later = of_a_later_version()
    a_home(tmp_path)
    before = evalhub("review", "results", "1", at=tmp_path)
    assert "48 judgments" in before.stdout
    assert evalhub("user", "list", at=tmp_path, **later).returncode == 0
    verified = evalhub("review", "verify", at=tmp_path, **later)
    assert (verified.returncode, "✗" in verified.stdout) == (0, False), verified.stdout
    assert evalhub("review", "results", "1", at=tmp_path, **later).stdout == before.stdout
    with closing(sqlite3.connect(tmp_path / "home" / "evalhub.sqlite3")) as database:
        for table, count in (("judgment", 49), ("undo", 1)):
            counted = database.execute(f"SELECT count(*) FROM reviews_{table}").fetchone()
            assert counted == (count,)
            with pytest.raises(sqlite3.IntegrityError):
                database.execute(f"DELETE FROM reviews_{table}")


@pytest.mark.heavy
@pytest.mark.services
def test_so_it_is_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    here = {"EVALHUB_DATABASE_URL": a_migrated_database(postgres_url, "chained")}
    later = here | of_a_later_version()
    assert evalhub("restore", a_backup(), at=tmp_path, **here).returncode == 0
    done = evalhub("migrate", "--no-backup", at=tmp_path, **later)
    assert done.returncode == 0, done.stderr
    found = ledger(tmp_path, **later)
    assert found["well"], found
    assert "links of its chain hold" in str(found["seen"])
    assert evalhub("backup", "b.jsonl.gz", at=tmp_path, **later).returncode == 0
    (tmp_path / "sqlite").mkdir()
    restored = evalhub("restore", "../b.jsonl.gz", at=tmp_path / "sqlite", **of_a_later_version())
    assert restored.returncode == 0, restored.stderr
    copied = ledger(tmp_path / "sqlite", **of_a_later_version())
    assert copied["well"], "its ledger has an id of its own, and a link that says where it is from"
    links = int(re.findall(r"all (\d+) links", str(found["seen"]))[0])
    assert f"all {links + 1} links of its chain hold" in str(copied["seen"])
