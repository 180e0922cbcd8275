"""A database made again from a backup, on SQLite or PostgreSQL, whichever it came from."""

import gzip
import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import batched
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.color import no_style
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.executor import MigrationExecutor

from evalhub.database.backup import FORMAT, Backup
from evalhub.database.partitions import is_partitioned, make_days
from evalhub.database.rows import columns, instance, stored_models
from evalhub.database.version import check_released, digest

LEDGER = "ledger.ledger"
LONGEST_LINE = 256 * 2**20
BATCH = 500


class RestoreError(Exception):
    """A file that isn't a whole backup, or that can't be put here; nothing was changed."""


def restore(
    path: Path,
    *,
    name: str = "",
    ledger: UUID | None = None,
    prepare: Callable[[], bool] = lambda: False,
) -> Backup:
    """Makes the tables as they were when the backup was written and fills them, all or nothing.

    The caller brings them up to date after. `name` is what errors call the file; `ledger` is the id
    that the home's ledger gets in place of the backup's, where that has one. `prepare` makes this
    version's tables at once, without migrations, or says that it can't here.

    Raises:
        RestoreError: the file isn't a whole backup, or a later version's, or there is data here.
        evalhub.database.version.OtherVersionError: it is from before the first release.
    """
    name = name or str(path)
    header, count = _checked(path, name)
    applied = {(str(app), str(migration)) for app, migration in header["migrations"]}
    check_released(applied, name)
    executor = MigrationExecutor(connection)
    unknown = sorted(applied - set(executor.loader.graph.nodes))
    if unknown or header["tables"] != digest(applied):
        raise RestoreError(
            f"{name} was written by Evalhub {header['version']}, whose tables this version doesn't "
            "know: restore it with that version or a later one"
        )
    check_fresh()
    if header["tables"] != digest() or not prepare():
        executor.migrate(_last_of(executor, applied))
    kept = stored_models(connection, applied)
    try:
        with transaction.atomic():
            parent = _load(path, name, kept, ledger)
            connection.check_constraints()
            for statement in connection.ops.sequence_reset_sql(no_style(), list(kept.values())):
                with connection.cursor() as cursor:
                    cursor.execute(statement)
    except (DatabaseError, ValidationError, ValueError, KeyError) as error:
        raise RestoreError(f"{name} holds a row that can't be stored: {error}") from error
    with path.open("rb") as file:
        return Backup(path, hashlib.file_digest(file, "sha256").hexdigest(), count, parent)


def check_fresh() -> None:
    """Raises RestoreError where there is data in this database."""
    if not _is_fresh():
        raise RestoreError(
            "this database holds data, and a backup is restored into a fresh one only: give "
            "another --home, or an empty database as EVALHUB_DATABASE_URL"
        )


def _lines(path: Path, name: str) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as file:
            while line := file.readline(LONGEST_LINE):
                yield line
    except FileNotFoundError as error:
        raise RestoreError(f"there is no file {name}") from error
    except (OSError, EOFError, zlib.error) as error:
        raise RestoreError(f"{name} isn't a whole backup: {error}") from error


def _checked(path: Path, name: str) -> tuple[dict[str, Any], Counter[str]]:
    """The header and the number of rows, once the whole file has been read."""
    sha256, count, header, last = hashlib.sha256(), Counter[str](), None, None
    for number, line in enumerate(_lines(path, name), 1):
        if last is not None:
            raise RestoreError(f"{name}, line {number}: a backup ends before")
        try:
            value = json.loads(line)
        except ValueError as error:
            raise RestoreError(f"{name}, line {number}: is no JSON: {error}") from error
        if header is None:
            if not isinstance(value, dict) or value.get("format") != FORMAT:
                raise RestoreError(f"{name} isn't a backup of Evalhub ({FORMAT})")
            header = value
        elif isinstance(value, dict):
            last = value
            continue
        else:
            count[value[0]] += 1
        sha256.update(line)
    if header is None or last is None:
        raise RestoreError(f"{name} isn't a whole backup: its last line is missing")
    if last != {"rows": count.total(), "sha256": sha256.hexdigest()}:
        raise RestoreError(
            f"{name} was changed since it was written: its SHA-256 isn't the one said"
        )
    return header, count


def _is_fresh() -> bool:
    """Whether no table of ours has a row: a restore that was interrupted may go on."""
    for name in connection.introspection.table_names():
        if name.startswith(("django_", "auth_")):
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(name)} LIMIT 1")
            if cursor.fetchone():
                return False
    return True


def _last_of(
    executor: MigrationExecutor, applied: set[tuple[str, str]]
) -> list[tuple[str, str | None]]:
    """Of each app the migrations that no other applied one of it builds on."""
    nodes = executor.loader.graph.node_map
    return [
        key
        for key in sorted(applied)
        if not any(child.key in applied and child.key[0] == key[0] for child in nodes[key].children)
    ]


def _load(path: Path, name: str, kept: dict[str, type[models.Model]], ledger: UUID | None) -> str:
    """Fills the tables, and gives the id of the backup's ledger; "" where it has none."""
    parent = ""
    for model in kept.values():
        for field in columns(model):
            if isinstance(field, models.DateField):  # would put in the moment of the restore
                field.auto_now = field.auto_now_add = False
        # what a migration has put there is in the backup, too
        model._base_manager.all().delete()
    by_day = {table for model in kept.values() if is_partitioned(table := model._meta.db_table)}
    for batch in batched((json.loads(line) for line in _lines(path, name)), BATCH):
        found: dict[str, list[models.Model]] = {}
        for value in batch:
            if isinstance(value, list):
                label, row = cast(tuple[str, list[Any]], value)
                loaded = instance(kept[label], row)
                if label == LEDGER:
                    own: UUID = loaded.name  # type: ignore[attr-defined]
                    parent, loaded.name = own.hex, ledger or own  # type: ignore[attr-defined]
                found.setdefault(label, []).append(loaded)
        for label, objects in found.items():
            if kept[label]._meta.db_table in by_day:
                days = {instance.day for instance in objects}  # type: ignore[attr-defined]
                make_days([kept[label]._meta.db_table], days)
            kept[label]._base_manager.bulk_create(objects)
    return parent
