"""`evalhub labels`: one label a unit from several raters, from a file alone."""

import json
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.cli.ratings import Label, Rater, Raters, Ratings, Unit, read_ratings
from evalhub.frames.command.verbs import Printed, file_command

if TYPE_CHECKING:
    from evalhub.declare.analysis import LabelsDocument


class LabelMethod(StrEnum):
    majority = "majority"
    dawid_skene = "dawid-skene"


@file_command
def labels(
    file: Ratings,
    unit: Unit,
    raters: Raters = None,
    rater: Rater = None,
    label: Label = None,
    method: Annotated[
        LabelMethod,
        typer.Option(help="majority: votes. dawid-skene: votes weighed by each rater's habits."),
    ] = LabelMethod.majority,
    sure: Annotated[
        float,
        typer.Option(
            help="dawid-skene: chance that the likeliest label must have; else the unit is unsure.",
            min=0.0,
            max=1.0,
        ),
    ] = 0.5,
    out: Annotated[
        Path | None, typer.Option(help="Write the labels here: JSONL, a row a unit.")
    ] = None,
) -> Printed:
    """Combine several raters' labels into one label per unit. Ties and doubtful units get none."""
    from evalhub.analysis.consensus import labels_document
    from evalhub.analysis.labels import of_one_kind
    from evalhub.frames.command.outputs import check_output, whole

    check_output(out, option="--out", inputs=[file])
    rows = read_ratings(file, unit=unit, raters=raters, rater=rater, label=label)
    document = labels_document(list(of_one_kind(rows)), method.value, sure=sure)
    if out is not None:
        with whole(out, option="--out") as path:
            lines = (json.dumps(each.as_json(), ensure_ascii=False) for each in document.labels)
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return Printed(document, show=partial(_print, document))


def _print(document: "LabelsDocument") -> None:
    from evalhub.frames.command import printing
    from evalhub.frames.command.figures import count_text, figures, number

    console = printing.terminal()
    counts = [(document.units, "unit"), (document.raters, "rater"), (document.ratings, "rating")]
    console.print(", ".join([*(count_text(*each) for each in counts), document.method]))
    left = [
        (document.ties, "a tie"),
        (document.unsure, "unsure"),
        (document.unrated, "without a rating"),
    ]
    for count, what in left:
        if count:
            console.print(f"Without a label: {count_text(count, 'unit')}, {what}.", style="yellow")
    if document.converged is False:
        console.print("The fit was stopped before it had converged.", style="yellow")
    prior = document.prior or {}
    names = prior or document.shares
    console.print()
    shares = [(name, f"{document.shares.get(name, 0):,}") for name in names]
    if prior:
        rows = [(*row, number(prior[row[0]])) for row in shares]
        console.print(figures(("label", "units", "prior"), rows))
    else:
        console.print(figures(("label", "units"), shares))
    for habit in document.habits or []:
        console.print()
        console.print(
            figures(
                (f"{habit.rater} says", *names),
                [
                    (f"of {true}", *(number(None if row is None else row[name]) for name in names))
                    for true, row in habit.confusion.items()
                ],
            )
        )
