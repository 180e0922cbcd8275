"""`evalhub redact` and `evalhub user erase` remove an item's text or a person's name for good."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.consent import agree
from evalhub.frames.command.options import DryRun, Json, Yes

if TYPE_CHECKING:
    from evalhub.features.erasure.erase import Erased
    from evalhub.features.erasure.redact import Redacted
    from evalhub.registry.redaction import Redactor


def redact_command(redactors: "Callable[[], Sequence[Redactor]]") -> Callable[..., int]:
    """The command `redact`; `redactors` names who takes the text out of a feature's own rows."""

    def redact(
        test_set: Annotated[str, typer.Argument(help="The test set's name.", metavar="TEST_SET")],
        item: Annotated[str, typer.Argument(help="The item's id.", metavar="ITEM")],
        reason: Annotated[
            str, typer.Option(help="Why, in words; the log keeps the reason, not the text.")
        ],
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
            redactors=redactors(),
        )
        if dry_run or not yes:
            planned = act(dry_run=True)
            if dry_run and json_:
                printing.print_json({"dry_run": True, **asdict(planned)})
            else:
                typer.echo(
                    f"Would redact {item} of {test_set}, {_amount(planned)}.", err=not dry_run
                )
            if dry_run:
                return 0
            agree("Take the text out for good?", unasked="this can't be undone")
        result = act()
        if json_:
            printing.print_json(asdict(result))
        else:
            typer.echo(
                f"Redacted: {item} of {test_set}, {_amount(result)}. Scores, digests and decisions "
                "stand.\nBackups and files outside this home still hold it."
            )
        return 0

    return redact


def _amount(redacted: "Redacted") -> str:
    from evalhub.frames.command.figures import count_text

    answers = count_text(redacted.answers, "answer")
    parts = [
        f"in {count_text(redacted.versions, 'version')}",
        f"{answers} in {count_text(redacted.runs, 'run')}",
    ]
    if rows := redacted.working_items:
        parts.append(f"{count_text(rows, 'row')} of working sets")
    if files := redacted.uploads:
        parts.append(count_text(files, "uploaded file"))
    return "; ".join(parts)


def erase(
    name: Annotated[str, typer.Argument(help="The user's name.", metavar="NAME")],
    yes: Yes = False,
    dry_run: DryRun = False,
    json_: Json = False,
) -> int:
    """Erase a person's name, addresses and ways in, for good; what they judged stays evidence."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.features.erasure.erase import erase_user

    if dry_run or not yes:
        planned = erase_user(name=name, dry_run=True)
        if dry_run and json_:
            printing.print_json({"dry_run": True, **_erasure_row(planned)})
        else:
            typer.echo("\n".join(_erase_plan(planned)), err=not dry_run)
        if dry_run:
            return 0
        agree(f"Erase {name} for good?", unasked="this can't be undone")
    erased = erase_user(name=name)
    if json_:
        printing.print_json(_erasure_row(erased))
        return 0
    typer.echo(
        f"Erased: the account is called {erased.name} now, and nobody can use it. Judgments, seals "
        "and decisions stand.\nBackups, exports, logs and mails aren't reached."
    )
    if erased.named_in:
        typer.echo(f"Their address stays where a digest covers it: {', '.join(erased.named_in)}.")
    return 0


def _erase_plan(planned: "Erased") -> list[str]:
    rows = "".join(f", {count} {kind}" for kind, count in planned.taken.items())
    lines = [f"Would erase {planned.name}: the account's name{rows}. Judgments and decisions stay."]
    if planned.named_in:
        lines.append(f"A digest covers the address, so it stays, in {', '.join(planned.named_in)}.")
    return lines


def _erasure_row(erased: "Erased") -> dict[str, object]:
    return {"user": erased.name, "named_in": erased.named_in, "taken": erased.taken}
