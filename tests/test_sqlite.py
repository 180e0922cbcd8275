"""What SQLite is asked for on every connection."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

FULL = 2


def synchronous() -> int:
    """How this thread's connection to the database writes: 2 waits for the disk."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous")
            return int(cursor.fetchone()[0])
    finally:
        connection.close()


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a PRAGMA is SQLite's")
@pytest.mark.django_db(transaction=True)
def test_a_commit_waits_for_the_disk_on_every_connection() -> None:
    assert synchronous() == FULL
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(synchronous).result() == FULL
