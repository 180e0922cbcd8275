"""Ratings and choices (rater, unit, label), read from a file.

A label that is absent, null or empty is missing. Whatever is wrong is a DataError.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub.io.numbers import LARGEST, finite_number
from evalhub.io.rows import DataError, Row, field, item_id, read_rows
from evalhub.stats.preference import CHOICES
from evalhub.stats.ratings import Label
from evalhub.stats.sides import Side

SIDES: dict[str, Side] = {"left": "left", "right": "right"}


@dataclass(frozen=True, slots=True)
class RatingRow:
    """One rater's label of one unit; None is missing. `field` and `row` say where it stands."""

    unit: str
    rater: str
    label: Label | None
    field: str
    row: Row


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """One choice between two answers. `side` is where the candidate stood, `numbers` what the
    asked-for fields hold, `cluster` what the item belongs to."""

    unit: str
    rater: str
    choice: str
    side: Side | None
    numbers: tuple[float, ...]
    line: int
    cluster: str = ""


def wide_ratings(path: Path, *, unit: str, raters: Sequence[str]) -> Iterator[RatingRow]:
    """Ratings from rows of units with one field a rater."""
    seen: set[str] = set()
    for row in read_rows(path):
        name = item_id(row, unit)
        for rater in raters:
            if _has(row, rater):
                seen.add(rater)
            yield RatingRow(name, rater, _label(row, rater), rater, row)
    for rater in raters:
        if rater not in seen:
            raise DataError("no row has this field", file=str(path), field=rater)


def long_ratings(path: Path, *, unit: str, rater: str, label: str) -> Iterator[RatingRow]:
    """Ratings from rows of one rating each."""
    seen = False
    for row in read_rows(path):
        seen = seen or _has(row, label)
        yield RatingRow(item_id(row, unit), item_id(row, rater), _label(row, label), label, row)
    if not seen:
        raise DataError("no row has this field", file=str(path), field=label)


def rating_table(
    ratings: Iterable[RatingRow], *, numbers: bool
) -> dict[object, dict[object, Label | None]]:
    """{unit: {rater: label}}; with `numbers`, text is read as numbers.

    Raises DataError for a second label of one unit by one rater, and for labels of several
    kinds: true is neither 1 nor "true", and making them equal would invent agreement.
    """
    table: dict[object, dict[object, Label | None]] = {}
    lines: dict[tuple[str, str], int] = {}
    for rating in of_one_kind(ratings):
        own = table.setdefault(rating.unit, {})
        if rating.label is None:
            own.setdefault(rating.rater, None)
            continue
        key = rating.unit, rating.rater
        if key in lines:
            raise _wrong(
                rating.row,
                rating.field,
                f"{rating.rater!r} rated {rating.unit!r} on line {lines[key]} already; "
                "keep one of the two",
            )
        lines[key] = rating.row.line
        own[rating.rater] = _number(rating) if numbers else rating.label
    return table


def of_one_kind(ratings: Iterable[RatingRow]) -> Iterator[RatingRow]:
    """The ratings as they are. Raises DataError for labels of several kinds."""
    first: tuple[str, RatingRow] | None = None
    for rating in ratings:
        if rating.label is not None:
            kind = _kind(rating.label)
            first = first or (kind, rating)
            if kind != first[0]:
                raise _wrong(
                    rating.row,
                    rating.field,
                    f"{_quote(rating.label)} is {kind}, where {_quote(first[1].label)} on line "
                    f"{first[1].row.line} is {first[0]}; write all labels in one way",
                )
        yield rating


def label_name(label: Label) -> str:
    """A label as a name in JSON: true for a boolean, 1 for the number 1.0."""
    if isinstance(label, bool):
        return "true" if label else "false"
    whole = isinstance(label, float) and label.is_integer()
    return str(int(label)) if whole else str(label)


def rating_scale(
    names: Sequence[str], ratings: Sequence[RatingRow], *, numbers: bool
) -> list[Label]:
    """The declared scale, converted to the type of the ratings' labels: numbers, booleans or texts.

    Raises DataError for a name that isn't of that kind, and for a label that isn't on the scale.
    """
    kinds = {_kind(rating.label) for rating in ratings if rating.label is not None}
    kind = "a number" if numbers else min(kinds, default="text")
    scale: list[Label] = []
    for name in names:
        label = _label_of(name, kind)
        if label is None:
            raise DataError(
                f"a label of this file is {kind}, and {name!r} of --labels isn't",
                file=ratings[0].row.file,
            )
        scale.append(label)
    for rating in ratings:
        label = _number(rating) if numbers and rating.label is not None else rating.label
        if label is not None and label not in scale:
            raise _wrong(rating.row, rating.field, f"{_quote(rating.label)} isn't one of --labels")
    return scale


