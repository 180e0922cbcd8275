"""`evalhub agreement`: how far raters agree, from a file alone."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalhub.stats.ratings import Label
    from evalhub.stats.ratings import Level as Scale

STATES = {
    "no-overlap": "No unit has two ratings: there is no agreement to measure.",
    "one-unit": "A single unit has two ratings: there are no intervals.",
    "few-units": "Only two or three units have two ratings: there are no intervals.",
    "uniform": "Raters agree on every unit, or differ alike on all: nothing shows how sure that "
    "is, so there are no intervals.",
    "one-category": "Every rating is the same: chance can't be told from skill.",
    "skewed": "One label has nearly all ratings, so alpha and kappa hang on a few of them: "
    "read raw agreement and Gwet's AC1.",
}


class Level(StrEnum):
    nominal = "nominal"
    ordinal = "ordinal"
    interval = "interval"
    ratio = "ratio"


def agreement(
    file: Annotated[Path, typer.Argument(help="Ratings: JSONL, CSV or Parquet.")],
    unit: Annotated[str, typer.Option(help="Field with what was rated.")],
    raters: Annotated[
        str | None, typer.Option(help="A row a unit: the raters' fields, as a,b,c.")
    ] = None,
    rater: Annotated[str | None, typer.Option(help="A row a rating: field with the rater.")] = None,
    label: Annotated[str | None, typer.Option(help="A row a rating: field with the label.")] = None,
    level: Annotated[
        Level,
        typer.Option(help="nominal: names. The others need numbers, and weigh how far apart."),
    ] = Level.nominal,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say how far raters agree, beyond chance too. Missing ratings are allowed."""
    from evalhub.cli import printing
    from evalhub.cli.labels import long_ratings, rating_table, wide_ratings

    if raters is not None and rater is None and label is None:
        rows = wide_ratings(file, unit=unit, raters=_names(raters))
    elif raters is None and rater is not None and label is not None:
        rows = long_ratings(file, unit=unit, rater=rater, label=label)
    else:
        raise typer.BadParameter(
            "give --raters a,b,c where a row is a unit, or --rater and --label where it is a rating"
        )
    found = measured(rating_table(rows, numbers=level is not Level.nominal), level.value)
    if json_:
        printing.print_json(found)
    else:
        _print(found)


def measured(
    table: "Mapping[object, Mapping[object, Label | None]]", level: "Scale"
) -> dict[str, Any]:
    """The document `evalhub.agreement/1` of ratings {unit: {rater: label}}."""
    from dataclasses import asdict

    from evalhub.stats.agreement import agreement, pair_kappas, rater_agreement
    from evalhub.stats.ratings import read_ratings

    ratings = read_ratings(table)
    found = agreement(ratings, level=level)
    kappas = [
        {"raters": [*each.raters], "units": each.units, "value": each.value}
        for each in pair_kappas(ratings, level=level)
    ]
    return {
        "schema": "evalhub.agreement/1",
        "state": found.state,
        "level": level,
        "units": found.units,
        "raters": found.raters,
        "ratings": found.ratings,
        "raw_agreement": found.raw_agreement,
        "krippendorff_alpha": asdict(found.krippendorff_alpha),
        "gwet_ac1": asdict(found.gwet_ac1),
        "fleiss_kappa": found.fleiss_kappa,
        "brennan_prediger": found.brennan_prediger,
        "cohen_kappa": kappas,
        "prevalence": {_key(label): share for label, share in found.prevalence.items()},
        "per_rater": [asdict(each) for each in rater_agreement(ratings)],
    }


def _names(raters: str) -> list[str]:
    names = [name.strip() for name in raters.split(",")]
    if not all(names) or len(set(names)) < len(names):
        raise typer.BadParameter(
            f"{raters!r} must name each rater's field once, as a,b,c", param_hint="--raters"
        )
    return names


def _key(label: "Label") -> str:
    """A label as a name in JSON: true for a boolean, 1 for the number 1.0."""
    if isinstance(label, bool):
        return "true" if label else "false"
    whole = isinstance(label, float) and label.is_integer()
    return str(int(label)) if whole else str(label)


def _print(found: dict[str, Any]) -> None:
    from evalhub.cli import printing
    from evalhub.cli.figures import counted, figures, interval, number

    console = printing.terminal()
    nominal = found["level"] == "nominal"
    counts = [counted(found[f"{noun}s"], noun) for noun in ("unit", "rater", "rating")]
    console.print(", ".join([*counts, found["level"]]))
    if found["state"] in STATES:
        console.print(STATES[found["state"]], style="yellow")
    alpha, gwet = found["krippendorff_alpha"], found["gwet_ac1"]
    rows = [
        ("raw agreement", number(found["raw_agreement"]), ""),
        (
            "Krippendorff's alpha",
            number(alpha["value"]),
            interval(alpha["lower"], alpha["upper"]),
        ),
        (
            "Gwet's AC1" if nominal else "Gwet's AC2",
            number(gwet["value"]),
            interval(gwet["lower"], gwet["upper"]),
        ),
        ("Fleiss' kappa", number(found["fleiss_kappa"]), ""),
        ("Brennan-Prediger", number(found["brennan_prediger"]), ""),
    ]
    kappas = [
        (" · ".join(each["raters"]), number(each["value"]), f"{each['units']:,}")
        for each in found["cohen_kappa"]
    ]
    people = [
        (each["rater"], number(each["agreement"]), f"{each['ratings']:,}")
        for each in found["per_rater"]
    ]
    shares = [(label, number(share)) for label, share in found["prevalence"].items()]
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
