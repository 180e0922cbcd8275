"""Tables of PostgreSQL that are kept by day: a partition a day, made ahead, and dropped whole.

Such a table has a column `day` and a partition TABLE_YYYYMMDD for each of its days (UTC). On SQLite
the same tables are plain: there are no days to make or to drop.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from django.db import OperationalError, connection, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython

logger = logging.getLogger(__name__)

PARTITIONS_LOCK = 0x65766164617973  # "evadays"
LOCK_NOT_AVAILABLE = "55P03"
LOCK_WAIT = "3s"
"""How long dropping a day waits for those who read the table: meanwhile nobody can write there."""


def partition_by_day(table: str, key: Sequence[str]) -> RunPython:
    """A migration's operation, after the one that makes the table: on PostgreSQL it is partitioned.

    Its primary key are the columns `key`, of which one is `day`. Indexes are made at the end of a
    migration, and so on the partitioned table.
    """

    def partition(_: object, editor: BaseDatabaseSchemaEditor) -> None:
        if editor.connection.vendor != "postgresql":
            return
        quote = editor.quote_name
        plain, columns = quote(f"{table}_plain"), ", ".join(map(quote, key))
        editor.execute(f"ALTER TABLE {quote(table)} RENAME TO {plain}")
        editor.execute(
            f"CREATE TABLE {quote(table)} (LIKE {plain} INCLUDING DEFAULTS INCLUDING CONSTRAINTS) "
            "PARTITION BY RANGE (day)"
        )
        editor.execute(f"DROP TABLE {plain}")
        editor.execute(f"ALTER TABLE {quote(table)} ADD PRIMARY KEY ({columns})")

    return RunPython(partition, RunPython.noop)


def make_days(tables: Collection[str], days: Collection[date]) -> None:
    """Makes the partitions of these days that aren't there yet. Writers of other days don't wait.

    A partition is made as a table and then attached, which readers and writers don't notice;
    CREATE TABLE … PARTITION OF would wait for all of them.
    """
    if connection.vendor != "postgresql":
        return
    partitions = {_name(table, day): (table, day) for table in tables for day in days}
    if not _missing(partitions):
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PARTITIONS_LOCK])
        for name in _missing(partitions):
            table, day = partitions[name]
            new, parent = map(connection.ops.quote_name, (name, table))
            cursor.execute(f"CREATE TABLE {new} (LIKE {parent} INCLUDING ALL)")
            cursor.execute(
                f"ALTER TABLE {parent} ATTACH PARTITION {new} "
                f"FOR VALUES FROM ('{day}') TO ('{day + timedelta(days=1)}')"
            )


def drop_days(table: str, *, before: date) -> int:
    """Drops the partitions of days before that one; how many. On SQLite there are none.

    A day that others read for longer than LOCK_WAIT stays until the next call.
    """
    if connection.vendor != "postgresql":
        return 0
    quote = connection.ops.quote_name
    dropped = 0
    for day in sorted(day for day in days_of(table) if day < before):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
                cursor.execute(f"DROP TABLE IF EXISTS {quote(_name(table, day))}")
                cursor.execute("SET LOCAL lock_timeout = DEFAULT")
            dropped += 1
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") != LOCK_NOT_AVAILABLE:
                raise
            logger.warning("%s of %s can't be dropped yet: %s", day, table, error)
    return dropped


def is_partitioned(table: str) -> bool:
    """Whether the table's rows are in partitions."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(%s)", [table])
        row = cursor.fetchone()
    return bool(row and row[0])


def days_of(table: str) -> list[date]:
    """The days that have a partition, ascending."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = to_regclass(%s) ORDER BY 1",
            [table],
        )
        names = [name for (name,) in cursor.fetchall()]
    return [datetime.strptime(name.rpartition("_")[2], "%Y%m%d").date() for name in names]


def _name(table: str, day: date) -> str:
    return f"{table}_{day:%Y%m%d}"


def _missing(names: Collection[str]) -> list[str]:
    """Read from the catalogue itself: `to_regclass` may remember that a table wasn't there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) AS name WHERE NOT EXISTS "
            "(SELECT FROM pg_class WHERE relname = name AND pg_table_is_visible(oid))",
            [sorted(names)],
        )
        return [name for (name,) in cursor.fetchall()]
