"""`evalhub record`: store a model's answers while the model can still be asked."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.consent import agree
from evalhub.frames.command.option_groups import with_option_groups
from evalhub.frames.command.study_file import RunOptions
from evalhub.frames.command.verbs import Printed, file_command

if TYPE_CHECKING:
    from evalhub.declare.plan import RecordPlan
    from evalhub.studies.file.spec import StudySpec
    from evalhub.studies.run.record import RecordedRun


@file_command
@with_option_groups
def record(
    study: Annotated[Path, typer.Argument(help="The study: STUDY.yaml")],
    arm: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="An arm to ask; by default the baseline. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Also write the answers into this folder: NAME.TEST_SET.jsonl"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask the model without confirmation.")] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print the number of requests and their cost, and ask nothing."
        ),
    ] = False,
    *,
    options: RunOptions,
) -> Printed:
    """Store a model's answers now, so that its replacement can be compared with it later. Running
    it again continues where it stopped."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.exits import UNREACHABLE
    from evalhub.frames.command.setup import database_to_look_at, set_up_database

    if out is not None and out.exists() and not out.is_dir():
        raise typer.BadParameter(f"{out} is no folder", param_hint="--out")
    spec = options.read(study)
    if dry_run:
        with database_to_look_at():
            _, plan = _plan(spec, arm or [])
        return Printed(plan, show=partial(printing.print_requests, plan, printing.terminal()))
    set_up_database()
    if yes:
        from evalhub.studies.run.record import arms_to_record

        arms = arms_to_record(spec, arm or [])
    else:  # asked before anything is written: no transaction waits for a person
        arms, plan = _plan(spec, arm or [])
        printing.print_requests(plan, printing.terminal(errors=True))
        if plan.requests:
            agree("Ask them?", unasked=f"{plan.requests:,} requests would be made")
    runs = complete_runs(spec, arms, shows_requests=yes)
    files = write_answers(out, runs) if out is not None else {}
    return Printed(
        {"runs": [_as_json(each) for each in runs], "files": [*map(str, files.values())]},
        lines=[_line(run) for run in runs],
        code=UNREACHABLE if any(each.run.state == "failed" for each in runs) else 0,
    )


def _plan(spec: "StudySpec", names: list[str]) -> "tuple[list[str], RecordPlan]":
    from evalhub.studies.run.record import arms_to_record, plan_of_answers

    arms = arms_to_record(spec, names)
    return arms, plan_of_answers(spec, arms)


def complete_runs(
    spec: "StudySpec", arms: list[str], *, shows_requests: bool = False
) -> "list[RecordedRun]":
    """Completes the runs, with progress bars; `shows_requests` prints the requests first.
    Without Redis this process is the worker."""
    from contextlib import nullcontext

    from django.conf import settings

    from evalhub.frames.command import printing
    from evalhub.frames.command.progress import ImportBars, RunBars
    from evalhub.studies.run.record import record_answers
    from evalhub.workers.embedded import embedded_worker

    console = printing.terminal(errors=True)
    with (
        ImportBars(console, spec) as imports,
        nullcontext() if settings.REDIS_URL else embedded_worker(),
        RunBars(console) as bars,
    ):
        planned = partial(printing.print_requests, console=console) if shows_requests else None
        return record_answers(spec, arms, read=imports, planned=planned, progress=bars)


def write_answers(folder: Path, runs: "list[RecordedRun]") -> dict[str, Path]:
    """Writes every run's answers and a description of each arm, also for failed runs: their model
    may soon be gone. Returns the answer files by name."""
    from evalhub.frames.command.outputs import whole, write_json
    from evalhub.studies.run.record import about, answer_lines

    folder.mkdir(parents=True, exist_ok=True)
    files = {each.file: folder / each.file for each in runs}
    for run in runs:
        with (
            whole(files[run.file], option="--out") as path,
            path.open("w", encoding="utf-8") as file,
        ):
            file.writelines(answer_lines(run.run))
    for arm in dict.fromkeys(each.arm for each in runs):
        of = [each for each in runs if each.arm == arm]
        write_json(folder / f"{arm}.json", about(arm, of, files), option="--out")
    return files


def _as_json(of: "RecordedRun") -> dict[str, object]:
    return {
        "arm": of.arm,
        "test_set": of.test_set,
        "repeat": of.repeat,
        "run": of.run.pk,
        "state": of.run.state,
        "error": of.run.error,
    }


def _line(of: "RecordedRun") -> str:
    mark = "✗" if of.run.state == "failed" else "✓"
    again = ", again" if of.repeat else ""
    items = of.run.test_set_version.item_count
    outcome = f": {of.run.error}" if of.run.error else f": {items:,} items answered"
    return f"{mark} {of.arm} on {of.test_set}{again}{outcome}"
