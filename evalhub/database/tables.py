"""The database's tables: made once, by one process, checked by every command, kept up to date.

On SQLite any command does so. PostgreSQL's tables belong to several processes, maybe of several
versions: `evalhub migrate` alone changes them (docs/explanation/decisions/migrate.md).

A fresh SQLite database is not migrated but filled from `empty.sql`, which `.ci/tables.py` writes
from a migrated one; that takes 20 ms in place of two seconds. So is one that a backup of this
version is restored into. A row of django_migrations names the digest of the migrations that made
the tables, so that a command checks one row. A database whose row is the digest of the first of
our migrations is an earlier version's: it is backed up and migrated. Any other is a later
version's, or nobody's, and is left alone. So is one from before the first release: nothing
converts its tables (docs/explanation/decisions/migrate.md).
"""

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from evalhub.database.damage import DamagedDatabaseError, check_tables, is_damage
from evalhub.database.new_file import new_file
from evalhub.database.rows import OUR_ROW
from evalhub.database.version import OtherVersionError, check_released, digest
from evalhub.io.private import make_private_file

if TYPE_CHECKING:
    from evalhub.database.backup import Backup

EMPTY = Path(__file__).with_name("empty.sql")
LOCK_S = 120
ADVISORY_LOCK = 0x6576616C687562  # "evalhub"


class Tables(StrEnum):
    """What there is in a database."""

    MISSING = "not made yet, or not to the end"
    EARLIER = "an earlier version's"
    OURS = "ours"


class TablesNotReadyError(Exception):
    """The tables aren't this version's yet, and this command doesn't change them."""

    def __init__(self, state: Tables) -> None:
        self.what = f"the tables of the database at {place()} are {state}"
        super().__init__(
            f"{self.what}. Nothing was changed: only `evalhub migrate` makes tables and brings "
            "them up to date. `evalhub migrate --dry-run` says what it would do"
        )


def changes_by_itself() -> bool:
    """Whether any command makes the tables and brings them up to date: so it is on SQLite."""
    return connection.vendor == "sqlite"


def prepare_tables() -> None:
    """What a command does that uses the database: makes SQLite's tables or brings them up to date
    (`make_tables`), and of PostgreSQL's looks whether they are this version's.

    Raises:
        TablesNotReadyError: `evalhub migrate` has still to make or to change them.
        and what `make_tables` raises.
    """
    if changes_by_itself():
        make_tables()
    elif (state := tables()) is not Tables.OURS:
        raise TablesNotReadyError(state)


def make_tables(*, back_up: Callable[[], Path | None] | None = None) -> bool:
    """Makes the tables where there are none, and brings an earlier version's up to date, after a
    backup. Of several processes at once, one does; whether it was this one.

    Args:
        back_up: writes the backup of an earlier version's database and gives its path, or None
            where it writes none; without it a backup is written into the home.

    Raises:
        OtherVersionError: there are tables of another version, or from before the first release.
            They are left alone.
        evalhub.database.damage.DamagedDatabaseError: what is there isn't what was.
        evalhub.database.backup.BackupError: the backup can't be written. Nothing was changed.
        OperationalError: the database can't be used, or not written.
    """
    if connection.vendor == "sqlite":
        check_writable()
        if not Path(place()).exists() and _make_file():
            return True
    if tables() is Tables.OURS:
        return False
    with one_at_a_time():
        found = tables()
        if found is Tables.OURS:
            return False
        if found is Tables.EARLIER:
            _upgrade(back_up)
        else:  # also goes on where a process was interrupted, or where manage.py migrated
            _migrate()
    return True


def _make_file() -> bool:
    """A fresh home's: it is there whole or not at all, so that one without tables isn't ours.
    Whether it was made here."""
    with one_at_a_time():
        if Path(place()).exists():
            return False
        with new_file():
            if not _filled_from_script():
                _migrate()
    return True


def check_writable() -> None:
    """Raises OperationalError, with the path, where SQLite's file or its folder can't be written:
    even reading writes beside the file."""
    if connection.vendor == "sqlite":
        check_home_writable()
        file = Path(place())
        if file.exists() and not os.access(file, os.R_OK | os.W_OK):
            raise OperationalError(f"{file} can't be read and written by this user")


def check_home_writable() -> None:
    """Raises OperationalError where nothing can be written in the home."""
    if not os.access(settings.HOME, os.R_OK | os.W_OK | os.X_OK):
        raise OperationalError(
            f"nothing can be written in {settings.HOME}: it is read-only, or not this user's"
        )


def tables() -> Tables:
    """What there is. Raises OtherVersionError and DamagedDatabaseError."""
    try:
        return _tables()
    except DatabaseError as error:
        if not is_damage(error):
            raise
        raise DamagedDatabaseError(f"the database is damaged: {error}") from error


