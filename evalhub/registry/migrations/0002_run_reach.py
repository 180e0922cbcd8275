"""What a run may reach. Those from before were launched by the operator's own command."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def launched_by_command(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    runs = apps.get_model("registry", "Run").objects.using(schema_editor.connection.alias)
    runs.update(reach={"operator": True, "hosts": []})


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]

    operations = [
        migrations.AddField(
            "run",
            "reach",
            models.JSONField(
                default=dict,
                editable=False,
                help_text="what it may reach, by the word of who launched it and not of the study",
            ),
            preserve_default=False,
        ),
        migrations.RunPython(launched_by_command, migrations.RunPython.noop),
    ]
