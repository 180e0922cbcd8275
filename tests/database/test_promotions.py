"""Who made which version the baseline goes with a backup, and is kept as it was in the new home."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.database.homes import a_home, evalhub, rows_of
from tests.migrated import a_migrated_database

pytestmark = pytest.mark.heavy

PROMOTE = "promote", "2", "--by", "olga", "--reason", "Ran a week."
CHANGE = "UPDATE ledger_promotion SET reason = 'Never mind.'"
KEPT = "a champion is promoted again, never changed"


@pytest.fixture
def backed_up(tmp_path: Path) -> Path:
    """A folder with a home in which a version was promoted, and its backup."""
    a_home(tmp_path)
    done = evalhub(*PROMOTE, at=tmp_path)
    assert "prompted v1 is the champion of support-desk" in done.stdout, done.stderr
    assert evalhub("backup", "b.jsonl.gz", at=tmp_path).returncode == 0
    # the baseline's before it: what a rollback goes back to
    assert sum('"ledger.promotion"' in row for row in rows_of(tmp_path / "b.jsonl.gz")) == 2
    return tmp_path


def test_in_another_home_it_is_the_same_and_can_not_be_changed(backed_up: Path) -> None:
    other = backed_up / "other"
    other.mkdir()
    assert evalhub("restore", "../b.jsonl.gz", at=other).returncode == 0
    again = evalhub(*PROMOTE, at=other)
    assert again.returncode == 0, again.stderr
    with (
        closing(sqlite3.connect(other / "home" / "evalhub.sqlite3")) as opened,
        pytest.raises(sqlite3.IntegrityError, match=KEPT),
    ):
        opened.execute(CHANGE)


@pytest.mark.services
def test_so_it_is_on_postgresql(backed_up: Path, postgres_url: str) -> None:
    url = a_migrated_database(postgres_url, "promoted")
    done = evalhub("restore", "b.jsonl.gz", at=backed_up, EVALHUB_DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    assert evalhub(*PROMOTE, at=backed_up, EVALHUB_DATABASE_URL=url).returncode == 0
    with psycopg.connect(url) as opened:
        assert opened.execute("SELECT count(*) FROM ledger_promotion").fetchone() == (2,)
        with pytest.raises(psycopg.errors.CheckViolation, match=KEPT):
            opened.execute(CHANGE)
