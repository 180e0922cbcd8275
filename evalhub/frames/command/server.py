"""The site of a command: the options that name it, and the connection."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from evalhub.client.connection import Connection

SERVER = typer.Option(
    metavar="URL",
    envvar="EVALHUB_SERVER",
    show_envvar=False,
    help="The site; or EVALHUB_SERVER. The token comes from EVALHUB_TOKEN.",
)
TokenFile = Annotated[
    Path | None, typer.Option(help="The file that holds the token, in place of EVALHUB_TOKEN.")
]
There = Annotated[str | None, SERVER]


def check_server(server: str | None) -> None:
    """Raises typer.BadParameter for an empty EVALHUB_SERVER: a missing CI variable doesn't mean
    that everything should be done here."""
    if not server and os.environ.get("EVALHUB_SERVER") == "":
        raise typer.BadParameter(
            "is there, and empty: give it the site's address, or take it away to work here",
            param_hint="EVALHUB_SERVER",
        )


def connect(
    server: str | None, token_file: Path | None, project: str, console: "Console"
) -> "Connection":
    """The connection to a site's project. Raises evalhub.client.server.ServerError."""
    from evalhub.client.connection import Connection
    from evalhub.client.server import Server

    def say(sentence: str) -> None:
        console.print(sentence, style="yellow", markup=False, soft_wrap=True)

    return Connection(Server.of(server, token_file), project, say=say)
