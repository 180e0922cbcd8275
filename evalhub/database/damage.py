"""Damaged databases: reported with what to do, never silently created again."""

from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection

CORRUPT, NOT_A_DATABASE = 11, 26
"""SQLite's result codes SQLITE_CORRUPT and SQLITE_NOTADB; extended codes have more bits."""
NAMED = 5


class DamagedDatabaseError(Exception):
    """The database isn't what it was: says what is wrong, and how a backup is restored."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what}. Nothing was changed. {how_to_restore()}")


def how_to_restore() -> str:
    """What to do about a damaged database, with this home's own paths."""
    if connection.vendor != "sqlite":
        return (
            "Restore a backup: `evalhub restore BACKUP`, with a fresh database as "
            "EVALHUB_DATABASE_URL."
        )
    file = Path(connection.settings_dict["NAME"])
    return (
        f"Restore a backup: move {file} and what is beside it ({file.name}-wal, {file.name}-shm) "
        f"to another folder, then `evalhub restore BACKUP`. Backups from before upgrades are in "
        f"{Path(settings.HOME) / 'backups'}. Where this home was never used, delete the file."
    )


def is_damage(error: DatabaseError) -> bool:
    """Whether SQLite says that its file is damaged, or none of its own."""
    code = getattr(error.__cause__, "sqlite_errorcode", 0)
    return code & 0xFF in (CORRUPT, NOT_A_DATABASE)


def check_tables(names: list[str]) -> None:
    """Raises DamagedDatabaseError where a table of ours isn't among `names`."""
    models = apps.get_models(include_auto_created=True)
    wanted = {model._meta.db_table for model in models if model._meta.managed}
    if missing := sorted(wanted - set(names)):
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        raise DamagedDatabaseError(
            f"the database is damaged: it has no table {', '.join(missing[:NAMED])}{more}"
        )
