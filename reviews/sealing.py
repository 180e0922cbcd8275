"""Triggers by which the database itself refuses to change a sealed plan."""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

CAMPAIGN = (
    "plan",
    "plan_hash",
    "form",
    "question",
    "kind",
    "baseline_id",
    "candidate_id",
    "reviewers_per_item",
    "seed",
    "requires",
    "invited_only",
)
PAIR = (
    "campaign_id",
    "kind",
    "item_id",
    "baseline_output_id",
    "candidate_output_id",
    "expected",
    "feedback",
    "stratum",
    "position",
    "seats",
)
SEALED = "a sealed plan can''t be changed: open another campaign"


def seal(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Creates triggers that refuse changes of the rows under a plan's hash; replaces existing
    ones."""
    _drop(schema_editor)
    for table, columns in (("reviews_campaign", CAMPAIGN), ("reviews_pair", PAIR)):
        for statement in _statements(schema_editor.connection.vendor, table, columns):
            schema_editor.execute(statement, params=None)


def unseal(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _drop(schema_editor)


def _drop(schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in ("reviews_campaign", "reviews_pair"):
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_sealed", params=None)
        else:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_sealed ON {table}", params=None)
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {table}_sealed", params=None)


def _statements(vendor: str, table: str, columns: tuple[str, ...]) -> list[str]:
    of = ", ".join(columns)
    if vendor == "sqlite":
        changed = " OR ".join(f"OLD.{each} IS NOT NEW.{each}" for each in columns)
        return [
            f"CREATE TRIGGER {table}_sealed BEFORE UPDATE OF {of} ON {table} WHEN {changed} "
            f"BEGIN SELECT RAISE(ABORT, '{SEALED}'); END"
        ]
    changed = " OR ".join(f"OLD.{each} IS DISTINCT FROM NEW.{each}" for each in columns)
    return [
        f"CREATE FUNCTION {table}_sealed() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION '{SEALED}' USING ERRCODE = 'check_violation'; END $$",
        f"CREATE TRIGGER {table}_sealed BEFORE UPDATE OF {of} ON {table} FOR EACH ROW "
        f"WHEN ({changed}) EXECUTE FUNCTION {table}_sealed()",
    ]
