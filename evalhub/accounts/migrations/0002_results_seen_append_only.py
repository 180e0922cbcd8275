"""Who has seen results can't be forgotten, by anybody."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from evalhub.accounts.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AlterField(
            "resultsseen",
            "project",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="results_seen",
                to="accounts.project",
            ),
        ),
        migrations.AlterField(
            "resultsseen",
            "user",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="results_seen",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        append_only("accounts_resultsseen", says="who has seen results is never forgotten"),
    ]
