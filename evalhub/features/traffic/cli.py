"""`evalhub traffic`: production's requests."""

import typer

from evalhub.features.traffic.shadow import cli as shadow
from evalhub.frames.command.verbs import verb

app = typer.Typer(no_args_is_help=True, help="Traffic: production's requests and signals.")

verb(app)(shadow.sample)


@app.callback()
def traffic() -> None:
    """Traffic: production's requests and signals."""
