"""`evalhub cost`: the total cost of a study's candidate, next to the present bill."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.options import Candidate
from evalhub.frames.command.verbs import Printed, command

if TYPE_CHECKING:
    from evalhub.accounts.models import Project
    from evalhub.declare.cost_sheet import CostSheet
    from evalhub.declare.ownership import Ownership
    from evalhub.registry.models import Study

SHOWN = 10


@command
def cost(
    study: Annotated[str, typer.Argument(help="The study's short name.", metavar="STUDY")],
    project: "Project",
    assume: Annotated[
        Path | None,
        typer.Option(
            help="A file of assumptions in place of the study's, part by part: YAML or JSON."
        ),
    ] = None,
    traffic: Annotated[float | None, typer.Option(help="Expected requests a month.")] = None,
    candidate: Candidate = None,
) -> Printed:
    """Compute a candidate's cost of ownership: initial development, training, data, evaluation,
    serving, upkeep and retraining; the break-even, and its decisive assumption. Every figure has
    its origin."""
    from evalhub.features.ownership.study_costs import cost_of
    from evalhub.registry.models import StudyArm

    assumptions = _assumptions(assume, traffic)
    try:
        sheet = cost_of(_study(project, study), assumptions, candidate=candidate or "")
    except StudyArm.DoesNotExist as error:
        raise typer.BadParameter(str(error), param_hint="--candidate") from error
    return Printed(sheet, show=partial(_print, sheet))


def _assumptions(file: Path | None, traffic: float | None) -> "Ownership | None":
    from evalhub.declare.declaration import DeclarationError, read_declaration, validate
    from evalhub.declare.ownership import CostAssumptions, Ownership
    from evalhub.io.document import Document

    start = "a file of assumptions is a mapping that starts with schema: evalhub.ownership/1"
    from_file = (
        None if file is None else read_declaration(CostAssumptions, Document(file), start=start)
    )
    if traffic is None:
        return from_file
    try:
        from_option = validate(Ownership, {"traffic": traffic})
    except DeclarationError as error:
        raise typer.BadParameter(error.message, param_hint="--traffic") from error
    return from_option if from_file is None else from_file.overlaid_with(from_option)


def _study(project: "Project", slug: str) -> "Study":
    from evalhub.registry.live_studies import check_not_live

    row: Study | None = project.studies.filter(slug=slug).first()
    if row is None:
        check_not_live(slug, project=project.slug)
        newest = ", ".join(project.studies.order_by("-pk").values_list("slug", flat=True)[:SHOWN])
        message = f"there is no study {slug!r} in {project.slug} (studies: {newest or 'none yet'})"
        raise typer.BadParameter(message, param_hint="STUDY")
    return row


def _print(sheet: "CostSheet") -> None:
    from evalhub.features.ownership.wording import amount, line_source, tornado_rows, totals
    from evalhub.frames.command import printing
    from evalhub.frames.command.figures import figures

    console = printing.terminal()
    print_ = partial(console.print, markup=False, soft_wrap=not console.is_terminal)
    print_(f"{sheet.candidate} beside {sheet.baseline}, in {sheet.currency}")
    for line in sheet.lines:
        request = f", {amount(line.per_request)} a request" if line.per_request else ""
        mark = "? " if line.missing else "  "
        print_(f"{mark}{line.name}: {amount(line.amount)}{request}")
        print_(f"      {line_source(line)}", style="dim")
    for name, total in totals(sheet):
        print_(f"{name}: {total}")
    print_(f"Break-even: {sheet.break_even.sentence}")
    if sheet.tornado:
        console.print(figures(["what matters most", "from", "to", ""], tornado_rows(sheet.tornado)))
    for note in sheet.notes:
        print_(note)
