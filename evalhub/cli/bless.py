"""`evalhub bless`: a decision's version becomes the project's baseline."""

from enum import StrEnum
from typing import Annotated

import typer

from evalhub.cli.options import Json


class BlessedArm(StrEnum):
    candidate = "candidate"
    baseline = "baseline"


def bless(
    decision: Annotated[int, typer.Argument(help="The decision's number, as its page shows it.")],
    by: Annotated[str, typer.Option(help="User name of who blesses.")],
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    arm: Annotated[
        BlessedArm,
        typer.Option(
            help="candidate: what ships; baseline: a project's first, or one that it had before."
        ),
    ] = BlessedArm.candidate,
    json_: Json = False,
) -> int:
    """Make a version the project's baseline, by a decision that stands. Nothing else moves it."""
    from evalhub.cli import printing
    from evalhub.cli.setup import set_up_database

    set_up_database()
    from evalhub.accounts.models import User
    from evalhub.gate.blessing import bless as make_baseline
    from evalhub.gate.models import Decision

    found = Decision.objects.select_related("study__project").filter(pk=decision).first()
    person = User.objects.filter(username=by).first()
    if found is None:
        raise typer.BadParameter(f"there is no decision {decision}", param_hint="DECISION")
    if person is None:
        raise typer.BadParameter(f"there is no user {by!r}", param_hint="--by")
    made = make_baseline(decision=found, by=person, reason=reason, arm=arm.value)
    before = made.before.version if made.before else None
    if json_:
        printing.print_json(
            {
                "blessing": made.pk,
                "project": made.project.slug,
                "version": str(made.version),
                "digest": made.version.digest,
                "decision": made.decision_id,
                "decision_digest": found.digest,
                "before": str(before) if before else None,
                "created": made.created.isoformat(),
            }
        )
    else:
        instead = f", in place of {before}" if before else ""
        typer.echo(f"{made.version} is the baseline of {made.project}{instead}\n  {made.reason}")
    return 0
