"""A training file as its trainer reads it: one training row after the other, with flaws. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from evalhub.declare.data_report import Layout
from evalhub.features.data.rows.layouts import LaidOutRow, training_row
from evalhub.features.data.rows.messages import RowError
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.io.limits import COMMAND, Limits
from evalhub.io.rows import DataError, Row, read_rows

DECIDING = 100
"""Rows at the beginning by which the file's layout is decided: that of most of them."""
MOST_UNREADABLE = 10_000
"""Of unreadable rows on end: a file that has more is not what its name says."""
UNREADABLE = "unreadable"
OTHER_LAYOUT = "other-layout"
"""Codes of flaws: of a row that isn't even one, and of one that is laid out unlike the file."""


def read_training_rows(path: Path, limits: Limits = COMMAND) -> Iterator[TrainingRow]:
    """Every row of a JSONL, CSV, Parquet or JSON file, in bounded memory.

    A row that can't be read, or is laid out unlike the first ones, is a row with that flaw.

    Raises DataError at the first row: no such file, a damaged one, one none of whose first rows
    can be read or has a layout that trainers know. While reading: damaged gzip or Parquet, more
    than `MOST_UNREADABLE` unreadable rows on end.
    """
    read = _attempts(path, limits)
    first = list(islice(read, DECIDING))
    laid_out = [attempt for attempt in first if isinstance(attempt, LaidOutRow)]
    if not laid_out:
        raise next(attempt for attempt in first if isinstance(attempt, DataError))
    usual = Counter(attempt.names for attempt in laid_out).most_common(1)[0][0]
    layout = next(attempt.row.layout for attempt in laid_out if attempt.names == usual)
    for attempt in chain(first, read):
        if isinstance(attempt, DataError):
            yield _empty_row(attempt, layout)
        else:
            yield attempt.row if attempt.names == usual else _unlike(attempt, usual)


class _RowFlaw(DataError):
    """What is wrong with a row, of which nothing could be read."""

    code = UNREADABLE


def _attempts(path: Path, limits: Limits) -> Iterator[LaidOutRow | DataError]:
    """Each row, or what is wrong with it."""
    unreadable: list[DataError] = []
    any_row = False

    def keep(error: DataError) -> None:
        if len(unreadable) == (MOST_UNREADABLE if any_row else DECIDING):
            raise unreadable[0]
        # without the traceback, which would hold the row's text
        unreadable.append(
            DataError(error.message, file=error.file, line=error.line, field=error.field)
        )

    try:
        for row in read_rows(path, limits, unreadable=keep):
            any_row = True
            yield from unreadable
            unreadable.clear()
            yield _attempt(row)
    except DataError:
        # of a file whose lines are all broken, the first line's error says more than "no rows"
        if any_row or not unreadable:
            raise
    yield from unreadable


def _attempt(row: Row) -> LaidOutRow | DataError:
    try:
        return training_row(row.line, row.values)
    except RowError as error:
        flaw = _RowFlaw(error.message, file=row.file, line=row.line, field=error.field)
        flaw.code = error.code
        return flaw


def _unlike(attempt: LaidOutRow, usual: str) -> TrainingRow:
    row = attempt.row
    flaw = (OTHER_LAYOUT, f"laid out as {attempt.names}, and the file's first rows as {usual}")
    return replace(row, flaws=(flaw, *row.flaws))


def _empty_row(error: DataError, layout: Layout) -> TrainingRow:
    code = error.code if isinstance(error, _RowFlaw) else UNREADABLE
    where = f"field '{error.field}': " if error.field else ""
    return TrainingRow(error.line or 1, layout, "", "", "", flaws=((code, where + error.message),))
