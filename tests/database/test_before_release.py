"""A home or a backup from before the first release is refused, in one sentence that is true."""

import gzip
import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from evalhub.database.version import OtherVersionError, check_released
from tests.database.homes import evalhub, fresh_postgresql, header, lines
from tests.migrated import a_migrated_database

BEGIN = "begin a new home (another --home, or an empty database as EVALHUB_DATABASE_URL)"
SENTENCE = (
    "{what} was made before the first release of Evalhub, and tables from then aren't converted: "
    f"nothing was changed; {BEGIN}, or use the version that made it"
)
MIGRATIONS = [
    "DELETE FROM django_migrations WHERE app = 'ledger'",
    "INSERT INTO django_migrations (app, name, applied) "
    "VALUES ('gate', '0001_initial', CURRENT_TIMESTAMP)",
    "UPDATE django_migrations SET name = 'tables-8f4ef7f762ce8ee642094d90' WHERE app = 'evalhub'",
]
"""What makes of a home's django_migrations that of the very first homes."""
INTERRUPTED = "DELETE FROM django_migrations WHERE app = 'evalhub'"
COMMANDS = [
    ("user", "list"),
    ("migrate",),
    ("migrate", "--no-backup"),
    ("migrate", "--dry-run"),
    ("migrate", "--check"),
    ("backup", "b.jsonl.gz"),
]


def a_home_from_before(at: Path, *more: str) -> Path:
    """The database of a home below this folder that says it was made then."""
    assert evalhub("user", "add", "nour", at=at).returncode == 0
    path = at / "home" / "evalhub.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        for statement in (*MIGRATIONS, *more):
            database.execute(statement)
    return path


@pytest.mark.parametrize("app", ["gate", "dashboard", "handover", "watching", "api"])
def test_each_app_that_no_release_has_is_known_by_its_migrations(app: str) -> None:
    with pytest.raises(OtherVersionError) as refused:
        check_released({("accounts", "0001_initial"), (app, "0001_initial")}, "copy.jsonl.gz")
    assert str(refused.value) == SENTENCE.format(what="copy.jsonl.gz")


@pytest.mark.heavy
def test_a_home_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = a_home_from_before(tmp_path)
    before = path.read_bytes()
    done = evalhub("user", "list", at=tmp_path)
    sentence = SENTENCE.format(what=f"the database at {path}")
    assert (done.returncode, done.stdout, done.stderr) == (64, "", f"evalhub: {sentence}\n")
    assert path.read_bytes() == before


@pytest.mark.heavy
@pytest.mark.parametrize("more", [(), (INTERRUPTED,)], ids=["whole", "half made"])
def test_every_command_says_the_same_and_writes_no_backup(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    path = a_home_from_before(tmp_path, *more)
    before, sentence = path.read_bytes(), SENTENCE.format(what=f"the database at {path}")
    for command in COMMANDS:
        done = evalhub(*command, at=tmp_path)
        assert (done.returncode, done.stderr) == (64, f"evalhub: {sentence}\n"), command
    doctor = evalhub("doctor", "--json", at=tmp_path)
    assert doctor.returncode == 69
    findings = {row["name"]: row for row in json.loads(doctor.stdout)}
    assert not findings["database"]["well"]
    assert findings["database"]["advice"] == sentence
    assert path.read_bytes() == before
    assert not (tmp_path / "home" / "backups").exists()


def a_backup_from_before(at: Path) -> Path:
    """A whole backup, with its SHA-256, whose header has the migrations of then."""
    assert evalhub("user", "add", "nour", at=at).returncode == 0
    assert evalhub("backup", "now.jsonl.gz", at=at).returncode == 0
    _, *rows, last = lines(at / "now.jsonl.gz")
    told = header(at / "now.jsonl.gz") | {
        "tables": "tables-8f4ef7f762ce8ee642094d90",
        "migrations": [["accounts", "0001_initial"], ["gate", "0001_initial"]],
    }
    text = "".join([json.dumps(told) + "\n", *rows])
    end = json.loads(last) | {"sha256": hashlib.sha256(text.encode()).hexdigest()}
    path = at / "before.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(text + json.dumps(end) + "\n")
    return path


@pytest.mark.heavy
def test_a_backup_is_refused_and_makes_no_database(tmp_path: Path) -> None:
    backup = a_backup_from_before(tmp_path)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    done = evalhub("restore", backup, at=fresh)
    sentence = SENTENCE.format(what=backup)
    assert (done.returncode, done.stderr) == (64, f"evalhub: {sentence}\n")
    assert list((fresh / "home").glob("evalhub.sqlite3*")) == []


@pytest.mark.heavy
@pytest.mark.services
def test_so_it_is_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    url = a_migrated_database(postgres_url, "before_release")
    here = {"EVALHUB_DATABASE_URL": url}
    with psycopg.connect(url, autocommit=True) as opened:
        for statement in MIGRATIONS:
            opened.execute(statement)
        rows = opened.execute("SELECT * FROM django_migrations ORDER BY id").fetchall()
    for command in COMMANDS:
        done = evalhub(*command, at=tmp_path, **here)
        assert done.returncode == 64, command
        assert "was made before the first release of Evalhub" in done.stderr, command
        assert BEGIN in done.stderr
    with psycopg.connect(url) as opened:
        assert opened.execute("SELECT * FROM django_migrations ORDER BY id").fetchall() == rows
        [(tables,)] = opened.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_name LIKE 'gate%'"
        ).fetchall()
    assert tables == 0
    fresh = {"EVALHUB_DATABASE_URL": fresh_postgresql(postgres_url, "before_release_restored")}
    refused = evalhub("restore", a_backup_from_before(tmp_path), at=tmp_path, **fresh)
    assert refused.returncode == 64
    assert "was made before the first release of Evalhub" in refused.stderr
    with psycopg.connect(fresh["EVALHUB_DATABASE_URL"]) as opened:
        assert opened.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchone() == (0,)
