"""Migration operations by which the database itself keeps rows as they were written.

A trigger refuses what a row's table doesn't allow, whoever asks: a page, the admin, a command or
somebody at a SQL prompt. On SQLite a migration that alters a column makes its table anew and loses
the triggers: it ends with the same operations again, which replace what is there. Migrations
have used these functions, so that what they make of the same arguments doesn't change.
"""

from collections.abc import Callable, Iterable, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation

type Step = Callable[[BaseDatabaseSchemaEditor], None]


class _Triggers(Operation):
    """RunPython for triggers alone, which need no models: making those anew takes most of its
    time."""

    def __init__(self, keep: Step, let_go: Step) -> None:
        self.keep = keep
        self.let_go = let_go

    def state_forwards(self, app_label: str, state: object) -> None:
        pass

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, _: object, to_state: object
    ) -> None:
        self.keep(schema_editor)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, _: object, to_state: object
    ) -> None:
        self.let_go(schema_editor)


def append_only(
    table: str, *, may_change: Sequence[str] = (), says: str = "rows are added here, never changed"
) -> Operation:
    """An operation after which the database refuses UPDATE, DELETE and TRUNCATE of this table.

    `may_change` are columns that may still be written, such as an address that is to be
    forgotten; `says` is the reason that the database gives. What is refused is an IntegrityError.
    """

    def keep(editor: BaseDatabaseSchemaEditor) -> None:
        changed = ""
        if may_change:
            columns = [
                name for name in _columns(editor.connection, table) if name not in may_change
            ]
            changed = _any_differs(editor.connection.vendor, columns)
        _replace(
            editor,
            table,
            f"{table}_append_only",
            says,
            {"UPDATE": changed, "DELETE": "", "TRUNCATE": ""},
        )

    def let_go(editor: BaseDatabaseSchemaEditor) -> None:
        _drop(editor, table, f"{table}_append_only")

    return _Triggers(keep, let_go)


def set_once(
    table: str, columns: Sequence[str], *, says: str = "this is set once, never changed"
) -> Operation:
    """An operation after which the database refuses to change these columns once they are set.

    A column is set when it is neither NULL nor an empty text.
    """

    def keep(editor: BaseDatabaseSchemaEditor) -> None:
        vendor = editor.connection.vendor
        text = "CAST(OLD.{} AS TEXT) <> ''"
        changed = " OR ".join(
            f"({text.format(name)} AND {_any_differs(vendor, [name])})" for name in columns
        )
        _replace(editor, table, f"{table}_set_once", says, {"UPDATE": changed})

    def let_go(editor: BaseDatabaseSchemaEditor) -> None:
        _drop(editor, table, f"{table}_set_once")

    return _Triggers(keep, let_go)


def _replace(
    editor: BaseDatabaseSchemaEditor, table: str, name: str, says: str, refused: dict[str, str]
) -> None:
    """Triggers `name`_update, … that refuse each act of `refused` where its condition holds."""
    _drop(editor, table, name)
    says = says.replace("'", "''")
    if editor.connection.vendor == "sqlite":
        refused = {act: when for act, when in refused.items() if act != "TRUNCATE"}
        if "DELETE" in refused:  # INSERT OR REPLACE deletes without asking a trigger
            with editor.connection.cursor() as cursor:
                key = editor.connection.introspection.get_primary_key_column(cursor, table)
            refused["INSERT"] = f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"
        for act, when in refused.items():
            editor.execute(
                f"CREATE TRIGGER {name}_{act.lower()} BEFORE {act} ON {table}"
                f"{f' WHEN {when}' if when else ''} BEGIN SELECT RAISE(ABORT, '{says}'); END",
                params=None,
            )
        return
    editor.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION '{says}' USING ERRCODE = 'check_violation'; END $$",
        params=None,
    )
    for act, when in refused.items():
        level = "STATEMENT" if act == "TRUNCATE" else "ROW"
        editor.execute(
            f"CREATE TRIGGER {name}_{act.lower()} BEFORE {act} ON {table} FOR EACH {level}"
            f"{f' WHEN ({when})' if when else ''} EXECUTE FUNCTION {name}()",
            params=None,
        )


def _drop(editor: BaseDatabaseSchemaEditor, table: str, name: str) -> None:
    if editor.connection.vendor == "sqlite":
        for act in ("update", "delete", "insert"):
            editor.execute(f"DROP TRIGGER IF EXISTS {name}_{act}", params=None)
    else:
        for act in ("update", "delete", "truncate"):
            editor.execute(f"DROP TRIGGER IF EXISTS {name}_{act} ON {table}", params=None)
        editor.execute(f"DROP FUNCTION IF EXISTS {name}", params=None)


def _columns(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, table)
    return [column.name for column in columns]


def _any_differs(vendor: str, columns: Iterable[str]) -> str:
    differs = "IS NOT" if vendor == "sqlite" else "IS DISTINCT FROM"
    return " OR ".join(f'OLD."{name}" {differs} NEW."{name}"' for name in columns)
