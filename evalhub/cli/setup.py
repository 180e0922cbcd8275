"""Django made ready for a command: settings, tables."""

import os

import typer


def set_up_templates() -> None:
    """Django with its templates; no database is touched and no home made.

    Raises:
        typer.BadParameter: a variable of the environment that can't be.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalhub.settings")
    import dj_database_url
    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise typer.BadParameter(str(error), param_hint="the environment") from error
    except (dj_database_url.ParseError, dj_database_url.UnknownSchemeError) as error:
        raise typer.BadParameter(
            "isn't of the form postgresql://user:password@host:5432/name",
            param_hint="EVALHUB_DATABASE_URL",
        ) from error


def set_up_database() -> None:
    """Django with its home and all its tables as this version wants them.

    Raises:
        typer.BadParameter: a home or a database URL that can't be.
        OtherVersionError: a database of another version.
    """
    set_up_home()
    from evalhub.database.tables import make_tables

    make_tables()


def set_up_home() -> None:
    """Django with its home; the database is left as it is.

    Raises:
        typer.BadParameter: a home or a database URL that can't be.
    """
    set_up_templates()
    from evalhub.settings import make_home

    try:
        make_home()
    except OSError as error:
        raise typer.BadParameter(
            f"{error.filename} can't be made or written: {error.strerror}",
            param_hint="--home or EVALHUB_HOME",
        ) from error