def _label_of(name: str, kind: str) -> Label | None:
    if kind == "true/false":
        return {"true": True, "false": False}.get(name)
    if kind == "text":
        return name
    try:
        value = float(name)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def read_judgments(
    path: Path,
    *,
    unit: str,
    choice: str,
    rater: str | None = None,
    side: str | None = None,
    numbers: Sequence[str] = (),
    cluster: str | None = None,
) -> tuple[list[ChoiceRow], int]:
    """The judgments of a file, and the number of rows without a choice.

    Choices are "candidate", "baseline", "tie", "both-bad"; with `side`, the field that says
    where the candidate stood, also "left" and "right". Without a `rater` every row is another
    rater's. Raises DataError, also for a second judgment by one rater of one unit, unless the
    candidate stood on the other side.
    """
    judgments: list[ChoiceRow] = []
    lines: dict[tuple[str, str, Side | None], int] = {}
    skipped = 0
    for row in read_rows(path):
        name = item_id(row, unit)
        who = item_id(row, rater) if rater else ""
        chosen = field(row, choice)
        if chosen is None or chosen == "":
            skipped += 1
            continue
        stood = _side(row, side) if side else None
        line = lines.setdefault((name, who, stood), row.line) if rater else row.line
        if line != row.line:
            swapped = (
                "a repeat with the sides swapped has the other side"
                if side
                else (
                    "a repeat with the sides swapped needs the field that says the candidate's side"
                )
            )
            raise _wrong(row, unit, f"{who!r} judged {name!r} on line {line} already; {swapped}")
        judgments.append(
            ChoiceRow(
                unit=name,
                rater=who,
                choice=_choice(row, choice, stood),
                side=stood,
                numbers=tuple(_positive(row, number) for number in numbers),
                line=row.line,
                cluster=item_id(row, cluster) if cluster else "",
            )
        )
    if not judgments:
        raise DataError("no row holds a choice", file=str(path), field=choice)
    return judgments, skipped


def _has(row: Row, name: str) -> bool:
    try:
        field(row, name)
    except DataError:
        return False
    return True


def _label(row: Row, name: str) -> Label | None:
    value = field(row, name) if _has(row, name) else None
    match value:
        case str():
            return value.strip() or None
        case None | bool() | int() | float():
            return value
        case _:
            raise _wrong(row, name, f"a label is text, a number or true/false, not {_quote(value)}")


def _kind(label: Label) -> str:
    if isinstance(label, bool):
        return "true/false"
    return "text" if isinstance(label, str) else "a number"


def _number(rating: RatingRow) -> float:
    """The label as a number; in a CSV every label is text."""
    try:
        return finite_number(None if isinstance(rating.label, bool) else rating.label)
    except ValueError as error:
        raise _wrong(
            rating.row,
            rating.field,
            "the levels ordinal, interval and ratio need numbers, and this is "
            f"{_quote(rating.label)} (at most {LARGEST:g} in size); use --level nominal for names",
        ) from error


def _side(row: Row, name: str) -> Side:
    value = field(row, name)
    if not isinstance(value, str) or value not in SIDES:
        raise _wrong(row, name, f"the candidate stood left or right, not {_quote(value)}")
    return SIDES[value]


def _choice(row: Row, name: str, side: Side | None) -> str:
    value = field(row, name)
    if not isinstance(value, str) or value not in (*CHOICES, *SIDES):
        raise _wrong(
            row, name, f"{_quote(value)} is no choice; use {', '.join(CHOICES)}, left or right"
        )
    if value not in SIDES:
        return value
    if side is None:
        raise _wrong(
            row, name, f"{value!r} names a side; give the field that says the candidate's side"
        )
    return "candidate" if value == side else "baseline"


def _positive(row: Row, name: str) -> float:
    value = field(row, name)
    try:
        number = 0.0 if isinstance(value, bool) else finite_number(value)
    except ValueError:
        number = 0.0
    if number <= 0:
        raise _wrong(
            row,
            name,
            f"this is a number above 0, not {_quote(value)} (and at most {LARGEST:g})",
        )
    return number


def _wrong(row: Row, name: str, message: str) -> DataError:
    return DataError(message, file=row.file, line=row.line, field=name)


def _quote(value: Any) -> str:
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
