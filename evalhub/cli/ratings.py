"""The options that describe ratings: one row for each unit, or one for each rating."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evalhub.analysis.labels import RatingRow

Ratings = Annotated[Path, typer.Argument(help="Ratings: JSONL, CSV or Parquet.")]
Unit = Annotated[str, typer.Option(help="Field with the rated unit.")]
Raters = Annotated[str | None, typer.Option(help="A row a unit: the raters' fields, as a,b,c.")]
Rater = Annotated[str | None, typer.Option(help="A row a rating: field with the rater.")]
Label = Annotated[str | None, typer.Option(help="A row a rating: field with the label.")]


def read_ratings(
    file: Path, *, unit: str, raters: str | None, rater: str | None, label: str | None
) -> Iterator["RatingRow"]:
    """The ratings in either form. Raises typer.BadParameter if neither is described."""
    from evalhub.analysis.labels import long_ratings, wide_ratings

    if raters is not None and rater is None and label is None:
        return wide_ratings(file, unit=unit, raters=_names_of(raters))
    if raters is None and rater is not None and label is not None:
        return long_ratings(file, unit=unit, rater=rater, label=label)
    raise typer.BadParameter(
        "give --raters a,b,c where a row is a unit, or --rater and --label where it is a rating"
    )


def _names_of(raters: str) -> list[str]:
    names = [name.strip() for name in raters.split(",")]
    if not all(names) or len(set(names)) < len(names):
        raise typer.BadParameter(
            f"{raters!r} must name each rater's field once, as a,b,c", param_hint="--raters"
        )
    return names
