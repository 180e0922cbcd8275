"""`evalhub user`: people are made at the command line, and sign in by one-click links."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.cli.links import Url, site_of
from evalhub.frames.command.options import Json

if TYPE_CHECKING:
    from evalhub.accounts.models import User

app = typer.Typer(no_args_is_help=True, help="Users, and the links by which they sign in.")

Name = Annotated[str, typer.Argument(help="The user's name.", metavar="NAME")]


class RoleName(StrEnum):
    """The roles of evalhub.accounts, which can't be imported before Django is set up."""

    OWNER = "owner"
    EVALUATOR = "evaluator"
    REVIEWER = "reviewer"


@app.command()
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
    json_: Json = False,
) -> int:
    """Make a user and print the link that signs them in: it works once, within an hour."""
    from evalhub.frames.command.setup import set_up_database

    if bool(project) != (role is not None):
        raise typer.BadParameter("--project and --role go together")
    set_up_database()
    from evalhub.accounts.models import Role
    from evalhub.accounts.people import add_user

    site = site_of(url)
    user = add_user(
        name=name, project=project, role=Role(role) if role else None, superuser=superuser
    )
    return _print_link(user, site, json_)


@app.command()
def link(name: Name, url: Url = "", json_: Json = False) -> int:
    """Print a new link that signs a user in: it works once, within an hour."""
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.people import user_by_name

    return _print_link(user_by_name(name), site_of(url), json_)


@app.command("list")
def list_(json_: Json = False) -> int:
    """List the users with their roles."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.models import User

    users = list(User.objects.order_by("username").prefetch_related("memberships__project"))
    if json_:
        printing.print_json([_row(user) for user in users])
        return 0
    if not users:
        typer.echo("No users yet: `evalhub user add NAME` makes one.", err=True)
    for user in users:
        roles = [
            *([] if user.is_active else ["not active"]),
            *(["superuser"] if user.is_superuser else []),
            *(f"{each.role} of {each.project.slug}" for each in user.memberships.all()),
        ]
        typer.echo(f"{user.username}: {', '.join(roles) or 'no role'}")
    return 0


@app.command()
def deactivate(name: Name, json_: Json = False) -> int:
    """End all that lets a person in, at once: sessions, tokens, links. What they judged stays."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.features.erasure.deactivate import deactivate_user

    ended = deactivate_user(name=name)
    if json_:
        printing.print_json({"user": name, "tokens": ended.tokens, "reviews": list(ended.reviews)})
        return 0
    typer.echo(f"{name} can't sign in any more. Ended: sessions, links, {ended.tokens} tokens.")
    if ended.reviews:
        numbers = ", ".join(map(str, ended.reviews))
        typer.echo(f"Others judge what they had before them in the reviews {numbers}.")
    return 0


@app.command()
def reactivate(name: Name, json_: Json = False) -> int:
    """Let a deactivated person in again, with the roles that they had."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.features.erasure.deactivate import reactivate_user

    user = reactivate_user(name=name)
    if json_:
        printing.print_json(_row(user))
    else:
        typer.echo(f"{name} can sign in again; `evalhub user link {name}` prints a link.")
    return 0


def _row(user: "User") -> dict[str, object]:
    return {
        "user": user.username,
        "active": user.is_active,
        "superuser": user.is_superuser,
        "roles": {each.project.slug: each.role for each in user.memberships.all()},
        "last_login": user.last_login and user.last_login.isoformat(timespec="seconds"),
    }


def _print_link(user: "User", site: str, as_json: bool) -> int:
    from evalhub.accounts.sign_in import LASTS, sign_in_path
    from evalhub.frames.command import printing

    address = site + sign_in_path(user)
    if as_json:
        printing.print_json(
            {"user": user.username, "link": address, "seconds": int(LASTS.total_seconds())}
        )
    else:
        typer.echo(f"{user.username} signs in with this link, once, within an hour:\n  {address}")
    return 0
