"""The verbs of a group of commands that work on one project: `evalhub webhook add --project P …`.

A verb finds or changes something and returns `Printed`; the rest is the same for all of them: its
options --project and --json, the database, the project, and how the result is printed.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import typer

from evalhub.frames.command.options import Json, Of


@dataclass(frozen=True, slots=True)
class Printed:
    """What a verb prints.

    Attributes:
        rows: a row, or a list of rows, for `shape`.
        shape: a row as JSON has it, with the keys that REST gives; called with --json alone.
        lines: for people, on standard output.
        note: for people, on standard error.
        code: the exit code.
    """

    rows: Any
    shape: Callable[[Any], dict[str, Any]]
    lines: Sequence[str] = ()
    note: str = ""
    code: int = 0

    def document(self) -> Any:
        """The rows as one JSON document."""
        if isinstance(self.rows, list):
            return [self.shape(row) for row in self.rows]
        return self.shape(self.rows)


def verb(
    group: typer.Typer, name: str | None = None
) -> Callable[[Callable[..., Printed]], Callable[..., Printed]]:
    """Make a function a command of `group`, under `name` or its own.

    The function's parameter `project` is an evalhub.accounts.models.Project; the command has the
    options --project and --json in its place.
    """

    def decorate(function: Callable[..., Printed]) -> Callable[..., Printed]:
        @wraps(function)
        def run(*, project: str, json_: bool = False, **options: Any) -> int:
            from evalhub.frames.command import printing
            from evalhub.frames.command.setup import set_up_database

            set_up_database()
            from evalhub.accounts.people import project_by_slug

            printed = function(project=project_by_slug(project), **options)
            if json_:
                printing.print_json(printed.document())
                return printed.code
            for line in printed.lines:
                typer.echo(line)
            if printed.note:
                typer.echo(printed.note, err=True)
            return printed.code

        json_option = inspect.Parameter(
            "json_", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Json
        )
        own = inspect.signature(function).parameters.values()
        parameters = [
            parameter.replace(annotation=Of) if parameter.name == "project" else parameter
            for parameter in own
        ]
        run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [*parameters, json_option], return_annotation=int
        )
        annotations = {**function.__annotations__, "project": Of, "json_": Json, "return": int}
        run.__annotations__ = annotations
        group.command(name)(run)
        return function

    return decorate
