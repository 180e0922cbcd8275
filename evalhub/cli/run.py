"""`evalhub run`: the runs of a home, looked at, taken up again and stopped."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.budgets import BudgetMoney, BudgetTokens, run_budget, wrong_budget
from evalhub.frames.command.verbs import Printed, verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalhub.accounts.models import Project
    from evalhub.registry.models import Run

app = typer.Typer(no_args_is_help=True, help="Runs: a version that answers a test set.")

Number = Annotated[int, typer.Argument(help="Its number, as `list` prints it.", metavar="NUMBER")]
NEWEST = 50


@verb(app, "list")
def list_(
    project: "Project | None" = None,
    state: Annotated[
        str | None,
        typer.Option(
            help="pending, running, done, failed or cancelled.", metavar="S", show_default="all"
        ),
    ] = None,
) -> Printed:
    """List the newest runs, 50 at most, with state and progress."""
    from evalhub.registry.models.runs import RunState

    runs = _runs()
    if project is not None:
        runs = runs.filter(test_set_version__test_set__project=project)
    if state is not None:
        if state not in RunState:
            raise typer.BadParameter(
                f"is one of {', '.join(RunState.values)}", param_hint="--state"
            )
        runs = runs.filter(state=state)
    newest = list(runs[:NEWEST])
    lines = [_line(run) for run in newest] or ["There are no such runs."]
    return Printed(newest, _row, lines)


@verb(app)
def show(number: Number) -> Printed:
    """Show a run: state, progress, metrics, cost and errors."""
    run = _run(number)
    return Printed(run, _row, [_line(run), *_details(run)])


def _details(run: "Run") -> "Iterator[str]":
    for row in run.metrics.all():
        mean = "sealed" if row.readable_mean is None else f"{row.readable_mean:.4g}"
        scored = "not counted yet" if row.scored is None else f"{row.scored} scored, mean {mean}"
        if row.unscored:
            scored += f"; {row.unscored} unscored"
        yield f"  {row.metric.name}: {scored}"
    for spending in run.spent:
        who = f"the judge {spending.asked}" if spending.judge else "spent"
        yield f"  {who}: {spending.sentence}"
    for budget in (run.budget, run.arm_budget):
        if budget is not None:
            yield f"  {budget.sentence}"
    if run.error:
        yield run.error


@app.command()
def retry(
    number: Number,
    budget_tokens: BudgetTokens = None,
    budget_money: BudgetMoney = None,
    budget_of: Annotated[
        str | None,
        typer.Option(
            metavar="WHOSE",
            help="Which budget to raise: study or arm.",
            show_default="the one that is used up, or the only one",
        ),
    ] = None,
) -> int:
    """Resume a failed or cancelled run: a worker asks for missing and failed answers again, and for
    missing verdicts of judges. A run that its budget stopped needs a higher budget."""
    from evalhub.frames.command.setup import set_up_database

    budget = run_budget(budget_tokens, budget_money, budget_of)
    set_up_database()
    from evalhub.declare.declaration import DeclarationError
    from evalhub.judges.run import Work, resume_work

    run = _run(number)
    try:
        work = resume_work(run, by=None, budget=budget)
    except DeclarationError as error:
        raise wrong_budget(error) from error
    run = _run(number)
    for limit in (run.budget, run.arm_budget) if work is Work.ANSWERS and budget else ():
        if limit is not None:
            typer.echo(f"{limit.sentence[0].upper()}{limit.sentence[1:]}.")
    message = f"Run {number} hadn't stopped ({run.get_state_display()}): nothing was changed."
    if work is Work.ANSWERS:
        message = f"Run {number} waits for a worker."
    elif work is Work.VERDICTS:
        message = f"The judge of run {number}'s answers waits for a worker."
    typer.echo(message)
    return 0


@app.command()
def cancel(number: Number) -> int:
    """Stop a run, or, if it has ended, the judges of its answers. Answers stay; `run retry`
    resumes it."""
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.judges.run import Work, cancel_work

    run = _run(number)
    work = cancel_work(run, by=None)
    message = f"Run {number} had ended ({run.get_state_display()}): nothing was changed."
    if work is Work.ANSWERS:
        message = f"Run {number} is cancelled."
    elif work is Work.VERDICTS:
        message = f"The judge of run {number}'s answers is cancelled. Its verdicts are kept."
    typer.echo(message)
    return 0


def _runs() -> Any:
    from evalhub.registry.models import Run

    related = ["version__model__project", "test_set_version__test_set__project"]
    return (
        Run.objects.with_progress()
        .with_spending()
        .select_related(*related)
        .prefetch_related("metrics__metric")
    )


def _run(number: int) -> "Run":
    """The run. Raises typer.BadParameter if there is none."""
    run: Run | None = _runs().filter(pk=number).first()
    if run is None:
        raise typer.BadParameter(f"there is no run {number}: `evalhub run list` says which")
    return run


def _line(run: "Run") -> str:
    done: int = run.items_done  # type: ignore[attr-defined]
    items = run.test_set_version.item_count
    reused = f", {run.reused:,} of its answers taken over" if run.reused else ""
    return f"{run.pk:>6}  {run.state:<9}  {done}/{items}  {run}{reused}"


def _row(run: "Run") -> dict[str, Any]:
    from evalhub.api.shapes.runs import RunOut

    return RunOut.from_model(run).as_json() | {
        "project": run.test_set_version.test_set.project.slug
    }
