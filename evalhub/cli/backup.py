"""`evalhub backup` and `evalhub restore`: everything in one file, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.cli.options import Json

if TYPE_CHECKING:
    from evalhub.database.backup import Backup


def backup(
    file: Annotated[Path, typer.Argument(help="A new file: NAME.jsonl.gz.", metavar="FILE")],
    json_: Json = False,
) -> int:
    """Write all that the database holds to one file, while everything goes on."""
    from evalhub.cli.setup import set_up_database

    set_up_database()
    from evalhub.database.backup import write_backup

    written = write_backup(file)
    _note("BACKED_UP", written)
    return _say("Backed up", written, json_)


def restore(
    file: Annotated[Path, typer.Argument(help="A file of `evalhub backup`.", metavar="FILE")],
    json_: Json = False,
) -> int:
    """Make everything again from a backup, in a fresh home or an empty database."""
    from evalhub.cli.setup import set_up_home

    set_up_home()
    from evalhub.database.tables import restore_tables

    restored = restore_tables(file)
    _note("RESTORED", restored)
    typer.echo(
        "Webhooks, mail and MLflow's aliases are held, and no watch asks: this may be a copy "
        "beside the site that it came from. `evalhub outgoing resume` lets them go out.",
        err=True,
    )
    return _say("Restored", restored, json_)


def _note(action: str, found: "Backup") -> None:
    from django.db import transaction

    from evalhub.accounts.audit_log import note
    from evalhub.accounts.models import Action

    with transaction.atomic():
        note(Action[action], by=None, rows=found.rows.total(), sha256=found.sha256)


def _say(done: str, found: "Backup", as_json: bool) -> int:
    from evalhub.cli import printing

    if as_json:
        printing.print_json(
            {"file": str(found.path), "sha256": found.sha256, "rows": dict(found.rows)}
        )
    else:
        typer.echo(f"{done}: {found.rows.total():,} rows, {found.path}\nSHA-256 {found.sha256}")
    return 0
