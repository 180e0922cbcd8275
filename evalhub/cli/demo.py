"""`evalhub demo`: a real study on a real small model, and the site to look at it."""

import os
from pathlib import Path
from typing import Annotated

import typer

from evalhub.cli.options import PORT, Port


def demo(
    live: Annotated[
        bool,
        typer.Option("--live", help="Let the real models answer now (needs the extra `local`)."),
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the site after the verdict.")
    ] = True,
    port: Port = PORT,
    home: Annotated[
        Path | None, typer.Option(help="Where the data lives; or EVALHUB_HOME.")
    ] = None,
) -> int:
    """Run the demo study to its verdict, then serve the site with sign-in links."""
    if home is not None:
        os.environ["EVALHUB_HOME"] = str(home)
    from evalhub.demo.command import run_demo

    return run_demo(live=live, serve=serve, port=port)
