"""`evalhub bless`: a decision's version becomes the project's champion."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.options import Json
from evalhub.frames.command.server import There, TokenFile

if TYPE_CHECKING:
    from evalhub.accounts.models import User
    from evalhub.ledger.models import Blessing

By = Annotated[
    str | None,
    typer.Option(help="User name of whose word it is; at a site, the token says.", metavar="USER"),
]


class BlessedArm(StrEnum):
    candidate = "candidate"
    baseline = "baseline"


def bless(
    decision: Annotated[int, typer.Argument(help="The decision's number, as its page shows it.")],
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    by: By = None,
    arm: Annotated[
        BlessedArm,
        typer.Option(help="candidate: what ships; baseline: what it judged against, as the first."),
    ] = BlessedArm.candidate,
    project: Annotated[
        str | None, typer.Option(help="At a site: the project that the decision is of.")
    ] = None,
    server: There = None,
    token_file: TokenFile = None,
    json_: Json = False,
) -> int:
    """Make a version the project's champion, its baseline, by a decision that stands."""
    if server:
        if project is None:
            raise typer.BadParameter("says whose decision it is, at a site", param_hint="--project")
        path, body = f"/decisions/{decision}/blessing", {"reason": reason, "arm": arm.value}
        return told(post_there(server, token_file, project, path, body), as_json=json_)
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.ledger import blessing
    from evalhub.ledger.models import Decision

    found = Decision.objects.select_related("study__project").filter(pk=decision).first()
    person = person_named(by)
    if found is None:
        raise typer.BadParameter(f"there is no decision {decision}", param_hint="DECISION")
    made = blessing.bless(decision=found, by=person, reason=reason, arm=arm.value)
    return told(told_blessing(made), as_json=json_)


def person_named(by: str | None) -> "User":
    """Raises typer.BadParameter where nobody is named, or nobody is called so."""
    from evalhub.accounts.models import User

    if by is None:
        raise typer.BadParameter("says whose word it is: a user's name", param_hint="--by")
    person = User.objects.filter(username=by).first()
    if person is None:
        raise typer.BadParameter(f"there is no user {by!r}", param_hint="--by")
    return person


def post_there(
    server: str, token_file: Path | None, project: str, path: str, body: Mapping[str, Any]
) -> dict[str, Any]:
    """What the site answers. The same said again is the same act there, whatever its key."""
    from uuid import uuid4

    from evalhub.frames.command import printing
    from evalhub.frames.command.server import connect

    connection = connect(server, token_file, project, printing.terminal(errors=True))
    return dict(connection.post(path, body, key=str(uuid4())).body)


def told_blessing(made: "Blessing") -> dict[str, Any]:
    """A blessing of this home, as it is printed."""
    before = made.before.version if made.before else None
    return {
        "blessing": made.pk,
        "project": made.project.slug,
        "version": str(made.version),
        "name": str(made.version),
        "digest": made.version.digest,
        "how": made.how,
        "decision": made.decision_id,
        "decision_digest": made.decision.digest if made.decision else None,
        "before": str(before) if before else None,
        "reason": made.reason,
        "created": made.created.isoformat(),
    }


def told(row: Mapping[str, Any], *, as_json: bool) -> int:
    """Prints a blessing, of this home or as a site tells it."""
    from evalhub.frames.command import printing

    if as_json:
        printing.print_json(row)
        return 0
    ground = f"decision {row['decision']}" if row["decision"] else "no decision"
    how = {
        "blessed": f"by {ground}",
        "rolled-back": f"again, by a rollback: it rests on {ground}",
        "overridden": "by an override: NO DECISION MADE IT SO",
    }[row["how"]]
    instead = f", in place of {row['before']}" if row["before"] else ""
    typer.echo(
        f"{row['name']} is the champion of {row['project']}{instead}, {how}\n  {row['reason']}"
    )
    if row["before"] and row["how"] == "blessed":
        typer.echo(f"  A rollback goes back to {row['before']}.")
    return 0
