"""`evalhub migrate`: the only command that changes the tables of a database with several
processes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import evalhub
from evalhub.frames.command.exits import UNREACHABLE
from evalhub.frames.command.options import Json

if TYPE_CHECKING:
    from evalhub.database.migrating import TableChanges


def migrate(
    backup_to: Annotated[
        Path | None,
        typer.Option(
            help="The folder for a backup, written first if the database has data.",
            metavar="FOLDER",
        ),
    ] = None,
    no_backup: Annotated[
        bool, typer.Option("--no-backup", help="Write no backup, because you have one.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the steps, and change nothing.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="As --dry-run, and end with 69 if there is anything to do."),
    ] = False,
    json_: Json = False,
) -> int:
    """Create the database's tables, or upgrade those of an earlier version."""
    from evalhub.frames.command.setup import set_up_home, set_up_templates

    if backup_to is not None and no_backup:
        raise typer.BadParameter("say one of --backup-to and --no-backup")
    look = dry_run or check
    if look:
        set_up_templates()
    else:
        set_up_home()
    from evalhub.database.migrating import table_changes
    from evalhub.studies.run.conduct import patiently

    if look:
        changes = table_changes()
        _say(changes, backup_to, json_)
        return UNREACHABLE if check and not changes.none else 0
    changes = patiently(table_changes)
    changed, backup = _change(changes, backup_to, no_backup)
    _say_done(changes, changed, backup, json_)
    return 0


def _change(
    changes: "TableChanges", backup_to: Path | None, no_backup: bool
) -> tuple[bool, Path | None]:
    """Changes the tables. Returns whether this process did, and the path of its backup."""
    from evalhub.database.backup import backup_before_upgrade
    from evalhub.database.tables import changes_by_itself, make_tables

    written: list[Path] = []

    def back_up() -> Path | None:
        if no_backup:
            return None
        if backup_to is None and not changes_by_itself():
            raise typer.BadParameter(
                f"{_state(changes)}, and hold data: say --backup-to FOLDER, a folder that outlives "
                "this machine, or --no-backup where you have a backup. Nothing was changed"
            )
        written.append(backup_before_upgrade(backup_to))
        return written[0]

    return make_tables(back_up=back_up), written[0] if written else None


def _state(changes: "TableChanges") -> str:
    state = "this version's" if changes.none else str(changes.state)
    return f"the tables of the database at {changes.database} are {state}"


def _say(changes: "TableChanges", backup_to: Path | None, as_json: bool) -> None:
    """Prints what would be done."""
    if as_json:
        _print(changes, changed=False, backup=None)
        return
    if changes.none:
        typer.echo(f"Nothing to do: {_state(changes)}.")
        return
    typer.echo(f"Evalhub {evalhub.__version__}: {_state(changes)}.")
    if changes.has_data:
        folder = backup_to or ("the home's folder backups" if changes.in_home else "--backup-to")
        typer.echo(f"A backup of all that they hold would be written first, to {folder}.")
    if changes.migrations:
        typer.echo(f"These {len(changes.migrations)} migrations would be applied:")
    for name in changes.migrations:
        typer.echo(f"  {name}")
    typer.echo("Nothing was changed.")


def _say_done(changes: "TableChanges", changed: bool, backup: Path | None, as_json: bool) -> None:
    if as_json:
        _print(changes, changed=changed, backup=backup)
    elif not changed:
        typer.echo(
            f"Nothing to do: the tables of the database at {changes.database} are this version's."
        )
    else:
        outcome = "brought up to date" if changes.has_data else "made"
        typer.echo(f"The tables of the database at {changes.database} were {outcome}.")


def _print(changes: "TableChanges", *, changed: bool, backup: Path | None) -> None:
    from evalhub.frames.command import printing

    printing.print_json(
        {
            "database": changes.database,
            "tables": {"OURS": "current"}.get(changes.state.name, changes.state.name.lower()),
            "migrations": list(changes.migrations),
            "changed": changed,
            "backup": str(backup) if backup else None,
        }
    )
