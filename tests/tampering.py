"""What only somebody with the database's own password can do: change what is append-only.

The product has no way to it. Tests have, for two reasons: to do what such a person would, and to
empty the tables after a test that commits.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Model
from django.test import TransactionTestCase

TRIGGERS = "SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'trigger'"


@contextmanager
def administrator(tables: Collection[str] | None = None) -> Iterator[Callable[..., int]]:
    """Runs SQL while the triggers of these tables sleep, by default of all; each call returns how
    many rows it changed."""
    with transaction.atomic(), connection.cursor() as cursor:

        def sql(statement: str, *values: Any) -> int:
            cursor.execute(statement, values)
            return int(cursor.rowcount)

        triggers: list[tuple[str, str]] = []
        if connection.vendor == "sqlite":
            triggers = [
                (name, made)
                for name, made, table in cursor.execute(TRIGGERS).fetchall()
                if tables is None or table in tables
            ]
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
    """After a test that commits its rows go, without Django's `flush`, which takes much longer."""
    TransactionTestCase._fixture_teardown = lambda self: empty_tables()  # type: ignore[method-assign]


def empty_tables() -> None:
    """What `flush` leaves: nothing, but for what it would write anew from the models themselves."""
    tables = set(connection.introspection.django_table_names(only_existing=True))
    kept = {ContentType._meta.db_table, Permission._meta.db_table}
    if filled := _with_rows(sorted(tables - kept)):
        with administrator(filled) as sql:
            for table in filled:
                sql(f"DELETE FROM {connection.ops.quote_name(table)}")


def _with_rows(tables: list[str]) -> list[str]:
    """Those that aren't empty, asked at once: a test fills a few of a hundred."""
    each = (
        f"SELECT {n} WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})"
        for n, table in enumerate(tables)
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(each))
        return [tables[n] for (n,) in cursor.fetchall()]


def number_anew() -> None:
    """The ids of the next rows begin at 1 again, as `flush` has them."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_by_name_sql(
            no_style(), connection.introspection.sequence_list()
        ):
            cursor.execute(statement)


def rewritten(row: Model, **values: Any) -> None:
    """A row that is only added to, changed all the same."""
    with administrator():
        type(row)._default_manager.filter(pk=row.pk).update(**values)
