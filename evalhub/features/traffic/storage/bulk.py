"""Many rows written or looked for by one statement, on either database.

On PostgreSQL a column is sent as one array, written as a text here: the driver would take six times
as long (tests/benchmarks/traffic_speed.py), and COPY can't leave out rows that are there already.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from itertools import batched
from typing import Any

from django.db import connection, models

from evalhub.registry.rows import MOST_PARAMETERS

_NUMBERS = {
    "BooleanField": "boolean",
    "FloatField": "double precision",
    "ForeignKey": "bigint",
    "PositiveBigIntegerField": "bigint",
    "PositiveIntegerField": "integer",
    "PositiveSmallIntegerField": "smallint",
}
"""PostgreSQL's types of columns whose values are written without quotes."""

_FROM_TEXT = {
    "BinaryField": "bytea",
    "DateField": "date",
    "DateTimeField": "timestamptz",
    "JSONField": "jsonb",
}
"""And of those that are sent as texts, where PostgreSQL doesn't convert them by itself."""

type Place = tuple[date, str]
"""The day and key of a row, within its project."""


def insert_new(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> set[Place]:
    """Writes the rows whose like isn't there yet, in their order, and gives the places of those.

    Values are as Python has them, JSON is a text. The model has a column `day` and one `key`.
    """
    returned = _write(model, columns, rows, "ON CONFLICT DO NOTHING RETURNING day, key")
    return {(_date(day), key) for day, key in returned}


def write_over(
    model: type[models.Model],
    key: Sequence[str],
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
) -> None:
    """Writes rows, over those that have the same values in the columns of a unique `key`.

    A row has its key's values first, then those of the other columns.
    """
    quote = connection.ops.quote_name
    unique = ", ".join(quote(field.attname) for field in _fields(model, key))
    sets = ", ".join(f"{quote(name)} = EXCLUDED.{quote(name)}" for name in columns)
    end = f"ON CONFLICT ({unique}) DO UPDATE SET {sets}"
    _write(model, [*key, *columns], rows, end)


def change(
    model: type[models.Model], project: int, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Sets these columns in rows that are kept by day. A row has its day and key, then the values.

    One by one by their primary keys: where PostgreSQL thinks that a day has one row, it joins a
    thousand to all of them by comparing each with each, for seconds.
    """
    if not rows:
        return
    quote = connection.ops.quote_name
    sets = ", ".join(f"{quote(field.attname)} = %s" for field in _fields(model, columns))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {quote(model._meta.db_table)} SET {sets} "
            "WHERE project_id = %s AND day = %s AND key = %s",
            [(*map(_plain, values), project, str(day), key) for day, key, *values in rows],
        )


def _write(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]], end: str
) -> list[tuple[Any, ...]]:
    """Runs an INSERT that ends so, and gives the rows that it returns."""
    if not rows:
        return []
    quote = connection.ops.quote_name
    fields = _fields(model, columns)
    names = [quote(field.attname) for field in fields]
    start = f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(names)})"
    values = list(zip(*rows, strict=True))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            kinds = [field.get_internal_type() for field in fields]
            arrays = ", ".join(f"%s::{_NUMBERS.get(kind, 'text')}[]" for kind in kinds)
            casts = [_cast(name, kind) for name, kind in zip(names, kinds, strict=True)]
            cursor.execute(
                f"{start} SELECT {', '.join(casts)} FROM unnest({arrays}) "
                f"AS new ({', '.join(names)}) {end}",
                list(map(_array, values, kinds)),
            )
            return cursor.fetchall() if cursor.description else []
        one = f"({', '.join(['%s'] * len(names))})"
        converted = list(zip(*map(_sqlite_column, values), strict=True))
        returned: list[tuple[Any, ...]] = []
        for some in batched(converted, MOST_PARAMETERS // len(names)):
            parameters = [value for row in some for value in row]
            cursor.execute(f"{start} VALUES {', '.join([one] * len(some))} {end}", parameters)
            returned += cursor.fetchall() if cursor.description else []
        return returned


def plan_by_size() -> None:
    """Until the transaction ends, PostgreSQL plans each statement by how large its tables are now.

    It keeps the plans of statements that come again, and a day begins empty, when any index is as
    good as another.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL plan_cache_mode = force_custom_plan")


def places(
    model: type[models.Model], project: int, day: date, keys: Collection[str]
) -> Iterable[Place]:
    """Those of the keys that the project has on that day, as `OfDaysQuerySet.at` finds them."""
    condition, parameter = one_of("key", keys)
    table = connection.ops.quote_name(model._meta.db_table)
    owner = "+project_id" if connection.vendor == "postgresql" else "project_id"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT key FROM {table} WHERE {owner} = %s AND day = %s AND {condition}",
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


def _fields(model: type[models.Model], names: Sequence[str]) -> list[Any]:
    fields = {field.name: field for field in model._meta.concrete_fields}
    return [fields[name] for name in names]


def _array(values: Sequence[Any], kind: str) -> str:
    """A column of this kind, as PostgreSQL reads it."""
    if kind in _NUMBERS:
        return number_array(values)
    return text_array([f"\\x{v.hex()}" for v in values] if kind == "BinaryField" else values)


def _cast(name: str, kind: str) -> str:
    return f"{name}::{_FROM_TEXT[kind]}" if kind in _FROM_TEXT else name


def _date(day: date | str) -> date:
    return day if isinstance(day, date) else date.fromisoformat(day)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, date) else value


def _sqlite_column(values: Sequence[Any]) -> Sequence[Any]:
    """The values as Django stores them there: a time is a text in UTC, without an offset."""
    if isinstance(next((value for value in values if value is not None), None), datetime):
        return [value and str(value.astimezone(UTC).replace(tzinfo=None)) for value in values]
    if any(isinstance(value, date) for value in values):
        return [value and str(value) for value in values]
    return values
