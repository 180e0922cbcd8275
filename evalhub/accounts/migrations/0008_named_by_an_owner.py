"""Whether an owner named the person who came by a link. Members were invited by owners alone; of an
account that a review's link made it is known only whether its inviter owns the project now."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Exists, OuterRef


def carry_over(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    Membership = apps.get_model("accounts", "Membership")
    apps.get_model("accounts", "MemberInvitation").objects.update(by_owner=True)
    owners = Membership.objects.filter(
        project=OuterRef("project"), user=OuterRef("by"), role="owner"
    )
    apps.get_model("accounts", "Provenance").objects.filter(Exists(owners)).update(by_owner=True)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_named")]

    operations = [
        migrations.AddField(
            model_name="memberinvitation",
            name="by_owner",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="an owner of the project, or who administers the site, named the person",
            ),
        ),
        migrations.AddField(
            model_name="provenance",
            name="by_owner",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="who invited was an owner, and named the person",
            ),
        ),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
    ]
