"""Erased texts must be gone from the database's own files too."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def leaving_nothing() -> Iterator[None]:
    """After the block, what it deleted or wrote over is in no file of a SQLite database.

    It takes the write lock for a while, and free space for a second copy of the database. On
    PostgreSQL the rows that were go with its next VACUUM.
    """
    with secure_delete():
        yield
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:  # what earlier writes freed may hold it too
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def secure_delete() -> Iterator[None]:
    """In the block, SQLite writes zeros over what is deleted; afterwards it does as it did before,
    which differs from build to build."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete")
        [usual] = cursor.fetchone()
        cursor.execute("PRAGMA secure_delete = ON")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA secure_delete = {usual}")
