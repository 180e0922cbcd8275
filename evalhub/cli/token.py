"""`evalhub token`: what lets a program act in a project."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.options import Json

if TYPE_CHECKING:
    from datetime import datetime

    from evalhub.accounts.models import ApiToken, Project, User

app = typer.Typer(no_args_is_help=True, help="Tokens, by which programs act in a project.")

Name = Annotated[str, typer.Argument(help="What the token is for.", metavar="NAME")]
Of = Annotated[str, typer.Option("--project", help="The project's name.", metavar="P")]


@app.command()
def add(
    name: Name,
    project: Of,
    scope: Annotated[
        list[str],
        typer.Option(help="read, ingest, run, decide, review or admin. Repeatable."),
    ],
    user: Annotated[
        str,
        typer.Option(
            help="The user for whom the token acts.", show_default="the project's only owner"
        ),
    ] = "",
    days: Annotated[int, typer.Option(help="Days until the token ends.")] = 90,
    json_: Json = False,
) -> int:
    """Make a token and print it: it is shown this once."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.people import project_by_slug
    from evalhub.accounts.tokens import add_token

    of = project_by_slug(project)
    person = _person(of, user)
    new_token = add_token(project=of, user=person, name=name, scopes=scope, by=None, days=days)
    if json_:
        printing.print_json(_row(new_token.token) | {"token": new_token.secret})
        return 0
    typer.echo(new_token.secret)
    until = f"{new_token.token.expires:%-d %B %Y}"
    typer.echo(
        f"{new_token.token.name} acts for {person} in {of}, until {until}: "
        f"{', '.join(new_token.token.scopes)}. It isn't shown again.",
        err=True,
    )
    return 0


@app.command("list")
def list_(project: Of, json_: Json = False) -> int:
    """List a project's tokens, without their secrets."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.people import project_by_slug

    tokens = list(project_by_slug(project).tokens.select_related("user"))
    if json_:
        printing.print_json([_row(each) for each in tokens])
        return 0
    if not tokens:
        typer.echo("No tokens yet: `evalhub token add NAME` makes one.", err=True)
    for token in tokens:
        typer.echo(f"{token.name}: {token.shown}… {_describe(token)}")
    return 0


@app.command()
def revoke(name: Name, project: Of, json_: Json = False) -> int:
    """End a token at once."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.people import project_by_slug
    from evalhub.accounts.tokens import revoke_token, token_by_name

    token = token_by_name(project_by_slug(project), name)
    revoke_token(token=token, by=None)
    token.refresh_from_db()
    if json_:
        printing.print_json(_row(token))
    else:
        typer.echo(f"{token.name} opens nothing any more.")
    return 0


def _person(project: "Project", name: str) -> "User":
    from evalhub.accounts.models import Role
    from evalhub.accounts.people import user_by_name

    if name:
        return user_by_name(name)
    owners = [each.user for each in project.memberships.filter(role=Role.OWNER)]
    if len(owners) != 1:
        names = ", ".join(str(each) for each in owners) or "nobody"
        raise typer.BadParameter(
            f"a token acts for a person, and {project} is owned by {names}: name one",
            param_hint="--user",
        )
    return owners[0]


def _row(token: "ApiToken") -> dict[str, Any]:
    def at(moment: "datetime | None") -> str | None:
        return None if moment is None else moment.isoformat(timespec="seconds")

    return {
        "name": token.name,
        "project": token.project.slug,
        "user": token.user.username,
        "scopes": token.scopes,
        "begins": token.shown,
        "expires": at(token.expires),
        "last_used": at(token.last_used),
        "revoked": at(token.revoked),
    }


def _describe(token: "ApiToken") -> str:
    if token.revoked:
        return f"revoked on {token.revoked:%-d %B %Y}"
    state = "expired" if token.expired else "until"
    used = f"last used on {token.last_used:%-d %B %Y}" if token.last_used else "never used"
    scopes = ", ".join(token.scopes)
    return f"for {token.user}, {scopes}, {state} {token.expires:%-d %B %Y}, {used}"
