"""Operations with two transports: done in this home, or with --server asked of a site by REST."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from evalhub.frames.command.options import Json
from evalhub.frames.command.server import There, TokenFile, connect
from evalhub.frames.command.verbs import Printed, with_parameters

if TYPE_CHECKING:
    from evalhub.client.connection import Connection


@dataclass(frozen=True, slots=True)
class Operation:
    """What a command does, by either transport, and what it prints of the result.

    Attributes:
        project: its slug; None where it isn't named, which a site needs.
        here: does it in this home, whose database is set up.
        there: asks a site for it. Returns what `here` does: rows with the keys that REST gives.
        printed: of that result.
    """

    project: str | None
    here: Callable[[], Any]
    there: "Callable[[Connection], Any]"
    printed: Callable[[Any], Printed]


def post(path: str, body: Mapping[str, Any]) -> "Callable[[Connection], dict[str, Any]]":
    """Posts the body below the site's project. Posting it again changes nothing at a site whose
    verb is idempotent, whatever the request's key."""
    from uuid import uuid4

    return lambda connection: dict(connection.post(path, body, key=str(uuid4())).body)


def get_rows(path: str) -> "Callable[[Connection], list[dict[str, Any]]]":
    """Gets the first page of a list below the site's project."""
    return lambda connection: list(connection.get(path).body["results"])


def operation(function: Callable[..., Operation]) -> Callable[..., int]:
    """The command of a function that returns an Operation, with the function's parameters and
    --server, --token-file and --json.

    The function itself touches no database: `here` does, where the operation is done here.
    """

    @wraps(function)
    def run(
        *,
        server: str | None = None,
        token_file: Path | None = None,
        json_: bool = False,
        **options: Any,
    ) -> int:
        chosen = function(**options)
        rows = _there(chosen, server, token_file) if server else _here(chosen)
        return chosen.printed(rows).print(as_json=json_)

    added = {"server": (There, None), "token_file": (TokenFile, None), "json_": (Json, False)}
    return with_parameters(run, function, added=added)


def _here(chosen: Operation) -> Any:
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    return chosen.here()


def _there(chosen: Operation, server: str, token_file: Path | None) -> Any:
    from evalhub.frames.command import printing

    if chosen.project is None:
        raise typer.BadParameter("is needed with --server", param_hint="--project")
    console = printing.terminal(errors=True)
    return chosen.there(connect(server, token_file, chosen.project, console))
