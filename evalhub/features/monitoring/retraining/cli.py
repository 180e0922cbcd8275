"""`evalhub monitor proposals`, `decline`, `link`: what alarms propose, and what came of it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.features.monitoring.command_parts import (
    SHOWN,
    By,
    person_by_option,
    project_by_option,
)
from evalhub.frames.command.options import Of
from evalhub.frames.command.transports import Operation, get_rows, operation, post
from evalhub.frames.command.verbs import Printed

if TYPE_CHECKING:
    from evalhub.features.monitoring.models import RetrainProposal

Number = Annotated[
    int, typer.Argument(help="Its number, as `proposals` prints it.", metavar="PROPOSAL")
]


@operation
def proposals(project: Of) -> Operation:
    """List what alarms propose to train again: the newest 50, the newest first."""

    def here() -> list[dict[str, Any]]:
        from evalhub.features.monitoring.models import RetrainProposal
        from evalhub.features.monitoring.retraining.shapes import ProposalOut

        rows = RetrainProposal.objects.filter(project=project_by_option(project)).with_related()
        return [ProposalOut.from_model(row).as_json() for row in rows[:SHOWN]]

    there = get_rows(f"/proposals?page_size={SHOWN}")
    return Operation(project, here, there, lambda rows: Printed(rows, lines=_list_lines(rows)))


@operation
def decline(
    proposal: Number,
    project: Of,
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    by: By = None,
) -> Operation:
    """Decline a proposal to train again."""

    def here() -> dict[str, Any]:
        from evalhub.features.monitoring.retraining.proposals import decline_proposal

        row = _one(project, proposal)
        return _shown(decline_proposal(proposal=row, by=person_by_option(by), reason=reason))

    there = post(f"/proposals/{proposal}/decline", {"reason": reason})
    return Operation(project, here, there, lambda row: Printed(row, lines=_lines(row)))


@operation
def link(
    proposal: Number,
    version: Annotated[
        str, typer.Argument(help="The version that came of it.", metavar="MODEL@NUMBER")
    ],
    project: Of,
    by: By = None,
) -> Operation:
    """Say which version came of a proposal: later it shows whether that helped."""

    def here() -> dict[str, Any]:
        from evalhub.features.monitoring.retraining.proposals import link_retrained
        from evalhub.registry.version_names import version_by_name

        row = _one(project, proposal)
        retrained = version_by_name(row.project, version)
        linked = link_retrained(proposal=row, version=retrained, by=person_by_option(by))
        return _shown(linked)

    there = post(f"/proposals/{proposal}/retrained", {"version": version})
    return Operation(project, here, there, lambda row: Printed(row, lines=_lines(row)))


def _one(project: str, number: int) -> "RetrainProposal":
    from evalhub.features.monitoring.models import RetrainProposal

    rows = RetrainProposal.objects.filter(project=project_by_option(project)).with_related()
    row: RetrainProposal | None = rows.filter(pk=number).first()
    if row is None:
        message = f"{project} has no proposal {number} (evalhub monitor proposals)"
        raise typer.BadParameter(message, param_hint="PROPOSAL")
    return row


def _shown(row: "RetrainProposal") -> dict[str, Any]:
    from evalhub.features.monitoring.retraining.shapes import ProposalOut

    return ProposalOut.from_model(row).as_json()


def _list_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [line for row in rows for line in _lines(row)]
    return lines or ["There is no proposal yet: an alarm that proves a loss makes one."]


def _lines(row: Mapping[str, Any]) -> list[str]:
    lines = [f"{row['id']}  {row['state']}  {row['version']}  {row['subject']}"]
    lines += [f"  {sentence}" for sentence in row["sentences"]]
    if row["state"] == "declined":
        return [*lines, f"  Declined: {row['reason']}"]
    if row["outcome"] is None:
        return [*lines, *(f"  {command}" for command in row["commands"])]
    return [*lines, f"  {row['retrained']} came of it. {row['outcome']['sentence']}"]
