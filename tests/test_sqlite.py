"""What the site asks of SQLite on every connection."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import connection
from django.db.backends.sqlite3.base import DatabaseWrapper

from evalhub.accounts.leaving_nothing import leaving_nothing, secure_delete
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


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a PRAGMA is SQLite's")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("block", [secure_delete, leaving_nothing])
@pytest.mark.parametrize("usual", [0, 1])
def test_what_is_deleted_is_written_over_and_afterwards_all_is_as_usual(
    block: Callable[[], AbstractContextManager[None]], usual: int
) -> None:
    def pragma(value: str = "") -> int:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA secure_delete{value}")
            return int(cursor.fetchone()[0])

    before = pragma()
    pragma(f" = {usual}")
    with block():
        assert pragma() == 1
    assert pragma() == usual
    pragma(f" = {before}")
