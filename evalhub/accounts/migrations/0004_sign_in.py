"""Signing out everywhere else, and the table of the cache that counts guesses."""

from django.core.management import call_command
from django.db import migrations, models

CACHE = "accounts_cache"


def make_cache(apps, editor):
    call_command("createcachetable", CACHE, database=editor.connection.alias, verbosity=0)


def drop_cache(apps, editor):
    editor.execute(f"DROP TABLE {editor.quote_name(CACHE)}")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_log_entry")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="sign_outs",
            field=models.PositiveIntegerField(
                default=0,
                editable=False,
                help_text="how often they signed out everywhere else",
            ),
        ),
        migrations.RunPython(make_cache, drop_cache),
    ]
