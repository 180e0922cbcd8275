"""Homes of other processes: an earlier version's, and what stands in one."""

import atexit
import gzip
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.database.test_tables import EVALHUB, call

EARLIER = Path(__file__).with_name("earlier-0.1.0.jsonl.gz")
"""The backup that an upgrade made of a home of the first version: the demo, with a review that
three people judged, undid and skipped in, decided twice and signed off."""
DECISIONS = {
    1: "493e763c3a38bd1b3e85bfa5dc72d01033e91f836fae7e6b08f3139a3827774a",
    2: "854a75fbac845ec3879374143afbf73d00a54b161c99c38a759a6dd713ad053b",
    3: "1555d5004216330e43551fcc7c3d4641d2f57d6f67e948dad591541dee64ff46",
}
"""What the first version printed as its decisions' digests."""
AS_IT_WAS = """
import sys
from pathlib import Path
import django
django.setup()
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from evalhub.database.restore import restore
from evalhub.settings import make_home
make_home()
restore(Path(sys.argv[1]), made_by_known=lambda tables, applied: True)
MigrationRecorder(connection).record_applied("evalhub", sys.argv[2])
"""


@cache
def _earlier_home() -> Path:
    """A home as the first version left it, made once; others are copies of it."""
    folder = Path(tempfile.mkdtemp(prefix="evalhub-earlier-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    earlier_database(folder)
    return folder / "home"


def earlier_home(at: Path) -> None:
    """The home below this folder as the first version left it."""
    shutil.copytree(_earlier_home(), at / "home")


@cache
def _upgraded_home() -> Path:
    folder = _earlier_home().parent
    shutil.copytree(folder / "home", folder / "upgraded" / "home")
    done = evalhub("user", "list", at=folder / "upgraded")
    assert done.returncode == 0, done.stderr
    shutil.rmtree(folder / "upgraded" / "home" / "backups")
    return folder / "upgraded" / "home"


def upgraded_home(at: Path) -> None:
    """The same brought up to date, without the backup that was made of it before."""
    shutil.copytree(_upgraded_home(), at / "home")


def earlier_database(at: Path, **more: str) -> None:
    """The home below this folder, or the database of that URL, as the first version left it."""
    tables = header(EARLIER)["tables"]
    done = call(
        sys.executable, "-c", AS_IT_WAS, EARLIER, tables, at=at,
        DJANGO_SETTINGS_MODULE="evalhub.settings", **more,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def evalhub(*words: object, at: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return call(EVALHUB, *words, at=at, **more)


def lines(backup: Path) -> Iterator[str]:
    with gzip.open(backup, "rt", encoding="utf-8") as file:
        yield from file


def header(backup: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(next(lines(backup)))
    return found


def rows_of(backup: Path) -> list[str]:
    """The rows alone, without the audit log's, where backups themselves are noted.

    PostgreSQL keeps the names of a JSON object in an order of its own, which means nothing.
    """
    wanted = (line for line in lines(backup) if line.startswith("["))
    kept = (line for line in wanted if not line.startswith('["accounts.logentry"'))
    return [json.dumps(json.loads(line), sort_keys=True) for line in kept]


def without_restores(rows: list[str]) -> list[str]:
    """The rows without the ledger's id, which a restored one has for itself, and what notes it."""
    ours = ('["ledger.ledger"', '["ledger.ledgerrestore"', '["ledger.ledgerlink", ')
    return [
        row
        for row in rows
        if not row.startswith(ours[:2]) and not (row.startswith(ours[2]) and '"restore"' in row)
    ]


def decisions(at: Path) -> dict[int, str]:
    with closing(sqlite3.connect(at / "home" / "evalhub.sqlite3")) as database:
        return dict(database.execute("SELECT id, digest FROM ledger_decision").fetchall())


def fresh_postgresql(server: str, name: str) -> str:
    """The URL of a new, empty database of that server."""
    with psycopg.connect(server, autocommit=True) as opened:
        opened.execute(f"CREATE DATABASE {name}")
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
