"""`evalhub up`, `worker`, `doctor`: the site, the worker, and what is amiss with them."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.exits import UNREACHABLE
from evalhub.frames.command.options import PORT, Port, Processes
from evalhub.frames.command.verbs import Printed, file_command

if TYPE_CHECKING:
    from evalhub.cli.health import Finding


def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Port = PORT,
    threads: Annotated[
        int, typer.Option(help="Requests served at once by each process.", min=1, max=64)
    ] = 10,
    processes: Processes = 1,
) -> int:
    """Serve the site. Without Redis this process also has a worker."""
    from evalhub.frames.command.setup import TABLES_OF_A_SERVICE_S, set_up_database

    set_up_database(waiting=True, for_tables_s=TABLES_OF_A_SERVICE_S)
    from evalhub.database.tables import check_home_writable

    check_home_writable()
    _check_own_metrics()
    from evalhub.registry.uploads import UploadError, check_shared_folder

    try:
        check_shared_folder()
    except UploadError as error:
        raise typer.BadParameter(str(error), param_hint="EVALHUB_UPLOADS") from error
    from evalhub.accounts.outgoing import HELD, hold_began
    from evalhub.accounts.people import first_owner
    from evalhub.accounts.sign_in import sign_in_path
    from evalhub.cli.site import serve_site

    lines = ["`evalhub user link NAME` prints a link that signs somebody in."]
    if owner := first_owner():
        lines = [
            f"No users yet: created `{owner.username}`, an owner of every project. Sign in",
            "by this link, once, within an hour. `evalhub user link` makes another:",
            f"  {{url}}{sign_in_path(owner)}",
        ]
    if since := hold_began():
        lines.append(HELD.format(since=since))
    return serve_site(host=host, port=port, threads=threads, processes=processes, lines=lines)


def worker(
    concurrency: Annotated[
        int, typer.Option(help="Shards worked on at once by each process.", min=1, max=64)
    ] = 2,
    queues: Annotated[
        str, typer.Option(help="The kinds of runs to take, of cpu, gpu and api.")
    ] = "cpu,gpu,api",
    processes: Processes = 1,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Start none; check whether this machine's workers of this home are alive.",
        ),
    ] = False,
) -> int:
    """Work on runs that other processes launch (needs EVALHUB_REDIS_URL)."""
    from evalhub.frames.command.setup import (
        TABLES_OF_A_SERVICE_S,
        set_up_database,
        set_up_templates,
    )

    set_up_templates()
    from django.conf import settings

    if check:
        return _check_workers()
    if not settings.REDIS_URL:
        raise typer.BadParameter(
            "without EVALHUB_REDIS_URL the worker lives inside `evalhub up`; there is nothing for "
            "another one to do"
        )
    set_up_database(waiting=True, for_tables_s=TABLES_OF_A_SERVICE_S)
    _check_own_metrics()
    from evalhub.cli.working import work
    from runners.celery import QUEUES

    kinds = [kind.strip() for kind in queues.split(",")]
    if unknown := [kind for kind in kinds if kind not in QUEUES]:
        raise typer.BadParameter(
            f"there is no kind '{unknown[0]}': say some of {', '.join(QUEUES)}",
            param_hint="--queues",
        )
    return work(kinds=kinds, threads=concurrency, processes=processes)


def _check_own_metrics() -> None:
    """Loads this home's own metrics, so that a file that can't be is seen at once."""
    from runners.metrics import MetricError
    from runners.metrics.own_table import own_metrics

    try:
        own_metrics()
    except MetricError as error:
        raise typer.BadParameter(str(error), param_hint="the environment") from error


def _check_workers() -> int:
    """Reports the workers of this machine and home: 0 if there is one and all work, else 69.
    Neither the database nor the queue is asked."""
    from django.conf import settings

    from runners.heartbeat import workers_here

    workers = workers_here()
    if not workers:
        typer.echo(f"No worker of the home {settings.HOME} is at work on this machine.")
    for worker in workers:
        state = "works" if worker.works else "hangs"
        typer.echo(f"process {worker.pid} {state}: heard of {worker.silent_s:.0f} s ago")
    return 0 if workers and all(worker.works for worker in workers) else UNREACHABLE


@file_command
def doctor(
    deploy: Annotated[
        bool,
        typer.Option(
            "--deploy",
            help="Also check mail, the identity provider, and whether other machines may reach the "
            "site safely.",
        ),
    ] = False,
    mail_to: Annotated[
        str,
        typer.Option(help="With --deploy: send a mail to this address.", metavar="ADDRESS"),
    ] = "",
) -> Printed:
    """Check the configuration and all services, and suggest a remedy for each fault."""
    from dataclasses import asdict

    from evalhub.cli.health import examine

    if mail_to and not deploy:
        raise typer.BadParameter("it is for --deploy", param_hint="--mail-to")
    findings = examine()
    if deploy:
        from evalhub.cli.deploy_checks import examine_deployment

        findings += examine_deployment(mail_to=mail_to)
    code = 0 if all(finding.well for finding in findings) else UNREACHABLE
    return Printed(findings, asdict, show=partial(_print_findings, findings), code=code)


def _print_findings(findings: "list[Finding]") -> None:
    from rich.text import Text

    from evalhub.frames.command import printing

    console = printing.terminal()
    for finding in findings:
        mark = Text("✓", "green") if finding.well else Text("✗", "red")
        console.print(mark, f"{finding.name}: {finding.seen}", markup=False)
        if finding.advice:
            console.print(f"    {finding.advice}", style="dim", markup=False)
