"""Items are known by their own text, and beside it by their text in its context.

Fingerprints from before took in the context, and knew fewer spellings: they are computed anew from
the stored items. Of an item whose text was redacted the old one is left.
"""

from collections.abc import Iterator
from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from evalhub.files.items import fingerprint_of, question_of

AT_ONCE = 2_000
COUNTED = """
    UPDATE registry_testsetversion SET distinct_inputs = (
        SELECT COUNT(DISTINCT fingerprint) FROM registry_item
        WHERE version_id = registry_testsetversion.id
    )
"""


def _by_their_own_text(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    connection = schema_editor.connection
    for name in ("Item", "WorkingItem"):
        items = apps.get_model("registry", name).objects.using(connection.alias)
        table = items.model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET fingerprint_in_context = fingerprint")
            for changed in _changed(items.filter(redacted=None) if name == "Item" else items):
                cursor.executemany(
                    f"UPDATE {table} SET fingerprint = %s, fingerprint_in_context = %s "
                    "WHERE id = %s",
                    changed,
                )
    with connection.cursor() as cursor:
        cursor.execute(COUNTED)


def _changed(items: Any) -> Iterator[list[tuple[int, int, int]]]:
    """(own text's, in context, id) of the items whose fingerprints aren't those of before."""
    last = 0
    columns = "pk", "input", "context", "fingerprint"
    while rows := list(items.filter(pk__gt=last).order_by("pk").values_list(*columns)[:AT_ONCE]):
        last = rows[-1][0]
        changed = []
        for pk, input_, context, before in rows:
            question = question_of(input_)
            own = fingerprint_of(question)
            whole = fingerprint_of(question + context) if context else own
            if (own, whole) != (before, before):
                changed.append((own, whole, pk))
        if changed:
            yield changed


class Migration(migrations.Migration):
    dependencies = [("registry", "0029_run_going_on")]

    operations = [
        migrations.AddField(
            "item",
            "fingerprint_in_context",
            models.BigIntegerField(
                default=0, editable=False, help_text="the same of its own text and its context"
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            "item",
            "fingerprint",
            models.BigIntegerField(
                editable=False,
                help_text="64 bits of the SHA-256 of its own text, whatever its spelling and "
                "references",
            ),
        ),
        migrations.AddField(
            "workingitem",
            "fingerprint_in_context",
            models.BigIntegerField(default=0, editable=False),
            preserve_default=False,
        ),
        migrations.AddField(
            "testsetversion",
            "distinct_inputs",
            models.PositiveIntegerField(
                default=0,
                editable=False,
                help_text="how many of its items' own texts differ: where nearly all do, no "
                "context makes an item new",
            ),
        ),
        migrations.RunPython(_by_their_own_text, migrations.RunPython.noop),
    ]
