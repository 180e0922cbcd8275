"""`evalhub redact`: an item's text is taken out for good."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.consent import agree
from evalhub.frames.command.options import DryRun, Json, Yes

if TYPE_CHECKING:
    from evalhub.features.erasure.redact import Redacted


def redact(
    test_set: Annotated[str, typer.Argument(help="The test set's name.", metavar="TEST_SET")],
    item: Annotated[str, typer.Argument(help="The item's id.", metavar="ITEM")],
    reason: Annotated[str, typer.Option(help="Why, in words: it is kept, the text isn't.")],
    project: Annotated[str, typer.Option(help="The project's name.")] = "default",
    yes: Yes = False,
    dry_run: DryRun = False,
    json_: Json = False,
) -> int:
    """Take an item's text out, and all answers to it, for good: digests and decisions stand."""
    from functools import partial

    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.models import Project
    from evalhub.features.erasure.redact import redact as take_out
    from evalhub.features.table import REDACTORS

    space = Project.objects.filter(slug=project).first()
    if space is None:
        raise typer.BadParameter(f"there is no project {project!r}", param_hint="--project")
    act = partial(
        take_out,
        project=space,
        test_set=test_set,
        item=item,
        reason=reason,
        by=None,
        redactors=REDACTORS,
    )
    if dry_run or not yes:
        planned = act(dry_run=True)
        if dry_run and json_:
            printing.print_json({"dry_run": True, **asdict(planned)})
        else:
            typer.echo(f"Would redact {item} of {test_set}, {_amount(planned)}.", err=not dry_run)
        if dry_run:
            return 0
        agree("Take the text out for good?", unasked="this can't be undone")
    done = act()
    if json_:
        printing.print_json(asdict(done))
    else:
        typer.echo(
            f"Redacted: {item} of {test_set}, {_amount(done)}. Scores, digests and decisions "
            "stand.\nBackups and files outside this home still hold it."
        )
    return 0


def _amount(redacted: "Redacted") -> str:
    from evalhub.frames.command.figures import counted

    answers = counted(redacted.answers, "answer")
    parts = [
        f"in {counted(redacted.versions, 'version')}",
        f"{answers} in {counted(redacted.runs, 'run')}",
    ]
    if rows := redacted.working_items:
        parts.append(f"{counted(rows, 'row')} of working sets")
    if files := redacted.uploads:
        parts.append(counted(files, "uploaded file"))
    return "; ".join(parts)
