"""Commands that move versions: `evalhub promote`, `rollback`, `override`, `retire`, `reopen`; and
`history`, which lists the moves."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.options import Json, Of
from evalhub.frames.command.server import There, TokenFile

if TYPE_CHECKING:
    from evalhub.accounts.models import Project, User
    from evalhub.ledger.models import Promotion, StageMove
    from evalhub.registry.models import ModelVersion

By = Annotated[
    str | None,
    typer.Option(help="User who acts; at a site, the token's user.", metavar="USER"),
]
Version = Annotated[
    str, typer.Argument(help='The version: tuned@3, or "tuned v3".', metavar="VERSION")
]
Reason = Annotated[str, typer.Option(help="Why, in words.")]
SHOWN = 50


class PromotedArm(StrEnum):
    candidate = "candidate"
    baseline = "baseline"


def promote(
    decision: Annotated[int, typer.Argument(help="The decision's number, as its page shows it.")],
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    by: By = None,
    arm: Annotated[
        PromotedArm,
        typer.Option(
            help="candidate: the arm that ships; baseline: its baseline, as the first champion."
        ),
    ] = PromotedArm.candidate,
    project: Annotated[
        str | None, typer.Option(help="At a site: the project that the decision is of.")
    ] = None,
    server: There = None,
    token_file: TokenFile = None,
    json_: Json = False,
) -> int:
    """Make a version the project's champion, by its newest decision."""
    if server:
        if project is None:
            raise typer.BadParameter(
                "is needed at a site: the decision's project", param_hint="--project"
            )
        path, body = f"/decisions/{decision}/promotion", {"reason": reason, "arm": arm.value}
        return print_promotion(post_there(server, token_file, project, path, body), as_json=json_)
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.features.lifecycle import promotion
    from evalhub.ledger.models import Decision

    decision_row = Decision.objects.select_related("study__project").filter(pk=decision).first()
    person = person_named(by)
    if decision_row is None:
        raise typer.BadParameter(f"there is no decision {decision}", param_hint="DECISION")
    new_promotion = promotion.promote(
        decision=decision_row, by=person, reason=reason, arm=arm.value
    )
    return print_promotion(promotion_row(new_promotion), as_json=json_)


def person_named(by: str | None) -> "User":
    """The user of this name. Raises typer.BadParameter if none is named or none exists."""
    from evalhub.accounts.models import User

    if by is None:
        raise typer.BadParameter("is needed: the name of the user who acts", param_hint="--by")
    person = User.objects.filter(username=by).first()
    if person is None:
        raise typer.BadParameter(f"there is no user {by!r}", param_hint="--by")
    return person


def post_there(
    server: str, token_file: Path | None, project: str, path: str, body: Mapping[str, Any]
) -> dict[str, Any]:
    """The site's answer. Repeating an act there changes nothing, whatever its idempotency key."""
    from uuid import uuid4

    from evalhub.frames.command import printing
    from evalhub.frames.command.server import connect

    connection = connect(server, token_file, project, printing.terminal(errors=True))
    return dict(connection.post(path, body, key=str(uuid4())).body)


def promotion_row(promotion: "Promotion") -> dict[str, Any]:
    """A promotion of this home as a row to print."""
    before = promotion.before.version if promotion.before else None
    return {
        "promotion": promotion.pk,
        "project": promotion.project.slug,
        "version": str(promotion.version),
        "name": str(promotion.version),
        "digest": promotion.version.digest,
        "how": promotion.how,
        "decision": promotion.decision_id,
        "decision_digest": promotion.decision.digest if promotion.decision else None,
        "before": str(before) if before else None,
        "reason": promotion.reason,
        "created": promotion.created.isoformat(),
    }


def print_promotion(row: Mapping[str, Any], *, as_json: bool) -> int:
    """Prints a promotion, of this home or of a site."""
    from evalhub.frames.command import printing

    if as_json:
        printing.print_json(row)
        return 0
    ground = f"decision {row['decision']}" if row["decision"] else "no decision"
    how = {
        "promoted": f"by {ground}",
        "rolled-back": f"again, by a rollback: it rests on {ground}",
        "overridden": "by an override: NO DECISION MADE IT SO",
    }[row["how"]]
    instead = f", in place of {row['before']}" if row["before"] else ""
    typer.echo(
        f"{row['name']} is the champion of {row['project']}{instead}, {how}\n  {row['reason']}"
    )
    if row["before"] and row["how"] == "promoted":
        typer.echo(f"  A rollback goes back to {row['before']}.")
    return 0


def rollback(
    version: Version,
    project: Of,
    reason: Reason,
    by: By = None,
    to: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="An earlier champion; by default the previous one."),
    ] = None,
    server: There = None,
    token_file: TokenFile = None,
    json_: Json = False,
) -> int:
    """Roll the champion back to the previous one."""
    if server:
        body = {"reason": reason, "to": _other(to)}
        return print_promotion(
            _post(server, token_file, project, version, "rollback", body), as_json=json_
        )
    model_version, person = _at_home(project, version, by)
    from evalhub.features.lifecycle.rollback import roll_back

    older = None if to is None else _find_version(model_version, to)
    promotion = roll_back(version=model_version, by=person, reason=reason, to=older)
    return print_promotion(promotion_row(promotion), as_json=json_)


