"""Databases with this version's tables: what `evalhub migrate` does, for tests and benchmarks."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

EVALHUB = Path(sys.executable).with_name("evalhub")


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


def set_up_migrated() -> None:
    """Django for this process, with its home and the tables of its database."""
    from evalhub.frames.command.setup import set_up_home

    set_up_home()
    from evalhub.database.tables import make_tables

    make_tables()
