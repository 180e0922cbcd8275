"""Commands that move versions: `evalhub promote`, `rollback`, `override`, `retire`, `reopen`,
`shadow`; and `history`, which lists the moves. Each is done in this home, or asked of a site."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from evalhub.frames.command.options import Of
from evalhub.frames.command.transports import Operation, get_rows, operation, post
from evalhub.frames.command.verbs import Printed, user_by_option

if TYPE_CHECKING:
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
HOW = {
    "promoted": "by {ground}",
    "rolled-back": "again, by a rollback: it rests on {ground}",
    "overridden": "by an override: NO DECISION MADE IT SO",
}


class PromotedArm(StrEnum):
    candidate = "candidate"
    baseline = "baseline"


@operation
def promote(
    decision: Annotated[int, typer.Argument(help="The decision's number, as its page shows it.")],
    reason: Reason,
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
) -> Operation:
    """Make a version the project's champion, by its newest decision."""

    def here() -> dict[str, Any]:
        from evalhub.features.lifecycle import promotion
        from evalhub.ledger.models import Decision

        row = Decision.objects.select_related("study__project").filter(pk=decision).first()
        person = user_by_option(by)
        if row is None:
            raise typer.BadParameter(f"there is no decision {decision}", param_hint="DECISION")
        return _promotion_row(
            promotion.promote(decision=row, by=person, reason=reason, arm=arm.value)
        )

    body = {"reason": reason, "arm": arm.value}
    return Operation(project, here, post(f"/decisions/{decision}/promotion", body), _promotion)


@operation
def rollback(
    version: Version,
    project: Of,
    reason: Reason,
    by: By = None,
    to: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="An earlier champion; by default the previous one."),
    ] = None,
) -> Operation:
    """Roll the champion back to the previous one."""

    def here() -> dict[str, Any]:
        from evalhub.features.lifecycle.rollback import roll_back

        champion, person = _version(project, version), user_by_option(by)
        older = None if to is None else _version(project, to)
        return _promotion_row(roll_back(version=champion, by=person, reason=reason, to=older))

    body = {"reason": reason, "to": _version_fields(to)}
    return Operation(project, here, post(_path(version, "rollback"), body), _promotion)


@operation
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
) -> Operation:
    """Make a version the champion without a decision, by an owner's word alone."""

    def here() -> dict[str, Any]:
        from evalhub.features.lifecycle.promotion import override_champion

        row, person = _version(project, version), user_by_option(by)
        champion = None if instead_of is None else _version(project, instead_of)
        return _promotion_row(
            override_champion(version=row, by=person, reason=reason, instead_of=champion)
        )

    body = {"reason": reason, "instead_of": _version_fields(instead_of)}
    return Operation(project, here, post(_path(version, "override"), body), _promotion)


@operation
def retire(version: Version, project: Of, reason: Reason, by: By = None) -> Operation:
    """Retire a candidate."""
    return _stage_move("retire", version, project, reason, by)


@operation
def reopen(version: Version, project: Of, reason: Reason, by: By = None) -> Operation:
    """Bring a version that is retired, or in shadow, back as a candidate."""
    return _stage_move("reopen", version, project, reason, by)


@operation
def shadow(version: Version, project: Of, reason: Reason, by: By = None) -> Operation:
    """Put a candidate in shadow: it answers mirrored copies of requests."""
    return _stage_move("shadow", version, project, reason, by)


@operation
def history(
    model: Annotated[str, typer.Argument(help="The model's name.", metavar="MODEL")], project: Of
) -> Operation:
    """Show a model's history: the newest 50 changes of its versions' stages, newest first."""

    def here() -> list[dict[str, Any]]:
        from evalhub.accounts.people import project_by_slug
        from evalhub.ledger.models import StageMove

        models = project_by_slug(project).models.written()
        line = models.filter(slug=model).first()
        if line is None:
            names = ", ".join(models.values_list("slug", flat=True)) or "none yet"
            message = f"{project} has no model {model!r} (models: {names})"
            raise typer.BadParameter(message, param_hint="MODEL")
        return [_move_row(each) for each in StageMove.objects.of_model(line).newest_first()[:SHOWN]]

    def printed(rows: list[dict[str, Any]]) -> Printed:
        lines = [_move_line(row) for row in rows]
        return Printed(
            rows, lines=lines or [f"No version of {model} has moved: each is a candidate."]
        )

    there = get_rows(f"/models/{quote(model, safe='')}/history?page_size={SHOWN}")
    return Operation(project, here, there, printed)


def _stage_move(verb: str, version: str, project: str, reason: str, by: str | None) -> Operation:
    """A move that a reason is enough for."""

    def here() -> dict[str, Any]:
        from evalhub.features.lifecycle import moves

        verbs = {"retire": moves.retire, "reopen": moves.reopen, "shadow": moves.put_in_shadow}
        row, person = _version(project, version), user_by_option(by)
        return _move_row(verbs[verb](version=row, by=person, reason=reason))

    return Operation(project, here, post(_path(version, verb), {"reason": reason}), _move)


def _version(project: str, name: str) -> "ModelVersion":
    from evalhub.accounts.people import project_by_slug
    from evalhub.declare.version_name import parse_numbered_version
    from evalhub.registry.version_names import version_by_name

    of = project_by_slug(project)
    model, number = parse_numbered_version(name)
    return version_by_name(of, f"{model}@{number}")


def _path(version: str, verb: str) -> str:
    """The address of a version's verb, below its project."""
    from evalhub.declare.version_name import parse_numbered_version

    model, number = parse_numbered_version(version)
    return f"/models/{model}/versions/{number}/{verb}"


def _version_fields(name: str | None) -> dict[str, Any] | None:
    """A version as the body of a request names it."""
    from evalhub.declare.version_name import parse_numbered_version

    if name is None:
        return None
    model, number = parse_numbered_version(name)
    return {"model": model, "number": number}


def _promotion_row(promotion: "Promotion") -> dict[str, Any]:
    from evalhub.features.lifecycle.api import PromotionOut

    return PromotionOut.from_model(promotion).as_json() | {
        "promotion": promotion.pk,
        "digest": promotion.version.digest,
        "decision_digest": promotion.decision.digest if promotion.decision else None,
    }


def _promotion(row: Mapping[str, Any]) -> Printed:
    how = HOW[row["how"]].format(
        ground=f"decision {row['decision']}" if row["decision"] else "no decision"
    )
    instead = f", in place of {row['before']}" if row["before"] else ""
    lines = [
        f"{row['name']} is the champion of {row['project']}{instead}, {how}",
        f"  {row['reason']}",
    ]
    if row["before"] and row["how"] == "promoted":
        lines.append(f"  A rollback goes back to {row['before']}.")
    return Printed(row, lines=lines)


def _move_row(move: "StageMove") -> dict[str, Any]:
    from evalhub.features.lifecycle.api import MoveOut

    return MoveOut.from_model(move).as_json() | {
        "who": "by itself" if move.by is None else move.by.get_username()
    }


def _move(row: Mapping[str, Any]) -> Printed:
    return Printed(row, lines=[_move_line(row)])


def _move_line(row: Mapping[str, Any]) -> str:
    ground = f", on decision {row['decision']}" if row["decision"] else ""
    who = row.get("who") or f"account {row['by']}"
    when = row["created"][:16].replace("T", " ")
    return f"{when} UTC  {row['name']} {row['said']}{ground}\n  {who}: {row['reason']}"
