"""`evalhub watch`: the champion asked again, to see whether it still is the model it was."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.features.monitoring.change import EVERY_HOURS, FALSE_ALARMS_A_YEAR
from evalhub.frames.command.verbs import Printed, verb

if TYPE_CHECKING:
    from evalhub.accounts.models import Project
    from evalhub.features.monitoring.models import Asking, Watch

app = typer.Typer(
    no_args_is_help=True, help="Watches: is the endpoint still the model that was promoted?"
)

Number = Annotated[int, typer.Argument(help="Its number, as `list` prints it.", metavar="NUMBER")]
POLL_SECONDS = 0.2
SHOWN = 30


@verb(app)
def add(
    project: "Project",
    test_set: Annotated[
        str, typer.Option(help="A test set of the study that promoted the champion.")
    ],
    every_hours: Annotated[int, typer.Option(help="Hours between two checks.")] = EVERY_HOURS,
    false_alarms_a_year: Annotated[
        float, typer.Option(help="Most false alarms a year while the model doesn't change.")
    ] = FALSE_ALARMS_A_YEAR,
    budget_tokens: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Most tokens per check.", show_default="none"),
    ] = None,
    budget_money: Annotated[
        float | None,
        typer.Option(metavar="AMOUNT", help="Most money per check.", show_default="none"),
    ] = None,
) -> Printed:
    """Watch the project's champion: ask it again at intervals."""
    from evalhub.features.monitoring.asking import add_watch
    from evalhub.frames.command.budgets import option_budget

    watch = add_watch(
        project=project,
        test_set=test_set,
        by=None,
        every_hours=every_hours,
        false_alarms_a_year=false_alarms_a_year,
        budget=option_budget({"tokens": budget_tokens, "money": budget_money}),
    )
    return Printed(
        watch, _watch_row, [f"Watch {watch.pk}: {watch}, every {watch.every_hours} hours"]
    )


@verb(app, "list")
def list_(project: "Project") -> Printed:
    """List a project's watches, with the results of their newest checks."""
    rows = project.watches.select_related("version__model", "test_set_version__test_set")
    watches = list(rows)
    lines = [line for watch in watches for line in _lines(watch)]
    note = "" if watches else "No watches yet: `evalhub watch add` makes one."
    return Printed(watches, _row_with_askings, lines, note)


@verb(app)
def ask(project: "Project", number: Number) -> Printed:
    """Check a watched version now, and wait: exit code 0, it answers as before; 1, an alarm."""
    from evalhub.features.monitoring.asking import sentence
    from evalhub.frames.command.exits import UNREACHABLE

    asking = _ask_and_conclude(_watch_by_number(project, number))
    code = UNREACHABLE if asking.alarm is None else int(asking.alarm)
    return Printed(asking, _asking_row, [f"{asking.watch}: {sentence(asking)}"], code=code)


@verb(app)
def end(project: "Project", number: Number) -> Printed:
    """End a watch. Its results stay."""
    from evalhub.features.monitoring.asking import end_watch

    watch = _watch_by_number(project, number)
    ended = end_watch(watch=watch, by=None)
    watch.refresh_from_db()
    note = f"Watch {number} {'ended' if ended else 'had ended'}."
    return Printed(watch, _watch_row, note=note)


def _watch_by_number(project: "Project", number: int) -> "Watch":
    watch: Watch | None = project.watches.filter(pk=number).first()
    if watch is None:
        raise typer.BadParameter(f"{project.slug} has no watch {number}", param_hint="NUMBER")
    return watch


def _newest(watch: "Watch") -> "list[Asking]":
    return list(watch.askings.all()[:SHOWN])


def _lines(watch: "Watch") -> list[str]:
    from evalhub.features.monitoring.asking import sentence

    state = f"ended: {watch.why}" if watch.ended else f"every {watch.every_hours} hours"
    lines = [f"{watch.pk}: {watch}, {state}"]
    for asking in _newest(watch):
        alarm = "ALARM  " if asking.alarm else ""
        lines.append(f"  {asking.created:%Y-%m-%d %H:%M}  {alarm}{sentence(asking)}")
    return lines


def _ask_and_conclude(watch: "Watch") -> "Asking":
    """Asks the watch's version and waits for its answers. Without Redis this process is the
    worker."""
    import time
    from contextlib import nullcontext

    from django.conf import settings

    from evalhub.features.monitoring.asking import ask, conclude
    from evalhub.workers.embedded import embedded_worker

    with nullcontext() if settings.REDIS_URL else embedded_worker():
        while (asking := ask(watch)) is None:
            _wait_for_second_run(watch)
        while conclude(asking).concluded is None:
            time.sleep(POLL_SECONDS)
    return asking


def _wait_for_second_run(watch: "Watch") -> None:
    """Waits until the second run has ended. Raises BadParameter if the watch has ended, and
    RunUnreachable if the run got no answers this time."""
    import time

    from evalhub.features.monitoring.asking import usable
    from evalhub.registry.models import Run
    from runners.outcome import RunUnreachable

    watch.refresh_from_db()
    if watch.ended:
        raise typer.BadParameter(f"it has ended: {watch.why}", param_hint="NUMBER")
    while Run.objects.unfinished().filter(pk=watch.second_run_id).exists():
        time.sleep(POLL_SECONDS)
    run = Run.objects.get(pk=watch.second_run_id)
    if run.state == "failed" and not usable(run):
        raise RunUnreachable(f"nothing to compare with yet: {run}: {run.error}")


def _watch_row(watch: "Watch") -> dict[str, Any]:
    return {
        "number": watch.pk,
        "version": str(watch.version),
        "test_set": str(watch.test_set_version),
        "every_hours": watch.every_hours,
        "false_alarms_a_year": watch.false_alarms_a_year,
        "budget": watch.budget and watch.budget.as_json(),
        "due": watch.due.isoformat(timespec="seconds"),
        "ended": watch.ended and watch.ended.isoformat(timespec="seconds"),
        "why": watch.why,
    }


def _row_with_askings(watch: "Watch") -> dict[str, Any]:
    askings = [_asking_row(asking) for asking in _newest(watch)]
    return _watch_row(watch) | {"askings": askings}


def _asking_row(asking: "Asking") -> dict[str, Any]:
    return {
        "number": asking.pk,
        "run": asking.run_id,
        "created": asking.created.isoformat(timespec="seconds"),
        "concluded": asking.concluded and asking.concluded.isoformat(timespec="seconds"),
        "alarm": asking.alarm,
        "report": asking.report,
    }
