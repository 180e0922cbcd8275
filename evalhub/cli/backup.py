"""`evalhub backup` and `evalhub restore`: everything in one file, and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.options import Json

if TYPE_CHECKING:
    from evalhub.database.backup import Backup

STREAM = Path("-")
"""In place of a file: standard output of `backup`, standard input of `restore`."""


def backup(
    file: Annotated[
        Path,
        typer.Argument(help="A new file, NAME.jsonl.gz; -: standard output.", metavar="FILE"),
    ],
    json_: Json = False,
) -> int:
    """Write the whole database to one file, while the site runs."""
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.database.backup import stream_backup, write_backup
    from evalhub.frames.command.streams import binary_output

    if file == STREAM:
        with binary_output() as output:
            written = stream_backup(output)
    else:
        written = write_backup(file)
    _note("BACKED_UP", written)
    return _say("Backed up", written, "standard output", json_)


def restore(
    file: Annotated[
        Path,
        typer.Argument(help="A file of `evalhub backup`; -: standard input.", metavar="FILE"),
    ],
    json_: Json = False,
) -> int:
    """Restore a backup into a fresh home or an empty database."""
    from dataclasses import replace

    from evalhub.frames.command.setup import set_up_home

    set_up_home()
    from evalhub.database.tables import restore_tables

    if file == STREAM:
        with _from_standard_input() as copy:
            restored = replace(restore_tables(copy, name="standard input"), path=None)
    else:
        restored = restore_tables(file)
    _note("RESTORED", restored)
    typer.echo(
        f"Its ledger goes on as {_ledger()}, and decisions on items that are in it now say that it "
        "was restored.",
        err=True,
    )
    typer.echo(
        "Webhooks, mail and MLflow's aliases are held, and no monitor asks: this may be a "
        "copy beside the site that it came from. `evalhub outgoing resume` lets them go out.",
        err=True,
    )
    return _say("Restored", restored, "standard input", json_)


@contextmanager
def _from_standard_input() -> Iterator[Path]:
    """A copy of standard input in the home, readable by its owner only: a backup is read twice, to
    check it first."""
    import os
    import shutil
    import sys
    import tempfile

    from django.conf import settings

    if sys.stdin is None or sys.stdin.isatty():
        raise typer.BadParameter("a backup is to come by standard input", param_hint="FILE")
    descriptor, name = tempfile.mkstemp(dir=settings.HOME, prefix=".restored.")
    try:
        with os.fdopen(descriptor, "wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        yield Path(name)
    except OSError as error:
        error.filename = error.filename or name
        raise
    finally:
        os.unlink(name)


def _ledger() -> str:
    """The id of the restored ledger."""
    from evalhub.ledger.models import Ledger

    return str(Ledger.of_home())


def _note(action: str, backup: "Backup") -> None:
    from django.db import transaction

    from evalhub.accounts.audit_log import note
    from evalhub.accounts.models import Action

    with transaction.atomic():
        note(Action[action], by=None, rows=backup.rows.total(), sha256=backup.sha256)


def _say(heading: str, backup: "Backup", stream: str, as_json: bool) -> int:
    """Prints to standard output; to standard error if the backup itself was written to standard
    output."""
    from evalhub.frames.command import printing

    errors = backup.path is None and heading == "Backed up"
    if as_json:
        path = "-" if backup.path is None else str(backup.path)
        printing.print_json(
            {"file": path, "sha256": backup.sha256, "rows": dict(backup.rows)}, errors=errors
        )
    else:
        rows = f"{backup.rows.total():,} rows, {backup.path or stream}"
        typer.echo(f"{heading}: {rows}\nSHA-256 {backup.sha256}", err=errors)
    return 0
