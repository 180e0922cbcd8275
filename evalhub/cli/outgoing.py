"""`evalhub outgoing`: whether this site's webhooks, mail and MLflow's aliases go out."""

import typer

from evalhub.frames.command.verbs import Printed, verb

app = typer.Typer(
    no_args_is_help=True,
    help="Webhooks, mail, MLflow's aliases and monitors' questions: held in a copy, or going out.",
)


@verb(app)
def show() -> Printed:
    """Show whether messages are sent, or since when they are held."""
    from evalhub.accounts.outgoing import HELD, hold_began

    since = hold_began()
    line = HELD.format(since=since) if since else "messages go out"
    return Printed({"held_since": since and since.isoformat(timespec="seconds")}, lines=[line])


@verb(app)
def hold() -> Printed:
    """Hold messages from now on, in a copy of a site that restore didn't make."""
    from evalhub.accounts.outgoing import hold_messages

    hold_messages(why="by the operator")
    return show()


@verb(app)
def resume() -> Printed:
    """Send messages again, including all that wait: for the one site that should send them."""
    from evalhub.accounts.outgoing import resume_messages

    resume_messages()
    return show()
