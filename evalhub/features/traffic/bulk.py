"""Many rows written or looked for by one statement, on either database.

On PostgreSQL a column is sent as one array, written as a text here: the driver would take six times
as long (tests/benchmarks/traffic_speed.py), and COPY can't leave out rows that are there already.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, models

from evalhub.registry.rows import insert

_NUMBERS = {
    "BigIntegerField": "bigint",
    "BooleanField": "boolean",
    "FloatField": "double precision",
    "ForeignKey": "bigint",
    "PositiveIntegerField": "integer",
}
"""PostgreSQL's types of columns whose values are written without quotes."""

_FROM_TEXT = {"DateField": "date", "DateTimeField": "timestamptz", "JSONField": "jsonb"}
"""And of those that are sent as texts, where PostgreSQL doesn't convert them by itself."""

type Place = tuple[date, str]
"""The day and key of a row, within its project."""


def insert_new(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> set[Place]:
    """Writes the rows whose like isn't there yet, in their order, and gives the places of those.

    Values are as Python has them, JSON is a text. The model has a column `day` and one `key`.
    """
    if not rows:
        return set()
    fields = [model._meta.get_field(name) for name in columns]
    names = [str(field.attname) for field in fields]  # type: ignore[union-attr]
    values = list(zip(*rows, strict=True))
    if connection.vendor != "postgresql":
        converted = map(_sqlite_column, values)
        returned = insert(
            model, names, list(zip(*converted, strict=True)), returning=("day", "key")
        )
        return {(date.fromisoformat(str(day)), key) for day, key in returned}
    quote = connection.ops.quote_name
    kinds = [field.get_internal_type() for field in fields]
    arrays = ", ".join(f"%s::{_NUMBERS.get(kind, 'text')}[]" for kind in kinds)
    into, casts = ", ".join(map(quote, names)), ", ".join(map(_cast, names, kinds))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(model._meta.db_table)} ({into}) "
            f"SELECT {casts} FROM unnest({arrays}) AS new ({into}) "
            "ON CONFLICT DO NOTHING RETURNING day, key",
            [
                number_array(column) if kind in _NUMBERS else text_array(column)
                for kind, column in zip(kinds, values, strict=True)
            ],
        )
        return set(cursor.fetchall())


def places(
    model: type[models.Model], project: int, day: date, keys: Collection[str]
) -> Iterable[Place]:
    """Those of the keys that the project has on that day."""
    condition, parameter = one_of("key", keys)
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT key FROM {table} WHERE project_id = %s AND day = %s AND {condition}",
            [project, str(day), parameter],
        )
        return [(day, key) for (key,) in cursor.fetchall()]


def one_of(column: str, texts: Iterable[str]) -> tuple[str, str]:
    """A condition that a column is one of these texts, and its one parameter."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s::text[])", text_array(tuple(texts))
    return f"{column} IN (SELECT value FROM json_each(%s))", json.dumps(list(texts))


def text_array(values: Sequence[Any]) -> str:
    """An array of texts, or of what is written as a text, as PostgreSQL reads it.

    Raises ValueError where a text has a NUL character, which PostgreSQL stores nowhere.
    """
    if not values:
        return "{}"
    if None in values:
        return (
            "{" + ",".join(["NULL" if v is None else text_array((v,))[1:-1] for v in values]) + "}"
        )
    joined = "\0".join(map(str, values))
    if joined.count("\0") != len(values) - 1:
        raise ValueError("a text has a NUL character")
    return '{"' + joined.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","') + '"}'


def number_array(values: Sequence[Any]) -> str:
    """An array of numbers or truth values, as PostgreSQL reads it."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def _cast(name: str, kind: str) -> str:
    quoted = connection.ops.quote_name(name)
    return f"{quoted}::{_FROM_TEXT[kind]}" if kind in _FROM_TEXT else quoted


def _sqlite_column(values: Sequence[Any]) -> Sequence[Any]:
    """The values as Django stores them there: a time is a text in UTC, without an offset."""
    if isinstance(values[0], datetime):
        return [str(value.astimezone(UTC).replace(tzinfo=None)) for value in values]
    if any(isinstance(value, date) for value in values):
        return [value and str(value) for value in values]
    return values
