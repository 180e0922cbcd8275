"""`evalhub redact` and `evalhub user erase` remove an item's text or a person's name for good."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.consent import for_good
from evalhub.frames.command.options import DryRun, Yes
from evalhub.frames.command.verbs import Printed, command

if TYPE_CHECKING:
    from evalhub.features.erasure.erase import Erased, PersonEraser
    from evalhub.features.erasure.redact import Redacted
    from evalhub.registry.redaction import Redactor


def redact_command(redactors: "Callable[[], Sequence[Redactor]]") -> Callable[..., int]:
    """The command `redact`; `redactors` names who takes the text out of a feature's own rows."""

    @command
    def redact(
        test_set: Annotated[str, typer.Argument(help="The test set's name.", metavar="TEST_SET")],
        item: Annotated[str, typer.Argument(help="The item's id.", metavar="ITEM")],
        reason: Annotated[
            str, typer.Option(help="Why, in words; the log keeps the reason, not the text.")
        ],
        project: Annotated[str, typer.Option(help="The project's name.")] = "default",
        yes: Yes = False,
        dry_run: DryRun = False,
    ) -> Printed:
        """Take an item's text out, and all answers to it, for good: digests and decisions stand."""
        from evalhub.accounts.people import project_by_slug
        from evalhub.features.erasure.redact import redact as take_out

        act = partial(
            take_out,
            project=project_by_slug(project),
            test_set=test_set,
            item=item,
            reason=reason,
            by=None,
            redactors=redactors(),
        )

        def plan() -> Printed:
            planned = act(dry_run=True)
            line = f"Would redact {item} of {test_set}, {_amount(planned)}."
            return Printed({"dry_run": True, **asdict(planned)}, lines=[line])

        def take() -> Printed:
            redacted = act()
            lines = [
                f"Redacted: {item} of {test_set}, {_amount(redacted)}. Scores, digests and "
                "decisions stand.",
                "Backups and files outside this home still hold it.",
            ]
            return Printed(asdict(redacted), lines=lines)

        question = "Take the text out for good?"
        return for_good(plan, take, question=question, yes=yes, dry_run=dry_run)

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


def erase_command(erasers: "Callable[[], Sequence[PersonEraser]]") -> Callable[..., int]:
    """The command `user erase`; `erasers` names who takes the person out of a feature's rows."""

    @command
    def erase(
        name: Annotated[str, typer.Argument(help="The user's name.", metavar="NAME")],
        yes: Yes = False,
        dry_run: DryRun = False,
    ) -> Printed:
        """Erase a person's name, addresses, comments and ways in, for good; what they judged stays
        evidence."""
        from evalhub.features.erasure.erase import erase_user

        act = partial(erase_user, name=name, erasers=erasers())

        def plan() -> Printed:
            planned = act(dry_run=True)
            return Printed({"dry_run": True, **_erasure_row(planned)}, lines=_erase_plan(planned))

        def take() -> Printed:
            erased = act()
            return Printed(_erasure_row(erased), lines=_erase_lines(erased))

        question = f"Erase {name} for good?"
        return for_good(plan, take, question=question, yes=yes, dry_run=dry_run)

    return erase


def _erase_lines(erased: "Erased") -> list[str]:
    lines = [
        f"Erased: the account is called {erased.name} now, and nobody can use it. Judgments, "
        "seals and decisions stand.",
        "Backups, exports, logs and mails aren't reached.",
    ]
    if erased.named_in:
        names = ", ".join(erased.named_in)
        lines.append(f"Their address stays where a digest covers it: {names}.")
    return lines


def _erase_plan(planned: "Erased") -> list[str]:
    rows = "".join(f", {count} {kind}" for kind, count in planned.taken.items())
    lines = [f"Would erase {planned.name}: the account's name{rows}. Judgments and decisions stay."]
    if planned.named_in:
        lines.append(f"A digest covers the address, so it stays, in {', '.join(planned.named_in)}.")
    return lines


def _erasure_row(erased: "Erased") -> dict[str, object]:
    return {"user": erased.name, "named_in": erased.named_in, "taken": erased.taken}
