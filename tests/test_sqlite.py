"""What the site asks of SQLite on every connection."""

import pytest
from django.db import connection
from django.db.backends.sqlite3.base import DatabaseWrapper

from evalhub.settings import DATABASES

FULL = 2


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a PRAGMA is SQLite's")
@pytest.mark.django_db(transaction=True)
def test_a_commit_waits_for_the_disk_on_every_connection() -> None:
    """By the site's own options; the tests' connections don't wait."""
    options = {"OPTIONS": DATABASES["default"]["OPTIONS"]}
    for _ in range(2):
        opened = DatabaseWrapper(connection.settings_dict | options, alias="site")
        with opened.cursor() as cursor:
            cursor.execute("PRAGMA synchronous")
            assert cursor.fetchone()[0] == FULL
        opened.close()
