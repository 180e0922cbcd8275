"""Django made ready for a command: settings, tables."""

import os


def set_up_templates() -> None:
    """Django with its templates; no database is touched."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalhub.settings")
    import django

    django.setup()


def set_up_database() -> None:
    """Django with all its tables as this version wants them."""
    set_up_templates()
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
