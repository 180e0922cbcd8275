"""What `evalhub migrate` would do to the tables."""

from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from evalhub.database.tables import Tables, changes_by_itself, place, tables


@dataclass(frozen=True, slots=True)
class TableChanges:
    """What has to be done to a database's tables.

    Attributes:
        database: which one: its host or file.
        state: what its tables are now.
        migrations: `app.name` of those to be applied, in this order.
        has_data: whether a backup comes first: the tables are an earlier version's.
    """

    database: str
    state: Tables
    migrations: tuple[str, ...]

    @property
    def has_data(self) -> bool:
        return self.state is Tables.EARLIER

    @property
    def in_home(self) -> bool:
        """Whether the backup goes into the home by default."""
        return changes_by_itself()

    @property
    def none(self) -> bool:
        """Whether the tables are this version's already."""
        return self.state is Tables.OURS


def table_changes() -> TableChanges:
    """What has to be done to the tables. Nothing is changed.

    Raises:
        OtherVersionError: they are a later version's, or nobody's.
        evalhub.database.damage.DamagedDatabaseError: what is there isn't what was.
        OperationalError: the database can't be used.
    """
    if changes_by_itself() and not Path(place()).exists():  # a connection would make the file
        return TableChanges(place(), Tables.MISSING, ())
    state = tables()
    if state is Tables.OURS:
        return TableChanges(place(), state, ())
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    names = tuple(f"{migration.app_label}.{migration.name}" for migration, _ in plan)
    return TableChanges(place(), state, names)
