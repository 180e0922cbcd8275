"""Can the database be written right now? One row is written and taken back."""

import os
import tempfile
from pathlib import Path

from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from evalhub.database.rows import OUR_ROW

WAIT_S = 2
BUSY = 5
"""SQLite's result code SQLITE_BUSY."""
_LOCK_NOT_AVAILABLE = "55P03"
_BLOCK = b"\0" * 4096


def try_write() -> None:
    """Writes a row of django_migrations as it is, and rolls back; beside SQLite's file it writes a
    block to the disk too, which a rollback wouldn't.

    Who writes just now isn't waited for longer than WAIT_S: that shows that it can be written.

    Raises:
        DatabaseError: it can't; says why.
    """
    if connection.vendor == "sqlite":
        _write_beside(Path(connection.settings_dict["NAME"]))
    usual_ms = int(connection.settings_dict["OPTIONS"].get("timeout", 5) * 1000)
    try:
        _wait_at_most(WAIT_S * 1000)
        with transaction.atomic():
            if connection.vendor != "sqlite":
                _wait_at_most(WAIT_S * 1000)
            rows = MigrationRecorder(connection).migration_qs.filter(app=OUR_ROW)
            rows.update(app=OUR_ROW)
            transaction.set_rollback(True)
    except OperationalError as error:
        if not _somebody_writes(error):
            raise
    finally:
        if connection.vendor == "sqlite" and connection.connection is not None:
            _wait_at_most(usual_ms)


def _wait_at_most(ms: int) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"PRAGMA busy_timeout = {ms}")
        elif connection.in_atomic_block:
            cursor.execute(f"SET LOCAL lock_timeout = {ms}")


def _somebody_writes(error: OperationalError) -> bool:
    code = getattr(error.__cause__, "sqlite_errorcode", 0)
    return code & 0xFF == BUSY or getattr(error.__cause__, "sqlstate", "") == _LOCK_NOT_AVAILABLE


def _write_beside(file: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=file.parent) as block:
            block.write(_BLOCK)
            block.flush()
            os.fsync(block.fileno())
    except OSError as error:
        raise DatabaseError(f"nothing can be written in {file.parent}: {error.strerror}") from error
