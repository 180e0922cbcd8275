"""Django made ready for a command: settings, tables."""

import os

import typer


def set_up_templates() -> None:
    """Django with its templates; no database is touched.

    Raises:
        typer.BadParameter: a home or a database URL that can't be.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalhub.settings")
    import dj_database_url
    import django

    try:
        django.setup()
    except OSError as error:
        raise typer.BadParameter(
            f"{error.filename} can't be made or read: {error.strerror}",
            param_hint="--home or EVALHUB_HOME",
        ) from error
    except (dj_database_url.ParseError, dj_database_url.UnknownSchemeError) as error:
        raise typer.BadParameter(
            "isn't of the form postgresql://user:password@host:5432/name",
            param_hint="EVALHUB_DATABASE_URL",
        ) from error


def set_up_database() -> None:
    """Django with all its tables as this version wants them."""
    set_up_templates()
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
