"""`evalhub sample`: a weighted sample of a log of requests, as a test set's file."""

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.verbs import Printed, file_command

if TYPE_CHECKING:
    from evalhub.declare.analysis import SampleDocument


class SampleAllocation(StrEnum):
    proportional = "proportional"
    equal = "equal"


@file_command
def sample(
    file: Annotated[Path, typer.Argument(help="Requests, a row each: JSONL, CSV or Parquet.")],
    out: Annotated[Path, typer.Option(help="The test set's file to write: FILE.jsonl")],
    n: Annotated[int, typer.Option("--n", help="Rows to draw.")],
    seed: Annotated[str, typer.Option(help="The same seed draws the same rows.")],
    by: Annotated[
        list[str] | None,
        typer.Option(help="Field of the strata, such as a language. Repeatable."),
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Field with the user: a user's rows belong together.")
    ] = None,
    allocation: Annotated[
        SampleAllocation,
        typer.Option(help="Strata in proportion to their rows, or equally many of each."),
    ] = SampleAllocation.proportional,
    least: Annotated[int, typer.Option(help="Rows of each stratum, or all.")] = 2,
    without: Annotated[
        list[Path] | None,
        typer.Option(help="File of an earlier sample: what it asks is left out. Repeatable."),
    ] = None,
    id_field: Annotated[str, typer.Option("--id", help="Field with the row's id.")] = "id",
    input_: Annotated[str, typer.Option("--input", help="Field with the request.")] = "input",
) -> Printed:
    """Draw a sample of a log of requests; its weights make estimates those of the whole log."""
    from evalhub.analysis.sample import SampleRequest, draw_from_file
    from evalhub.frames.command.outputs import check_output, whole
    from evalhub.io.items import FieldMapping

    if out.suffix != ".jsonl":
        raise typer.BadParameter(f"{out} must end in .jsonl", param_hint="--out")
    check_output(out, option="--out", inputs=[file, *(without or [])])
    request = SampleRequest(
        path=file,
        mapping=FieldMapping(id=id_field, input=input_),
        count=n,
        by=by or [],
        cluster=cluster,
        seed=seed,
        allocation=allocation.value,
        least=least,
        without=without or [],
    )
    document, lines = draw_from_file(request)
    with whole(out, option="--out") as path, path.open("w", encoding="utf-8") as stream:
        stream.writelines(lines)
    return Printed(document, show=partial(_print, document, out))


def _print(document: "SampleDocument", out: Path) -> None:
    from evalhub.frames.command import printing
    from evalhub.frames.command.figures import count_text, figures

    console = printing.terminal()
    console.print(
        f"{out}: {count_text(document.drawn, 'item')} of {count_text(document.rows, 'row')}; "
        f"the effective n is {document.effective:,.0f}"
    )
    if document.left_out:
        console.print(f"Drawn before: {count_text(document.left_out, 'row')}.", style="dim")
    for cluster, share in document.large_clusters.items():
        console.print(f"{share:.0%} of the sample is of {cluster}.", style="yellow")
    console.print()
    rows = [
        (each.stratum, f"{each.rows:,}", f"{each.drawn:,}", f"{each.weight:,.4g}")
        for each in document.strata
    ]
    console.print(figures(("stratum", "rows", "drawn", "weight"), rows))
    console.print()
    console.print("In a study file: fields: {weight: weight}", style="dim")
