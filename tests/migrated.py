"""Databases with this version's tables: what `evalhub migrate` does, for tests and benchmarks."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

EVALHUB = Path(sys.executable).with_name("evalhub")
TEMPLATE = "evalhub_template"


def migrated(url: str) -> str:
    """The same URL, once `evalhub migrate` has made the tables of that empty database."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("EVALHUB_", "DJANGO_"))}
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [EVALHUB, "migrate"],
            env=plain | {"EVALHUB_HOME": home, "EVALHUB_DATABASE_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return url


def a_migrated_database(server: str, name: str) -> str:
    """The URL of a new database of that PostgreSQL with this version's tables.

    The first is made by `evalhub migrate`, and each is a copy of it: that takes a second in place
    of ten.
    """
    with psycopg.connect(server, autocommit=True) as opened:
        there = opened.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE])
        if there.fetchone() is None:
            opened.execute(f"CREATE DATABASE {TEMPLATE}_begun")
            migrated(_of(server, f"{TEMPLATE}_begun"))
            opened.execute(f"ALTER DATABASE {TEMPLATE}_begun RENAME TO {TEMPLATE}")
        opened.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    return _of(server, name)


def _of(server: str, name: str) -> str:
    return server.replace("/postgres?", f"/{name}?")


def set_up_migrated() -> None:
    """Django for this process, with its home and the tables of its database."""
    from evalhub.frames.command.setup import set_up_home

    set_up_home()
    from evalhub.database.tables import make_tables

    make_tables()
