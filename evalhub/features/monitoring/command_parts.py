"""What the commands on monitors and on alarms share."""

from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.verbs import user_by_option

if TYPE_CHECKING:
    from evalhub.accounts.models import Project, User

By = Annotated[
    str | None,
    typer.Option(
        help="User who acts; at a site, the token's user.",
        metavar="USER",
        show_default="the operator",
    ),
]
SHOWN = 50


def project_by_option(slug: str) -> "Project":
    """The project of --project. Raises UserError."""
    from evalhub.accounts.people import project_by_slug

    return project_by_slug(slug)


def person_by_option(by: str | None) -> "User | None":
    """The user of --by; None is the operator. Raises typer.BadParameter."""
    return None if by is None else user_by_option(by)
