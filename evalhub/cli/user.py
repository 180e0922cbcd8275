"""`evalhub user`: people are made at the command line, and sign in by one-click links."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.cli.links import Url, site_of
from evalhub.frames.command.verbs import Printed, verb

if TYPE_CHECKING:
    from evalhub.accounts.models import User

app = typer.Typer(no_args_is_help=True, help="Users, and the links by which they sign in.")

Name = Annotated[str, typer.Argument(help="The user's name.", metavar="NAME")]


class RoleName(StrEnum):
    """The roles of evalhub.accounts, which can't be imported before Django is set up."""

    OWNER = "owner"
    EVALUATOR = "evaluator"
    REVIEWER = "reviewer"


@verb(app)
def add(
    name: Name,
    project: Annotated[
        str, typer.Option(help="Project to join; created for an owner if missing.")
    ] = "",
    role: Annotated[RoleName | None, typer.Option(help="Role in the project.")] = None,
    superuser: Annotated[
        bool, typer.Option("--superuser", help="May do everything, in the admin too.")
    ] = False,
    url: Url = "",
) -> Printed:
    """Make a user and print the link that signs them in: it works once, within an hour."""
    if bool(project) != (role is not None):
        raise typer.BadParameter("--project and --role go together")
    from evalhub.accounts.models import Role
    from evalhub.accounts.people import add_user

    site = site_of(url)
    user = add_user(
        name=name, project=project, role=Role(role) if role else None, superuser=superuser
    )
    return _link(user, site)


@verb(app)
def link(name: Name, url: Url = "") -> Printed:
    """Print a new link that signs a user in: it works once, within an hour."""
    from evalhub.accounts.people import user_by_name

    return _link(user_by_name(name), site_of(url))


@verb(app, "list")
def list_() -> Printed:
    """List the users with their roles."""
    from evalhub.accounts.models import User

    users = list(User.objects.order_by("username").prefetch_related("memberships__project"))
    note = "" if users else "No users yet: `evalhub user add NAME` makes one."
    return Printed(users, _row, [_line(user) for user in users], note)


@verb(app)
def deactivate(name: Name) -> Printed:
    """End all that lets a person in, at once: sessions, tokens, links. What they judged stays."""
    from evalhub.features.erasure.deactivate import deactivate_user

    ended = deactivate_user(name=name)
    row = {"user": name, "tokens": ended.tokens, "reviews": list(ended.reviews)}
    lines = [f"{name} can't sign in any more. Ended: sessions, links, {ended.tokens} tokens."]
    if ended.reviews:
        numbers = ", ".join(map(str, ended.reviews))
        lines.append(f"Others judge what they had before them in the reviews {numbers}.")
    return Printed(row, lines=lines)


@verb(app)
def reactivate(name: Name) -> Printed:
    """Let a deactivated person in again, with the roles that they had."""
    from evalhub.features.erasure.deactivate import reactivate_user

    user = reactivate_user(name=name)
    line = f"{name} can sign in again; `evalhub user link {name}` prints a link."
    return Printed(user, _row, [line])


def _line(user: "User") -> str:
    roles = [
        *([] if user.is_active else ["not active"]),
        *(["superuser"] if user.is_superuser else []),
        *(f"{each.role} of {each.project.slug}" for each in user.memberships.all()),
    ]
    return f"{user.username}: {', '.join(roles) or 'no role'}"


def _row(user: "User") -> dict[str, object]:
    return {
        "user": user.username,
        "active": user.is_active,
        "superuser": user.is_superuser,
        "roles": {each.project.slug: each.role for each in user.memberships.all()},
        "last_login": user.last_login and user.last_login.isoformat(timespec="seconds"),
    }


def _link(user: "User", site: str) -> Printed:
    from evalhub.accounts.sign_in import LASTS, sign_in_path

    address = site + sign_in_path(user)
    row = {"user": user.username, "link": address, "seconds": int(LASTS.total_seconds())}
    line = f"{user.username} signs in with this link, once, within an hour:\n  {address}"
    return Printed(row, lines=[line])