def override(
    version: Version,
    project: Of,
    reason: Reason,
    by: By = None,
    instead_of: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION",
            help="The present champion; refused if another version is champion by now.",
        ),
    ] = None,
    server: There = None,
    token_file: TokenFile = None,
    json_: Json = False,
) -> int:
    """Make a version the champion without a decision, by an owner's word alone."""
    if server:
        body = {"reason": reason, "instead_of": _other(instead_of)}
        return print_promotion(
            _post(server, token_file, project, version, "override", body), as_json=json_
        )
    model_version, person = _at_home(project, version, by)
    from evalhub.features.lifecycle.promotion import override_champion

    champion = None if instead_of is None else _find_version(model_version, instead_of)
    promotion = override_champion(
        version=model_version, by=person, reason=reason, instead_of=champion
    )
    return print_promotion(promotion_row(promotion), as_json=json_)


def retire(
    version: Version,
    project: Of,
    reason: Reason,
    by: By = None,
    server: There = None,
    token_file: TokenFile = None,
    json_: Json = False,
) -> int:
    """Retire a candidate."""
    if server:
        body = {"reason": reason}
        return _print_row(_post(server, token_file, project, version, "retire", body), json_)
    model_version, person = _at_home(project, version, by)
    from evalhub.features.lifecycle import moves

    return _print_row(_row(moves.retire(version=model_version, by=person, reason=reason)), json_)


def reopen(
    version: Version,
    project: Of,
    reason: Reason,
    by: By = None,
    server: There = None,
    token_file: TokenFile = None,
    json_: Json = False,
) -> int:
    """Bring a retired version back as a candidate."""
    if server:
        body = {"reason": reason}
        return _print_row(_post(server, token_file, project, version, "reopen", body), json_)
    model_version, person = _at_home(project, version, by)
    from evalhub.features.lifecycle import moves

    return _print_row(_row(moves.reopen(version=model_version, by=person, reason=reason)), json_)


def history(
    model: Annotated[str, typer.Argument(help="The model's name.", metavar="MODEL")],
    project: Of,
    server: There = None,
    token_file: TokenFile = None,
    json_: Json = False,
) -> int:
    """Show a model's history: the newest 50 changes of its versions' stages, newest first."""
    from evalhub.frames.command import printing

    rows = (
        _moves_there(server, token_file, project, model) if server else _moves_here(project, model)
    )
    if json_:
        printing.print_json(rows)
        return 0
    if not rows:
        typer.echo(f"No version of {model} has moved: each is a candidate.")
    for row in rows:
        _say(row)
    return 0


def _moves_here(project: str, model: str) -> list[dict[str, Any]]:
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.people import project_by_slug
    from evalhub.ledger.models import StageMove

    of = project_by_slug(project)
    line = of.models.written().filter(slug=model).first()
    if line is None:
        names = ", ".join(of.models.written().values_list("slug", flat=True)) or "none yet"
        message = f"{project} has no model {model!r} (models: {names})"
        raise typer.BadParameter(message, param_hint="MODEL")
    return [_row(each) for each in StageMove.objects.of_model(line).newest_first()[:SHOWN]]


def _moves_there(
    server: str, token_file: Path | None, project: str, model: str
) -> list[dict[str, Any]]:
    from urllib.parse import quote

    from evalhub.frames.command import printing
    from evalhub.frames.command.server import connect

    connection = connect(server, token_file, project, printing.terminal(errors=True))
    path = f"/models/{quote(model, safe='')}/history?page_size={SHOWN}"
    return list(connection.get(path).body["results"])


def _at_home(project: str, version: str, by: str | None) -> "tuple[ModelVersion, User]":
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.people import project_by_slug

    return _version_by_number(project_by_slug(project), version), person_named(by)


def _find_version(beside: "ModelVersion", name: str) -> "ModelVersion":
    return _version_by_number(beside.model.project, name)


def _version_by_number(project: "Project", name: str) -> "ModelVersion":
    from evalhub.declare.version_name import parse_numbered_version
    from evalhub.registry.version_names import version_by_name

    model, number = parse_numbered_version(name)
    return version_by_name(project, f"{model}@{number}")


def _post(
    server: str,
    token_file: Path | None,
    project: str,
    version: str,
    verb: str,
    body: Mapping[str, Any],
) -> dict[str, Any]:
    from evalhub.declare.version_name import parse_numbered_version

    model, number = parse_numbered_version(version)
    path = f"/models/{model}/versions/{number}/{verb}"
    return post_there(server, token_file, project, path, body)


def _other(name: str | None) -> dict[str, Any] | None:
    """A version as the body of a request names it."""
    from evalhub.declare.version_name import parse_numbered_version

    if name is None:
        return None
    model, number = parse_numbered_version(name)
    return {"model": model, "number": number}


def _row(move: "StageMove") -> dict[str, Any]:
    return {
        "id": move.pk,
        "name": str(move.version),
        "was": move.was,
        "stage": move.stage,
        "said": move.sentence,
        "override": move.is_override,
        "decision": move.decision_id,
        "by": move.by_id,
        "who": move.by.get_username(),
        "reason": move.reason,
        "created": move.created.isoformat(),
    }


def _print_row(row: Mapping[str, Any], as_json: bool) -> int:
    from evalhub.frames.command import printing

    if as_json:
        printing.print_json(row)
    else:
        _say(row)
    return 0


def _say(row: Mapping[str, Any]) -> None:
    ground = f", on decision {row['decision']}" if row["decision"] else ""
    who = row.get("who") or f"account {row['by']}"
    when = row["created"][:16].replace("T", " ")
    typer.echo(f"{when} UTC  {row['name']} {row['said']}{ground}\n  {who}: {row['reason']}")
