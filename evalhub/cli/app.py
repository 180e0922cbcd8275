"""The commands, and how they end."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from evalhub import __version__
from evalhub.cli import (
    agreement,
    compare,
    decide,
    decision,
    demo,
    judge,
    leakage,
    power,
    preference,
    review,
    serve,
    study,
    user,
)
from evalhub.cli.exits import INTERRUPTED, USAGE, explain

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Should this fine-tuned model replace what we run now? "
    "One verdict: ship (exit 0), hold (1), need more data (2) or invalid evidence (3).",
)


@app.callback()
def evalhub(
    home: Annotated[
        Path | None,
        typer.Option(help="Where the data lives; or EVALHUB_HOME. By default ./.evalhub"),
    ] = None,
) -> None:
    if home is not None:
        os.environ["EVALHUB_HOME"] = str(home)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


app.command("compare")(compare.compare)
app.command("decide")(decide.decide)
app.add_typer(study.app, name="study")
app.add_typer(decision.app, name="decision")
app.command("agreement")(agreement.agreement)
app.command("preference")(preference.preference)
app.add_typer(power.app, name="power")
app.add_typer(review.app, name="review")
app.add_typer(user.app, name="user")
app.command("judge-check")(judge.judge_check)
app.command("leakage")(leakage.leakage)
app.command("fingerprint")(leakage.fingerprint)
app.command("demo")(demo.demo)
app.command("up")(serve.up)
app.command("worker")(serve.worker)
app.command("doctor")(serve.doctor)


def main() -> None:
    """The console script: runs a command and ends with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs a command and returns its exit code."""
    try:
        code = app(arguments, prog_name="evalhub", standalone_mode=False)
    except (Abort, KeyboardInterrupt):
        typer.echo("evalhub: stopped", err=True)
        return INTERRUPTED
    except TyperException as error:
        return _explain_usage(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return explain(error)
    return code if isinstance(code, int) else 0


def _explain_usage(error: TyperException) -> int:
    """Says what was wrong with the command line, and where its help is."""
    formatted = getattr(error, "format_message", None)
    message = formatted() if formatted else str(error)
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "evalhub"
    if message:
        typer.echo(f"{command}: {message}\nSee {command} --help", err=True)
    return USAGE
