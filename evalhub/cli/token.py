"""`evalhub token`: what lets a program act in a project."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.verbs import Printed, verb

if TYPE_CHECKING:
    from evalhub.accounts.models import ApiToken, Project, User

app = typer.Typer(no_args_is_help=True, help="Tokens, by which programs act in a project.")

Name = Annotated[str, typer.Argument(help="What the token is for.", metavar="NAME")]


@verb(app)
def add(
    name: Name,
    project: "Project",
    scope: Annotated[
        list[str],
        typer.Option(help="read, ingest, run, decide, review, admin or traffic. Repeatable."),
    ],
    user: Annotated[
        str,
        typer.Option(
            help="The user for whom the token acts.", show_default="the project's only owner"
        ),
    ] = "",
    days: Annotated[int, typer.Option(help="Days until the token ends.")] = 90,
) -> Printed:
    """Make a token and print it: it is shown this once."""
    from evalhub.accounts.tokens import add_token

    person = _person(project, user)
    new = add_token(project=project, user=person, name=name, scopes=scope, by=None, days=days)
    token = new.token
    note = (
        f"{token.name} acts for {person} in {project}, until {token.expires:%-d %B %Y}: "
        f"{', '.join(token.scopes)}. It isn't shown again."
    )
    return Printed(token, lambda row: _row(row) | {"token": new.secret}, [new.secret], note)


@verb(app, "list")
def list_(project: "Project") -> Printed:
    """List a project's tokens, without their secrets."""
    tokens = list(project.tokens.select_related("user"))
    lines = [f"{token.name}: {token.shown}… {_describe(token)}" for token in tokens]
    note = "" if tokens else "No tokens yet: `evalhub token add NAME` makes one."
    return Printed(tokens, _row, lines, note)


@verb(app)
def revoke(name: Name, project: "Project") -> Printed:
    """End a token at once."""
    from evalhub.accounts.tokens import revoke_token, token_by_name

    token = token_by_name(project, name)
    revoke_token(token=token, by=None)
    token.refresh_from_db()
    return Printed(token, _row, [f"{token.name} opens nothing any more."])


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
    from evalhub.api.shapes.people import TokenOut

    return TokenOut.from_model(token).as_json() | {"project": token.project.slug}


def _describe(token: "ApiToken") -> str:
    if token.revoked:
        return f"revoked on {token.revoked:%-d %B %Y}"
    state = "expired" if token.expired else "until"
    used = f"last used on {token.last_used:%-d %B %Y}" if token.last_used else "never used"
    scopes = ", ".join(token.scopes)
    return f"for {token.user}, {scopes}, {state} {token.expires:%-d %B %Y}, {used}"
