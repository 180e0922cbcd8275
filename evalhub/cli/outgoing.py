"""`evalhub outgoing`: whether this site's webhooks, mail and MLflow's aliases go out."""

import typer

from evalhub.frames.command.options import Json

app = typer.Typer(
    no_args_is_help=True,
    help="Webhooks, mail, MLflow's aliases and watches: held in a copy, or going out.",
)


@app.command()
def show(json_: Json = False) -> int:
    """Show whether messages are sent, or since when they are held."""
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    return _show(json_)


@app.command()
def hold(json_: Json = False) -> int:
    """Hold messages from now on, in a copy of a site that restore didn't make."""
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.outgoing import hold_messages

    hold_messages(why="by the operator")
    return _show(json_)


@app.command()
def resume(json_: Json = False) -> int:
    """Send messages again, including all that wait: for the one site that should send them."""
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.outgoing import resume_messages

    resume_messages()
    return _show(json_)


def _show(as_json: bool) -> int:
    from evalhub.accounts.outgoing import HELD, hold_began
    from evalhub.frames.command import printing

    since = hold_began()
    if as_json:
        printing.print_json({"held_since": since and since.isoformat(timespec="seconds")})
    else:
        typer.echo(HELD.format(since=since) if since else "messages go out")
    return 0
