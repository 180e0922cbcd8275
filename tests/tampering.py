"""What only somebody with the database's own password can do: change what is append-only.

The product has no way to it. Tests have, for two reasons: to do what such a person would, and to
empty the tables after a test that commits.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.models import Model

TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"


@contextmanager
def administrator() -> Iterator[Callable[..., int]]:
    """Runs SQL while the triggers sleep; each call returns how many rows it changed."""
    with transaction.atomic(), connection.cursor() as cursor:

        def sql(statement: str, *values: Any) -> int:
            cursor.execute(statement, values)
            return int(cursor.rowcount)

        triggers: list[tuple[str, str]] = []
        if connection.vendor == "sqlite":
            triggers = cursor.execute(TRIGGERS).fetchall()
            for name, _ in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
        else:
            cursor.execute("SET LOCAL session_replication_role = replica")
        yield sql
        for _, made in triggers:
            cursor.execute(made)
        if connection.vendor != "sqlite":
            cursor.execute("SET LOCAL session_replication_role = origin")


def let_tests_flush() -> None:
    BaseDatabaseOperations.execute_sql_flush = _flush  # type: ignore[method-assign]


def _flush(self: BaseDatabaseOperations, sql_list: Sequence[str]) -> None:
    with administrator() as sql:
        for each in sql_list:
            sql(each)


def rewritten(row: Model, **values: Any) -> None:
    """A row that is only added to, changed all the same."""
    with administrator():
        type(row)._default_manager.filter(pk=row.pk).update(**values)
