"""Commands as functions that return what they print.

Such a function returns `Printed`. The rest is the same for all: the option --json and how the
result is printed; and of those that work in a home the database, and the project of --project.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.options import Json, Of

if TYPE_CHECKING:
    from evalhub.accounts.models import Project, User

OneProject = Annotated[
    str | None,
    typer.Option("--project", help="Only this project.", metavar="P", show_default="all"),
]
PROJECTS = {"Project": Of, "Project | None": OneProject}
"""The option in place of a parameter `project`, by its annotation."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What a command prints.

    Attributes:
        rows: a row, or a list of rows, for `shape`.
        shape: a row as JSON has it, with the keys that REST gives: a declaration or a mapping.
            Called with --json alone; without it a row is printed as it is.
        lines: for people, on standard output.
        show: prints for people what isn't lines: tables, colours.
        note: for people, on standard error.
        code: the exit code.
    """

    rows: Any
    shape: Callable[[Any], Any] | None = None
    lines: Sequence[str] = ()
    note: str = ""
    code: int = 0
    show: Callable[[], None] | None = None

    def document(self) -> Any:
        """The rows as one JSON document."""
        if isinstance(self.rows, list):
            return [self._as_json(row) for row in self.rows]
        return self._as_json(self.rows)

    def _as_json(self, row: Any) -> Any:
        value = row if self.shape is None else self.shape(row)
        return value if isinstance(value, dict) else value.as_json()

    def print(self, *, as_json: bool) -> int:
        """Prints the document, or what is for people. Returns the exit code."""
        from evalhub.frames.command import printing

        if as_json:
            printing.print_json(self.document())
            return self.code
        for line in self.lines:
            typer.echo(line)
        if self.show is not None:
            self.show()
        if self.note:
            typer.echo(self.note, err=True)
        return self.code


def verb(
    group: typer.Typer, name: str | None = None
) -> Callable[[Callable[..., Printed]], Callable[..., Printed]]:
    """Make a function a command of `group`, under `name` or its own; see `command`."""

    def decorate(function: Callable[..., Printed]) -> Callable[..., Printed]:
        group.command(name)(command(function))
        return function

    return decorate


def command(function: Callable[..., Printed]) -> Callable[..., int]:
    """The command of a function that works in the home's database, which is set up for it.

    It has the function's parameters and --json. In place of a parameter `project` that is a
    "Project", or a "Project | None", it has the option --project.
    """
    parameter = inspect.signature(function).parameters.get("project")
    option = PROJECTS.get(parameter.annotation) if parameter else None

    @wraps(function)
    def run(**options: Any) -> Printed:
        from evalhub.frames.command.setup import set_up_database

        set_up_database()
        if option is not None:
            options["project"] = _project(options["project"])
        return function(**options)

    return file_command(with_parameters(run, function, {"project": option} if option else {}))


def file_command(function: Callable[..., Printed]) -> Callable[..., int]:
    """The command of a function that needs no database: its parameters, and --json."""

    @wraps(function)
    def run(*, json_: bool = False, **options: Any) -> int:
        return function(**options).print(as_json=json_)

    return with_parameters(run, function, added={"json_": (Json, False)})


def with_parameters[R](
    run: Callable[..., R],
    function: Callable[..., Any],
    replaced: Mapping[str, Any] = MappingProxyType({}),
    added: Mapping[str, tuple[Any, Any]] = MappingProxyType({}),
) -> Callable[..., R]:
    """`run` with the parameters of `function`, some with another annotation (`replaced`), and with
    those in `added`: (annotation, default) by name."""
    signature = inspect.signature(function)
    parameters = [
        *(
            each.replace(annotation=replaced.get(each.name, each.annotation))
            for each in signature.parameters.values()
        ),
        *(
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
            )
            for name, (annotation, default) in added.items()
        ),
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _project(slug: str | None) -> "Project | None":
    from evalhub.accounts.people import project_by_slug

    return None if slug is None else project_by_slug(slug)


def user_by_option(by: str | None) -> "User":
    """The user that --by names. Raises typer.BadParameter if none is named or none exists."""
    from evalhub.accounts.models import User

    if by is None:
        raise typer.BadParameter("is needed: the name of the user who acts", param_hint="--by")
    user = User.objects.filter(username=by).first()
    if user is None:
        raise typer.BadParameter(f"there is no user {by!r}", param_hint="--by")
    return user
