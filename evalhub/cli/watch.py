"""`evalhub watch`: the champion asked again, to see whether it still is the model it was."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.features.monitoring.change import EVERY_HOURS, FALSE_ALARMS_A_YEAR
from evalhub.frames.command.options import Json, Of

if TYPE_CHECKING:
    from evalhub.features.monitoring.models import Asking, Watch

app = typer.Typer(
    no_args_is_help=True, help="The champion asked again: is it still the model that was promoted?"
)

Number = Annotated[int, typer.Argument(help="Its number, as `list` says it.", metavar="NUMBER")]
POLL_SECONDS = 0.2
SHOWN = 30


@app.command()
def add(
    project: Of,
    test_set: Annotated[
        str, typer.Option(help="A test set of the study that the champion was promoted by.")
    ],
    every_hours: Annotated[int, typer.Option(help="From one asking to the next.")] = EVERY_HOURS,
    false_alarms_a_year: Annotated[
        float, typer.Option(help="Of a model that doesn't change, at most.")
    ] = FALSE_ALARMS_A_YEAR,
    budget_tokens: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="No more tokens for an asking.", show_default="none"),
    ] = None,
    budget_money: Annotated[
        float | None,
        typer.Option(metavar="AMOUNT", help="No more money for one.", show_default="none"),
    ] = None,
    json_: Json = False,
) -> int:
    """Ask the project's champion again and again, from now on."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.budgets import said_budget
    from evalhub.frames.command.setup import set_up_database

    budget = said_budget({"tokens": budget_tokens, "money": budget_money})
    set_up_database()
    from evalhub.accounts.people import named_project
    from evalhub.features.monitoring.asking import add_watch

    made = add_watch(
        project=named_project(project),
        test_set=test_set,
        by=None,
        every_hours=every_hours,
        false_alarms_a_year=false_alarms_a_year,
        budget=budget,
    )
    if json_:
        printing.print_json(_row(made))
        return 0
    typer.echo(f"Watch {made.pk}: {made}, every {made.every_hours} hours")
    return 0


@app.command("list")
def list_(project: Of, json_: Json = False) -> int:
    """List a project's watches, with what their newest askings came to."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.people import named_project
    from evalhub.features.monitoring.asking import sentence

    watches = list(
        named_project(project).watches.select_related(
            "version__model", "test_set_version__test_set"
        )
    )
    askings = {each.pk: list(each.askings.all()[:SHOWN]) for each in watches}
    if json_:
        shown = [
            _row(each) | {"askings": [_asking(one) for one in askings[each.pk]]} for each in watches
        ]
        printing.print_json(shown)
        return 0
    if not watches:
        typer.echo("No watches yet: `evalhub watch add` makes one.", err=True)
    for each in watches:
        goes_on = f"ended: {each.why}" if each.ended else f"every {each.every_hours} hours"
        typer.echo(f"{each.pk}: {each}, {goes_on}")
        for one in askings[each.pk]:
            alarm = "ALARM  " if one.alarm else ""
            typer.echo(f"  {one.created:%Y-%m-%d %H:%M}  {alarm}{sentence(one)}")
    return 0


@app.command("ask")
def ask_now(project: Of, number: Number, json_: Json = False) -> int:
    """Ask a watch's version now, and wait for it: 0, it answers as it did; 1, an alarm."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.exits import UNREACHABLE
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.features.monitoring.asking import sentence

    asking = _asked(_of(project, number))
    if json_:
        printing.print_json(_asking(asking))
    else:
        typer.echo(f"{asking.watch}: {sentence(asking)}")
    if asking.alarm is None:
        return UNREACHABLE
    return int(asking.alarm)


@app.command()
def end(project: Of, number: Number) -> int:
    """End a watch. What it found stays."""
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.features.monitoring.asking import end_watch

    watch = _of(project, number)
    done = end_watch(watch=watch, by=None)
    typer.echo(f"Watch {number} {'ended' if done else 'had ended'}.", err=True)
    return 0


def _of(project: str, number: int) -> "Watch":
    from evalhub.accounts.people import named_project

    found: Watch | None = named_project(project).watches.filter(pk=number).first()
    if found is None:
        raise typer.BadParameter(f"{project} has no watch {number}", param_hint="NUMBER")
    return found


def _asked(watch: "Watch") -> "Asking":
    """The watch's version asked, and concluded. Without Redis the worker is this process."""
    import time
    from contextlib import nullcontext

    from django.conf import settings

    from evalhub.features.monitoring.asking import ask, conclude
    from runners.embedded import embedded_worker

    with nullcontext() if settings.REDIS_URL else embedded_worker():
        while (asking := ask(watch)) is None:
            _wait_for_second_run(watch)
        while conclude(asking).concluded is None:
            time.sleep(POLL_SECONDS)
    return asking


def _wait_for_second_run(watch: "Watch") -> None:
    """Until it has ended. Raises BadParameter where the watch has ended, and RunUnreachable where
    the run gave no answers now that it was taken up."""
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


def _row(watch: "Watch") -> dict[str, Any]:
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


def _asking(asking: "Asking") -> dict[str, Any]:
    return {
        "number": asking.pk,
        "run": asking.run_id,
        "created": asking.created.isoformat(timespec="seconds"),
        "concluded": asking.concluded and asking.concluded.isoformat(timespec="seconds"),
        "alarm": asking.alarm,
        "report": asking.report,
    }
