"""Homes of other processes, made by this version, and a later version that upgrades them."""

import atexit
import gzip
import json
import os
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

ROOT = Path(__file__).resolve().parents[2]
FINISHED_REVIEW = Path(__file__).with_name("finished_review.py")
LATER = {
    "accounts": """
from django.db import migrations, models


def convert(apps, editor):
    for project in apps.get_model("accounts", "Project").objects.all():
        project.rehearsed = f"was {project.slug}"
        project.save()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.AddField("project", "rehearsed", models.CharField(max_length=99, db_default="")),
        migrations.RunPython(convert),
    ]
""",
    "ledger": """
from django.db import migrations, models

from evalhub.accounts.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial"), ("accounts", "0002_rehearsed")]
    operations = [
        migrations.AddField("decision", "rehearsed", models.CharField(max_length=8, null=True)),
        # on SQLite this makes the table anew, without its triggers
        migrations.AlterField("decision", "rehearsed", models.CharField(max_length=9, null=True)),
        append_only("ledger_decision", says="a decision is never changed: decide anew"),
    ]
""",
    "reviews": """
from django.db import migrations, models

from evalhub.accounts.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_initial"), ("ledger", "0002_rehearsed")]
    operations = [
        migrations.AddField("judgment", "rehearsed", models.CharField(max_length=8, null=True)),
        migrations.AlterField("judgment", "rehearsed", models.CharField(max_length=9, null=True)),
        append_only("reviews_judgment", says="judgments are added, never changed"),
    ]
""",
}
"""By app, the source of the migration `0002_rehearsed` that the made-up later version adds."""


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="evalhub-homes-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _home() -> Path:
    """A home with the demo's study and its review, decided before and after it, and signed off;
    made once, others are copies of it."""
    done = evalhub("demo", "--no-serve", at=_folder())
    assert done.returncode == 0, done.stderr
    done = call(sys.executable, FINISHED_REVIEW, at=_folder())
    assert done.returncode == 0, done.stderr
    return _folder() / "home"


def a_home(at: Path) -> None:
    """A home below this folder."""
    shutil.copytree(_home(), at / "home")


@cache
def _upgraded_home() -> Path:
    """Such a home that the first command of the later version has upgraded, made once."""
    at = _folder() / "upgraded"
    a_home(at)
    done = evalhub("user", "list", at=at, **of_a_later_version())
    assert done.returncode == 0, done.stderr
    return at / "home"


def an_upgraded_home(at: Path) -> None:
    """A home below this folder that the later version has upgraded, with its backup of before."""
    shutil.copytree(_upgraded_home(), at / "home")


@cache
def a_backup() -> Path:
    """The backup of such a home."""
    _home()
    path = _folder() / "backup.jsonl.gz"
    done = evalhub("backup", path, at=_folder())
    assert done.returncode == 0, done.stderr
    return path


@cache
def all_decisions() -> dict[int, str]:
    """The digests of that home's decisions, by id."""
    _home()
    return decisions(_folder())


@cache
def _later_tree() -> Path:
    """A copy of the source tree, with one more migration in two apps."""
    tree = _folder() / "later"
    for package in ("evalhub", "reviews", "runners"):
        shutil.copytree(ROOT / package, tree / package)
    shutil.copy2(ROOT / "manage.py", tree)
    (tree / "docs").symlink_to(ROOT / "docs")
    for app, source in LATER.items():
        folder = tree / app if app == "reviews" else tree / "evalhub" / app
        path = folder / "migrations" / "0002_rehearsed.py"
        path.write_text(source.lstrip(), encoding="utf-8")
    return tree


def of_a_later_version() -> dict[str, str]:
    """The variables by which a command is that of a made-up later version."""
    tree = _later_tree()
    return {"PYTHONPATH": os.pathsep.join([str(tree), str(tree / "evalhub" / "start")])}


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
