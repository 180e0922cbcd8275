"""SQLite's file made beside where it goes, and put there whole: who is killed leaves nothing."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection

from evalhub.io.private import make_private_file

BESIDE = ("", "-wal", "-shm", "-journal")


@contextmanager
def new_file() -> Iterator[None]:
    """Meanwhile the connection is to a new, empty file, which then takes the database's place: by
    one rename where there was no file, else as one transaction of the file that is there, for
    whoever has it open. Where the block raises there is nothing left of it.

    For one process at a time; what a killed one has left is taken away first.
    """
    name = connection.settings_dict["NAME"]
    file = Path(name)
    part = file.with_name(f"{file.name}.new")
    _remove(part)
    make_private_file(part)
    connection.close()
    connection.settings_dict["NAME"] = part
    try:
        yield
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        connection.settings_dict["NAME"] = name
        _put(part, file)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
        _remove(part)


def _put(part: Path, file: Path) -> None:
    with part.open("rb") as written:
        os.fsync(written.fileno())
    if not file.exists() or file.stat().st_size == 0:
        for suffix in BESIDE[1:]:  # of a file that was emptied
            file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)
        os.replace(part, file)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return
    with closing(sqlite3.connect(part)) as source, closing(sqlite3.connect(file)) as target:
        source.backup(target)


def _remove(part: Path) -> None:
    for suffix in BESIDE:
        part.with_name(f"{part.name}{suffix}").unlink(missing_ok=True)
