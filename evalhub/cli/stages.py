"""`evalhub rollback`, `override`, `retire`, `reopen`, `history`: a version's stage, and how it came
to it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.cli.bless import By, person_named, post_there, told, told_blessing
from evalhub.frames.command.options import Json, Of
from evalhub.frames.command.server import There, TokenFile

if TYPE_CHECKING:
    from evalhub.accounts.models import Project, User
    from evalhub.ledger.models import StageMove
    from evalhub.registry.models import ModelVersion

Version = Annotated[
    str, typer.Argument(help='The version: tuned@3, or "tuned v3".', metavar="VERSION")
]
Reason = Annotated[str, typer.Option(help="Why, in words.")]
SHOWN = 50


def rollback(
    version: Version,
    project: Of,
    reason: Reason,
    by: By = None,
    to: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="One that was champion before; else the one before."),
    ] = None,
    server: There = None,
    token_file: TokenFile = None,
    json_: Json = False,
) -> int:
    """Take this champion back, for the one before it."""
    if server:
        body = {"reason": reason, "to": _other(to)}
        return told(_post(server, token_file, project, version, "rollback", body), as_json=json_)
    found, person = _at_home(project, version, by)
    from evalhub.ledger.rollback import roll_back

    older = None if to is None else _named(found, to)
    made = roll_back(version=found, by=person, reason=reason, to=older)
    return told(told_blessing(made), as_json=json_)


def override(
    version: Version,
    project: Of,
    reason: Reason,
    by: By = None,
    instead_of: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="The champion: refused where it is another by now."),
    ] = None,
    server: There = None,
    token_file: TokenFile = None,
    json_: Json = False,
) -> int:
    """Make a version the champion without a decision, by an owner's word alone."""
    if server:
        body = {"reason": reason, "instead_of": _other(instead_of)}
        return told(_post(server, token_file, project, version, "override", body), as_json=json_)
    found, person = _at_home(project, version, by)
    from evalhub.ledger.overriding import override_champion

    champion = None if instead_of is None else _named(found, instead_of)
    made = override_champion(version=found, by=person, reason=reason, instead_of=champion)
    return told(told_blessing(made), as_json=json_)


def retire(
    version: Version,
    project: Of,
    reason: Reason,
    by: By = None,
    server: There = None,
    token_file: TokenFile = None,
    json_: Json = False,
) -> int:
    """Give a candidate up."""
    if server:
        body = {"reason": reason}
        return _said(_post(server, token_file, project, version, "retire", body), json_)
    found, person = _at_home(project, version, by)
    from evalhub.ledger import retiring

    return _said(_row(retiring.retire(version=found, by=person, reason=reason)), json_)


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
        return _said(_post(server, token_file, project, version, "reopen", body), json_)
    found, person = _at_home(project, version, by)
    from evalhub.ledger import retiring

    return _said(_row(retiring.reopen(version=found, by=person, reason=reason)), json_)


def history(
    model: Annotated[str, typer.Argument(help="The model's name.", metavar="MODEL")],
    project: Of,
    server: There = None,
    token_file: TokenFile = None,
    json_: Json = False,
) -> int:
    """Say how a model's versions came to their stages: the newest 50 moves, the newest first."""
    from evalhub.frames.command import printing

    rows = _there(server, token_file, project, model) if server else _here(project, model)
    if json_:
        printing.print_json(rows)
        return 0
    if not rows:
        typer.echo(f"No version of {model} has moved: each is a candidate.")
    for each in rows:
        _say(each)
    return 0


def _here(project: str, model: str) -> list[dict[str, Any]]:
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.people import named_project
    from evalhub.ledger.models import StageMove

    of = named_project(project)
    line = of.models.written().filter(slug=model).first()
    if line is None:
        there = ", ".join(of.models.written().values_list("slug", flat=True)) or "none yet"
        said = f"{project} has no model {model!r} (models: {there})"
        raise typer.BadParameter(said, param_hint="MODEL")
    return [_row(each) for each in StageMove.objects.of_model(line).newest_first()[:SHOWN]]


def _there(server: str, token_file: Path | None, project: str, model: str) -> list[dict[str, Any]]:
    from urllib.parse import quote

    from evalhub.frames.command import printing
    from evalhub.frames.command.server import connect

    connection = connect(server, token_file, project, printing.terminal(errors=True))
    path = f"/models/{quote(model, safe='')}/history?page_size={SHOWN}"
    return list(connection.get(path).body["results"])


def _at_home(project: str, version: str, by: str | None) -> "tuple[ModelVersion, User]":
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.people import named_project

    return _numbered(named_project(project), version), person_named(by)


def _named(beside: "ModelVersion", name: str) -> "ModelVersion":
    return _numbered(beside.model.project, name)


def _numbered(project: "Project", name: str) -> "ModelVersion":
    from evalhub.declare.version_name import numbered_version
    from evalhub.registry.version_names import named_version

    model, number = numbered_version(name)
    return named_version(project, f"{model}@{number}")


def _post(
    server: str,
    token_file: Path | None,
    project: str,
    version: str,
    verb: str,
    body: Mapping[str, Any],
) -> dict[str, Any]:
    from evalhub.declare.version_name import numbered_version

    model, number = numbered_version(version)
    path = f"/models/{model}/versions/{number}/{verb}"
    return post_there(server, token_file, project, path, body)


def _other(name: str | None) -> dict[str, Any] | None:
    """A version as a request names it."""
    from evalhub.declare.version_name import numbered_version

    if name is None:
        return None
    model, number = numbered_version(name)
    return {"model": model, "number": number}


def _row(move: "StageMove") -> dict[str, Any]:
    return {
        "id": move.pk,
        "name": str(move.version),
        "was": move.was,
        "stage": move.stage,
        "said": move.said,
        "override": move.overridden,
        "decision": move.decision_id,
        "by": move.by_id,
        "who": move.by.get_username(),
        "reason": move.reason,
        "created": move.created.isoformat(),
    }


def _said(row: Mapping[str, Any], as_json: bool) -> int:
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
