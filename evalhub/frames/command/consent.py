"""Ask for consent before an action that can't be undone."""

import sys

import typer


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
