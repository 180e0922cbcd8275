"""`evalhub review`: blind reviews opened, filled with people, paused and ended."""

import typer

app = typer.Typer(no_args_is_help=True, help="Reviews: people compare answers blindly.")


@app.callback()
def review() -> None:
    """Reviews: people compare answers blindly."""
