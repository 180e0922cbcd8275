"""Ask for consent before an action that can't be undone."""

import sys
from collections.abc import Callable

import typer

from evalhub.frames.command.verbs import Printed


def agree(question: str, *, unasked: str) -> None:
    """Returns if the person at the terminal agrees; else aborts.

    Args:
        unasked: what is refused where there is nobody to ask, as the beginning of a sentence.

    Raises:
        typer.BadParameter: nobody can be asked.
        typer.Abort: they said no.
    """
    if not sys.stdin or not sys.stdin.isatty():
        raise typer.BadParameter(
            f"{unasked}, and there is no terminal for a confirmation: add --yes", param_hint="--yes"
        )
    typer.confirm(question, abort=True, err=True)


def for_good(
    plan: Callable[[], Printed],
    act: Callable[[], Printed],
    *,
    question: str,
    yes: bool,
    dry_run: bool,
) -> Printed:
    """Does what can't be undone: after the plan was shown and agreed to, or at once with `yes`.
    With `dry_run` nothing but the plan is made.

    Raises as `agree`.
    """
    if dry_run:
        return plan()
    if not yes:
        typer.echo("\n".join(plan().lines), err=True)
        agree(question, unasked="this can't be undone")
    return act()
