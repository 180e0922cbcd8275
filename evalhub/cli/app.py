"""The commands, and how they end."""

import gc
import os
import signal
import sys
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from itertools import pairwise
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

import evalhub
from evalhub.cli.table import COMMANDS, Command
from evalhub.frames.command.exits import INTERRUPTED, USAGE, explain
from evalhub.frames.command.home import Home, use_home
from evalhub.frames.command.options import with_usable_numbers
from evalhub.frames.command.streams import OutputError, open_missing_descriptors, standard_streams
from evalhub.libraries import keep_to_themselves


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(evalhub.__version__)
        raise typer.Exit


def start(
    home: Home = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    use_home(home)


def version() -> None:
    """Print the version."""
    _print_version(True)


@cache
def command_line(name: str | None = None) -> typer.Typer:
    """All commands, or the one command or group of this name alone."""
    app = typer.Typer(
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        help="Should this fine-tuned model replace what we run now? "
        "One verdict: ship (exit 0), hold (1), need more data (2) or invalid evidence (3).",
    )
    app.callback()(start)
    for panel, commands in COMMANDS.items():
        for each in commands if name is None else {name} & commands.keys():
            command = _loaded(panel, each)
            if isinstance(command, typer.Typer):
                app.add_typer(command, name=each, rich_help_panel=panel)
            else:
                app.command(each, rich_help_panel=panel)(command)
    if name is None:
        app.command(rich_help_panel="Site")(version)
    return app


@cache
def _loaded(panel: str, name: str) -> Command:
    """The command or group, refusing numbers that can't be computed with."""
    command = COMMANDS[panel][name]()
    if not isinstance(command, typer.Typer):
        return with_usable_numbers(command)
    for registered in command.registered_commands:
        assert registered.callback is not None
        registered.callback = with_usable_numbers(registered.callback)
    return command


def _named(arguments: list[str]) -> str | None:
    """The command that is asked for; None where all are needed: for their help, or for what a
    mistyped name may have meant."""
    match arguments:
        case ["--home", _, name, *_] | [name, *_]:
            return name if any(name in commands for commands in COMMANDS.values()) else None
    return None


def main() -> None:
    """The console script: runs a command and exits with its code.

    SIGTERM ends it as Ctrl+C does: what it holds is given back. (Where it is process 1 of a
    container, nothing would happen by itself.)
    """
    open_missing_descriptors()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    code = run(sys.argv[1:])
    _let_go()
    sys.exit(code)


def _let_go() -> None:
    """Closes the database; everything else is left to the end of the process.

    The interpreter would look through all of it once more for what nobody refers to: a third of a
    second. So what such an object would have closed has to be closed before. Libraries below torch
    complain of objects of theirs that are left.
    """
    if (read := sys.modules.get("django.conf")) and read.settings.configured:
        from django.db import connections

        connections.close_all()
    if "torch" not in sys.modules:
        gc.freeze()


def run(arguments: list[str]) -> int:
    """Runs a command and returns its exit code."""
    keep_to_themselves()
    try:
        with standard_streams(), _log_lines(arguments):
            return _run(arguments)
    except OutputError as error:
        with standard_streams():
            return explain(error)


def _log_lines(arguments: list[str]) -> AbstractContextManager[None]:
    """For a server whose log is JSON: every printed line is a JSON line."""
    verbs = [
        word
        for before, word in pairwise(["", *arguments])
        if before != "--home" and not word.startswith("-")
    ]
    if verbs[:1] not in (["up"], ["worker"]) or os.environ.get("EVALHUB_LOG") != "json":
        return nullcontext()
    from evalhub.cli.log_lines import json_lines

    return json_lines()


def _run(arguments: list[str]) -> int:
    try:
        code = command_line(_named(arguments))(
            arguments, prog_name="evalhub", standalone_mode=False
        )
    except (Abort, KeyboardInterrupt):
        typer.echo("evalhub: stopped", err=True)
        return INTERRUPTED
    except TyperException as error:
        return _explain_usage(error)
    except OutputError:
        raise
    except Exception as error:
        return explain(error)
    return code if isinstance(code, int) else 0


def _explain_usage(error: TyperException) -> int:
    """Prints what was wrong with the command line, and where its help is."""
    formatted = getattr(error, "format_message", None)
    message = formatted() if formatted else str(error)
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "evalhub"
    if message:
        typer.echo(f"{command}: {message}\nSee {command} --help", err=True)
    return USAGE
