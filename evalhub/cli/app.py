"""The commands, and how they end."""

import gc
import os
import signal
import sys
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

import evalhub
from evalhub.cli import (
    agreement,
    backup,
    compare,
    decide,
    decision,
    demo,
    gate,
    import_log,
    judge,
    judge_run,
    labels,
    leakage,
    log,
    migrate,
    outgoing,
    policy,
    power,
    preference,
    prices,
    push,
    record,
    review,
    serve,
    study,
    token,
    user,
    watch,
    webhook,
)
from evalhub.cli import (
    run as runs,
)
from evalhub.features.deployment import cli as deployment
from evalhub.features.erasure import cli as erasure
from evalhub.features.exporters import cli as exporters
from evalhub.features.lifecycle import cli as lifecycle
from evalhub.features.ownership import cli as cost
from evalhub.features.strategy import cli as strategy
from evalhub.frames.command.exits import INTERRUPTED, USAGE, explain
from evalhub.frames.command.home import Home, at_home, use_home
from evalhub.frames.command.options import with_usable_numbers
from evalhub.frames.command.streams import OutputError, open_missing_descriptors, standard_streams
from evalhub.libraries import keep_to_themselves

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Should this fine-tuned model replace what we run now? "
    "One verdict: ship (exit 0), hold (1), need more data (2) or invalid evidence (3).",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(evalhub.__version__)
        raise typer.Exit


@app.callback()
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


@app.command()
def version() -> None:
    """Print the version."""
    _print_version(True)


user.app.command("erase")(erasure.erase)

for group in (
    study.app,
    runs.app,
    review.app,
    judge_run.app,
    exporters.mlflow_app,
    outgoing.app,
    prices.app,
    token.app,
    user.app,
    watch.app,
    webhook.app,
):
    for each in group.registered_commands:
        assert each.callback is not None
        each.callback = at_home(each.callback)

app.command("cost")(at_home(cost.cost))
app.command("compare")(at_home(compare.compare))
app.command("decide")(at_home(decide.decide))
app.add_typer(strategy.app, name="strategy")
app.add_typer(study.app, name="study")
app.add_typer(decision.app, name="decision")
app.command("gate")(at_home(gate.gate))
app.command("push")(at_home(push.push))
app.command("status")(push.status)
app.command("pull")(push.pull)
app.command("promote")(at_home(lifecycle.promote))
app.command("serve-config")(at_home(deployment.serve_config))
app.command("rollback")(at_home(lifecycle.rollback))
app.command("override")(at_home(lifecycle.override))
app.command("retire")(at_home(lifecycle.retire))
app.command("reopen")(at_home(lifecycle.reopen))
app.command("history")(at_home(lifecycle.history))
app.command("probe")(at_home(deployment.probe))
app.command("record")(at_home(record.record))
app.command("export")(at_home(exporters.export))
app.command("agreement")(agreement.agreement)
app.command("labels")(labels.labels)
app.command("preference")(preference.preference)
app.add_typer(policy.app, name="policy")
app.add_typer(power.app, name="power")
app.add_typer(review.app, name="review")
app.add_typer(runs.app, name="run")
app.add_typer(user.app, name="user")
app.add_typer(token.app, name="token")
app.add_typer(watch.app, name="watch")
app.add_typer(webhook.app, name="webhook")
app.add_typer(exporters.mlflow_app, name="mlflow")
app.add_typer(outgoing.app, name="outgoing")
app.add_typer(judge_run.app, name="judge")
app.add_typer(prices.app, name="prices")
app.command("judge-check")(judge.judge_check)
app.command("leakage")(leakage.leakage)
app.command("fingerprint")(leakage.fingerprint)
app.command("demo")(at_home(demo.demo))
app.command("up")(at_home(serve.up))
app.command("log")(at_home(log.log))
app.command("worker")(at_home(serve.worker))
app.command("doctor")(at_home(serve.doctor))
app.command("import")(at_home(import_log.import_log))
app.command("redact")(at_home(erasure.redact))
app.command("migrate")(at_home(migrate.migrate))
app.command("backup")(at_home(backup.backup))
app.command("restore")(at_home(backup.restore))

for part in (app, *(each.typer_instance for each in app.registered_groups)):
    for each in part.registered_commands if part else ():
        assert each.callback is not None
        each.callback = with_usable_numbers(each.callback)


def main() -> None:
    """The console script: runs a command and ends with its exit code.

    SIGTERM ends it as Ctrl+C does: what it holds is given back. (Where it is process 1 of a
    container, nothing would happen by itself.)
    """
    open_missing_descriptors()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    code = run(sys.argv[1:])
    _let_go()
    sys.exit(code)


def _let_go() -> None:
    """Closes the database, and leaves what else there is to the end of the process.

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
    """Of a server whose log is JSON, JSON lines alone are printed."""
    words = [
        word
        for before, word in pairwise(["", *arguments])
        if before != "--home" and not word.startswith("-")
    ]
    if words[:1] not in (["up"], ["worker"]) or os.environ.get("EVALHUB_LOG") != "json":
        return nullcontext()
    from evalhub.cli.log_lines import json_lines

    return json_lines()


def _run(arguments: list[str]) -> int:
    try:
        code = app(arguments, prog_name="evalhub", standalone_mode=False)
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
    """Says what was wrong with the command line, and where its help is."""
    formatted = getattr(error, "format_message", None)
    message = formatted() if formatted else str(error)
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "evalhub"
    if message:
        typer.echo(f"{command}: {message}\nSee {command} --help", err=True)
    return USAGE
