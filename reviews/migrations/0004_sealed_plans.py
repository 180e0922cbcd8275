import django.db.models.deletion
from django.db import migrations, models

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


def seal(apps, schema_editor):
    """Triggers that refuse to change what the plan's hash stands for."""
    for table, columns in (("reviews_campaign", CAMPAIGN), ("reviews_pair", PAIR)):
        for statement in _statements(schema_editor.connection.vendor, table, columns):
            schema_editor.execute(statement, params=None)


def unseal(apps, schema_editor):
    for table in ("reviews_campaign", "reviews_pair"):
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER {table}_sealed", params=None)
        else:
            schema_editor.execute(f"DROP TRIGGER {table}_sealed ON {table}", params=None)
            schema_editor.execute(f"DROP FUNCTION {table}_sealed", params=None)


def _statements(vendor, table, columns):
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


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0003_dealing"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="requires",
            field=models.JSONField(blank=True, default=list, help_text="languages and skills that a reviewer must have"),
        ),
        migrations.AddField(
            model_name="campaign",
            name="invited_only",
            field=models.BooleanField(default=False, help_text="only who was invited reviews, not every reviewer of the project"),
        ),
        migrations.AddField(
            model_name="campaign",
            name="supersedes",
            field=models.ForeignKey(blank=True, help_text="the campaign whose plan was changed into this one's", null=True, on_delete=django.db.models.deletion.PROTECT, related_name="superseded_by", to="reviews.campaign"),
        ),
        migrations.RunPython(seal, unseal),
    ]
