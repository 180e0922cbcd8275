"""Whether an owner sent a review's invitation, and that an owner vouched for a reviewer."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Exists, OuterRef


def carry_over(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    owners = apps.get_model("accounts", "Membership").objects.filter(
        project=OuterRef("campaign__project"), user=OuterRef("by"), role="owner"
    )
    apps.get_model("reviews", "Invitation").objects.filter(Exists(owners)).update(by_owner=True)


class Migration(migrations.Migration):
    dependencies = [("reviews", "0008_named"), ("accounts", "0008_named_by_an_owner")]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="by_owner",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="an owner of the project, or who administers the site, named the person",
            ),
        ),
        migrations.AlterField(
            model_name="event",
            name="kind",
            field=models.CharField(
                choices=[
                    ("opened", "opened"),
                    ("paused", "paused"),
                    ("resumed", "resumed"),
                    ("stopped", "stopped early by its rule"),
                    ("joined", "somebody joined by an invitation"),
                    ("vouched", "an owner vouched for a reviewer"),
                    ("reviewer", "a reviewer’s state or quota changed"),
                    ("closed", "closed"),
                    ("sealed", "its judgments were sealed"),
                    ("unblinded", "unblinded"),
                ],
                max_length=20,
            ),
        ),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
    ]
