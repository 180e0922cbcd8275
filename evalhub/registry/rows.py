"""Many rows written by one statement, without Django's pass over every field of each."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, models

from evalhub.io.row_counts import ROW_COUNTS

MOST_PARAMETERS = 30_000
"""Of one statement; SQLite and PostgreSQL take about that many."""


def insert(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    returning: Sequence[str],
) -> list[tuple[Any, ...]]:
    """Writes rows of values as the database takes them (JSON as text); columns that aren't named
    get the database's default.

    A row whose like is there already is left out, and nothing is returned for it. Returns these
    columns of each row that was written, in any order.
    """
    quote = connection.ops.quote_name
    at_a_time = MOST_PARAMETERS // len(columns)
    start = f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(map(quote, columns))}) VALUES "
    one = f"({', '.join(['%s'] * len(columns))})"
    end = f" ON CONFLICT DO NOTHING RETURNING {', '.join(map(quote, returning))}"
    written: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        for first in range(0, len(rows), at_a_time):
            some = rows[first : first + at_a_time]
            parameters = [value for row in some for value in row]
            cursor.execute(start + ", ".join([one] * len(some)) + end, parameters)
            written += cursor.fetchall()
            ROW_COUNTS.written += len(some)
    return written


def update(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Sets these columns of rows that are there. A row of values ends with its primary key."""
    quote = connection.ops.quote_name
    sets = ", ".join(f"{quote(column)} = %s" for column in columns)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {quote(model._meta.db_table)} SET {sets} WHERE id = %s",
            rows,
        )
