"""`evalhub agreement`: how far raters agree, from a file alone."""

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.cli.ratings import Label, Rater, Raters, Ratings, Unit, read_ratings
from evalhub.frames.command.verbs import Printed, file_command

if TYPE_CHECKING:
    from evalhub.declare.analysis import AgreementDocument

STATES = {
    "no-overlap": "No unit has two ratings: there is no agreement to measure.",
    "one-unit": "A single unit has two ratings: there are no intervals.",
    "few-units": "Only two or three units have two ratings: there are no intervals.",
    "uniform": "Raters agree on every unit, or differ alike on all: nothing shows how sure that "
    "is, so there are no intervals.",
    "one-category": "Every rating is the same: chance can't be distinguished from skill.",
    "skewed": "One label has nearly all ratings, so alpha and kappa hang on a few of them: "
    "read raw agreement and Gwet's AC1.",
}


class Level(StrEnum):
    nominal = "nominal"
    ordinal = "ordinal"
    interval = "interval"
    ratio = "ratio"


@file_command
def agreement(
    file: Ratings,
    unit: Unit,
    raters: Raters = None,
    rater: Rater = None,
    label: Label = None,
    level: Annotated[
        Level,
        typer.Option(help="nominal: names. The others need numbers, and weigh how far apart."),
    ] = Level.nominal,
    labels: Annotated[
        str | None,
        typer.Option(
            help="All possible labels, as a,b,c; by default those that occur. Their number sets "
            "Gwet's chance agreement."
        ),
    ] = None,
) -> Printed:
    """Measure raters' agreement, raw and beyond chance. Missing ratings are allowed."""
    from evalhub.analysis.agreement import agreement_document
    from evalhub.analysis.labels import rating_scale, rating_table

    rows = read_ratings(file, unit=unit, raters=raters, rater=rater, label=label)
    ratings, numbers = list(rows), level is not Level.nominal
    table = rating_table(ratings, numbers=numbers)
    scale = None if labels is None else rating_scale(_scale(labels), ratings, numbers=numbers)
    document = agreement_document(table, level.value, scale=scale)
    return Printed(document, show=partial(_print, document))


def _scale(labels: str) -> list[str]:
    names = [name.strip() for name in labels.split(",")]
    if not all(names) or len(set(names)) < max(len(names), 2):
        raise typer.BadParameter(
            f"{labels!r} must name each label once, two or more, as a,b,c", param_hint="--labels"
        )
    return names


def _print(document: "AgreementDocument") -> None:
    from evalhub.frames.command import printing
    from evalhub.frames.command.figures import count_text, figures, interval, number

    console = printing.terminal()
    nominal = document.level == "nominal"
    counts = [
        count_text(count, noun)
        for count, noun in [
            (document.units, "unit"),
            (document.raters, "rater"),
            (document.ratings, "rating"),
        ]
    ]
    console.print(", ".join([*counts, document.level]))
    if document.state in STATES:
        console.print(STATES[document.state], style="yellow")
    alpha, gwet = document.krippendorff_alpha, document.gwet_ac1
    rows = [
        ("raw agreement", number(document.raw_agreement), ""),
        (
            "Krippendorff's alpha",
            number(alpha.value),
            interval(alpha.lower, alpha.upper),
        ),
        (
            "Gwet's AC1" if nominal else "Gwet's AC2",
            number(gwet.value),
            interval(gwet.lower, gwet.upper),
        ),
        ("Fleiss' kappa", number(document.fleiss_kappa), ""),
        ("Brennan-Prediger", number(document.brennan_prediger), ""),
    ]
    kappas = [
        (" · ".join(pair.raters), number(pair.value), f"{pair.units:,}")
        for pair in document.cohen_kappa
    ]
    people = [
        (str(rater.rater), number(rater.agreement), f"{rater.ratings:,}")
        for rater in document.per_rater
    ]
    shares = [(label, number(share)) for label, share in document.prevalence.items()]
    tables = [
        figures(("agreement", "value", "95% interval"), rows),
        figures(("Cohen's kappa", "value", "units"), kappas),
        figures(("rater", "agrees with the rest", "ratings"), people),
        figures(("label", "share"), shares),
    ]
    for table in tables:
        if table.row_count:
            console.print()
            console.print(table)
    console.print()
    console.print(
        f"AC1 and Brennan-Prediger reckon chance with {count_text(document.labels, 'label')}, "
        + (
            "as declared."
            if document.scale == "declared"
            else "those that occur; --labels says all."
        ),
        style="dim",
    )