def _tables() -> Tables:
    if connection.vendor == "sqlite" and Path(place()).exists() and not _is_there():
        # before a connection writes its first page into it
        raise DamagedDatabaseError(f"the database is damaged: {place()} is empty")
    names = connection.introspection.table_names()
    if "django_migrations" not in names:
        if connection.vendor != "sqlite":
            return Tables.MISSING
        raise DamagedDatabaseError(
            "the database is damaged: its table django_migrations is gone"
            if names
            else f"the database is damaged: {place()} is empty"
        )
    recorded_digest = _recorded_digest()
    if recorded_digest == digest():
        check_tables(names)
        return Tables.OURS
    recorded = MigrationRecorder(connection).applied_migrations()
    # another process may have recorded our own row since
    applied = {key for key in recorded if key[0] != OUR_ROW}
    check_released(applied, f"the database at {place()}")
    if applied - set(MigrationLoader(connection).graph.nodes):
        raise OtherVersionError(_made_by_another())
    if recorded_digest is None:
        return Tables.MISSING
    if recorded_digest != digest(applied):
        raise OtherVersionError(_made_by_another())
    return Tables.EARLIER


def _recorded_digest() -> str | None:
    """By the row that lets every command use these tables; None without it."""
    rows = MigrationRecorder.Migration.objects.using(connection.alias).filter(app=OUR_ROW)
    return rows.values_list("name", flat=True).first()


def _made_by_another() -> str:
    return (
        f"the database at {place()} was made by another version of Evalhub, whose tables this "
        "one doesn't know. Nothing was changed. Use the version that made it or a later one; a "
        "backup from before an upgrade is read by `evalhub restore`, in a fresh "
        f"{'--home' if connection.vendor == 'sqlite' else 'EVALHUB_DATABASE_URL'}"
    )


def restore_tables(path: Path, *, name: str = "") -> "Backup":
    """Restores the tables of a backup, and upgrades them if an earlier version wrote it.

    SQLite's is made in a file of its own and put in place whole. The site's messages are held
    before any process can use it, and its ledger begun anew: it may be a copy beside the site that
    it came from. `name` is what errors call the backup, where that isn't its path.

    Raises:
        evalhub.database.restore.RestoreError: nothing was changed then.
        OtherVersionError: the backup is from before the first release. Nothing was changed.
    """
    from evalhub.accounts.outgoing import hold_messages
    from evalhub.database.restore import check_fresh, restore
    from evalhub.ledger.chain.restored import note_restore

    with one_at_a_time():
        if connection.vendor == "sqlite" and _is_there():
            try:
                check_fresh()
            except DatabaseError as error:
                raise DamagedDatabaseError(f"the database is damaged: {error}") from error
        with new_file() if connection.vendor == "sqlite" else nullcontext():
            restored = restore(path, name=name, ledger=uuid4(), prepare=_filled_from_script)
            if _recorded_digest() != digest():
                call_command("migrate", verbosity=0, interactive=False)
            note_restore(restored.ledger)
            hold_messages(why="restored from a backup")
            _record_tables()
    return restored


def _is_there() -> bool:
    """Whether there is a file of SQLite's that isn't empty."""
    return Path(place()).exists() and Path(place()).stat().st_size > 0


def place() -> str:
    """The database's host or file, without its password."""
    return str(connection.settings_dict["HOST"] or connection.settings_dict["NAME"])


def _filled_from_script() -> bool:
    """Fills an empty SQLite database, whole or not at all, where the script is up to date."""
    first, script = EMPTY.read_text(encoding="utf-8").split("\n", 1)
    if connection.vendor != "sqlite" or first != f"-- {digest()}":
        return False
    connection.ensure_connection()
    connection.connection.executescript(f"BEGIN IMMEDIATE;\n{script}COMMIT;")
    return True


def _migrate() -> None:
    call_command("migrate", verbosity=0, interactive=False)
    _record_tables()


def _record_tables() -> None:
    """The row that lets every command use these tables."""
    recorder = MigrationRecorder(connection)
    recorder.migration_qs.filter(app=OUR_ROW).delete()
    recorder.record_applied(OUR_ROW, digest())


def _upgrade(back_up: Callable[[], Path | None] | None) -> None:
    """A backup first; then, should the process end in the middle, the next one goes on."""
    from evalhub.database.backup import backup_before_upgrade

    backup = (back_up or backup_before_upgrade)()
    as_it_was = f"as they were, they are in {backup}" if backup else "no backup was asked for"
    sys.stderr.write(f"evalhub: the tables are brought up to date; {as_it_was}\n")
    MigrationRecorder(connection).migration_qs.filter(app=OUR_ROW).delete()
    _migrate()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Held by one process at a time. It ends with the process, however that ends."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK])
            if not cursor.fetchone()[0]:
                sys.stderr.write(
                    "evalhub: another process changes the tables just now; this waits for it\n"
                )
                cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
            try:
                yield
            finally:
                if connection.connection is not None:  # who closed it has let go of the lock
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])
        return
    make_private_file(settings.HOME / "setup.lock")
    with closing(sqlite3.connect(settings.HOME / "setup.lock", timeout=LOCK_S)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield
