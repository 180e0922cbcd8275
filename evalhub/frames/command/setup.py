"""Set up Django for a command: settings, tables."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import typer

from evalhub.frames.command.home import use_home
from evalhub.io.full_disk import is_full_disk

TABLES_S = 120.0
"""How long a command that waits does so for `evalhub migrate`; a site and a worker: see below."""
TABLES_OF_A_SERVICE_S = 900.0
LOOK_S = 1.0
DATABASE = "evalhub.sqlite3"
"""Of a home, as the settings have it."""

if TYPE_CHECKING:
    from evalhub.ledger.file_claims import FileLedger

logger = logging.getLogger(__name__)


def set_up_templates() -> None:
    """Sets up Django for its templates; without a database or a home.

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


def set_up_database(*, waiting: bool = False, for_tables_s: float = TABLES_S) -> None:
    """Sets up Django with its home and up-to-date tables.

    SQLite's are made or brought up to date; PostgreSQL's are changed by `evalhub migrate` alone.
    With `waiting` a server that doesn't answer is waited for, as long as a study waits in an outage
    (`evalhub.studies.run.conduct`), and tables that aren't this version's yet for `for_tables_s`.
    What
    the server refuses (the password, say) isn't waited for.

    Raises:
        typer.BadParameter: a home or a database URL that can't be.
        OtherVersionError: a database of another version.
        TablesNotReadyError: `evalhub migrate` has still to change the tables.
        django.db.OperationalError: the database can't be used.
    """
    set_up_home()
    from django.db import connection

    from evalhub.database.tables import prepare_tables

    if not waiting or connection.vendor == "sqlite":
        prepare_tables()
        return
    from evalhub.studies.run.conduct import patiently

    wait_for_tables(lambda: patiently(prepare_tables), for_tables_s)


def wait_for_tables(look: Callable[[], None], for_s: float) -> None:
    """Waits until the tables are this version's, for `for_s` seconds at most, then raises the last
    error (TablesNotReadyError)."""
    from evalhub.database.tables import TablesNotReadyError

    began, waits = time.monotonic(), False
    while True:
        try:
            look()
        except TablesNotReadyError as error:
            if time.monotonic() - began >= for_s:
                raise
            if not waits:
                logger.warning(
                    "%s. This waits until `evalhub migrate` has changed them, %g s at most",
                    error.what,
                    for_s,
                )
            waits = True
            time.sleep(LOOK_S)
        else:
            if waits:
                logger.warning("the tables are this version's now: this goes on")
            return


def home_ledger() -> "FileLedger | None":
    """This home's ledger, for judging files whose items it knows; None, without Django, if there is
    no home: none is created.

    Raises:
        As `set_up_database`.
    """
    at = Path(os.environ.get("EVALHUB_HOME") or ".evalhub").expanduser()
    if not os.environ.get("EVALHUB_DATABASE_URL") and not (at / DATABASE).is_file():
        return None
    set_up_database()
    from evalhub.ledger.peeking import HomeLedger

    return HomeLedger()


@contextmanager
def database_to_look_at() -> Iterator[None]:
    """This home's database or, without a home, a temporary one."""
    with TemporaryDirectory() as nowhere:
        home = os.environ.get("EVALHUB_HOME") or ".evalhub"
        if not Path(home).expanduser().exists():
            use_home(Path(nowhere))
        set_up_database()
        yield


def set_up_home() -> None:
    """Sets up Django with its home; the database isn't changed.

    Raises:
        typer.BadParameter: a home or a database URL that can't be.
    """
    set_up_templates()
    from evalhub.settings import make_home

    try:
        make_home()
    except OSError as error:
        if is_full_disk(error):
            raise
        raise typer.BadParameter(
            f"{error.filename} can't be made or written: {error.strerror}",
            param_hint="--home or EVALHUB_HOME",
        ) from error
