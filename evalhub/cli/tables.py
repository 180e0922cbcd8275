"""The database's tables: made once, by one process, and checked by every command.

A fresh SQLite database is not migrated but filled from `empty.sql`, which `.ci/tables.py` writes
from a migrated one; that takes 20 ms in place of two seconds. A row of django_migrations names
the digest of the migrations that made the tables, so that a command checks one row and
a database of another version is recognised.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from evalhub.files.private import make_private_file

EMPTY = Path(__file__).with_name("empty.sql")
APP = "evalhub"  # of the row that holds the digest; no Django app has this label
LOCK_S = 120
ADVISORY_LOCK = 0x6576616C687562  # "evalhub"


class OtherVersionError(Exception):
    """The database was made by another version of Evalhub."""

    def __init__(self) -> None:
        super().__init__(
            f"the database at {place()} was made by another version of Evalhub, whose tables "
            "differ. Nothing was changed. Keep that version for it, or start anew: another "
            f"{'--home' if connection.vendor == 'sqlite' else 'EVALHUB_DATABASE_URL'}"
        )


def make_tables() -> None:
    """Makes the tables where there are none; of several processes at once, one does.

    Raises:
        OtherVersionError: there are tables of another version. They are left alone.
    """
    if connection.vendor == "sqlite":
        make_private_file(Path(place()))
    if made():
        return
    with _lock():
        if made():
            return
        if connection.introspection.table_names() or not _filled_from_script():
            # also goes on where a process was interrupted, or where manage.py migrated
            call_command("migrate", verbosity=0, interactive=False)
            MigrationRecorder(connection).record_applied(APP, digest())


def made() -> bool:
    """Whether the tables are there. Raises OtherVersionError."""
    if "django_migrations" not in connection.introspection.table_names():
        return False
    rows = MigrationRecorder.Migration.objects.using(connection.alias).filter(app=APP)
    found = rows.values_list("name", flat=True).first()
    if found is None:
        loader = MigrationLoader(connection)
        # another process may have recorded our own row since
        applied = {key for key in loader.applied_migrations if key[0] != APP}
        if applied - set(loader.graph.nodes):
            raise OtherVersionError
        return False
    if found != digest():
        raise OtherVersionError
    return True


def place() -> str:
    """The database's host or file, without its password."""
    return str(connection.settings_dict["HOST"] or connection.settings_dict["NAME"])


def digest() -> str:
    """SHA-256, shortened, over the sources of all installed apps' migrations."""
    sources = hashlib.sha256()
    for config in apps.get_app_configs():
        for path in sorted(Path(config.path).glob("migrations/[0-9]*.py")):
            sources.update(f"{config.label}/{path.name}\n".encode())
            sources.update(path.read_bytes())
    return f"tables-{sources.hexdigest()[:24]}"


def _filled_from_script() -> bool:
    """Fills an empty SQLite database, whole or not at all, where the script is up to date."""
    first, script = EMPTY.read_text(encoding="utf-8").split("\n", 1)
    if connection.vendor != "sqlite" or first != f"-- {digest()}":
        return False
    connection.ensure_connection()
    connection.connection.executescript(f"BEGIN IMMEDIATE;\n{script}COMMIT;")
    return True


@contextmanager
def _lock() -> Iterator[None]:
    """Held by one process at a time. It ends with the process, however that ends."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])
        return
    make_private_file(settings.HOME / "setup.lock")
    with closing(sqlite3.connect(settings.HOME / "setup.lock", timeout=LOCK_S)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield
