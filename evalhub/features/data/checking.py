"""Checks a training file: all rows by the exact checks, a random sample by the heavy ones.

No database. In bounded memory, whatever the file's size: the exact checks hold hashes and counts,
the sample a bounded number of characters.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from evalhub import __version__
from evalhub.declare.data_report import (
    Against,
    DataFinding,
    DataReport,
    Layout,
    Measure,
    ReportTable,
    Weight,
)
from evalhub.features.data.checks.check import CheckSettings, DataCheck
from evalhub.features.data.checks.masked import masked_text
from evalhub.features.data.checks.table import CHECKS
from evalhub.features.data.rows.reading import OTHER_LAYOUT, read_training_rows
from evalhub.features.data.rows.sample import MOST_CHARACTERS, RowSample
from evalhub.io.limits import COMMAND, Limits
from evalhub.io.rows import DataError

type CheckProgress = Callable[[str, int], None]
"""Takes "rows" and the line that was read, then each heavy check's name and the rows it sees."""

EVERY = 1_000
"""Rows between two calls of the progress."""
_WEIGHTS: tuple[Weight, ...] = ("serious", "important", "minor")


def check_file(
    path: Path,
    settings: CheckSettings,
    checks: Sequence[DataCheck] = CHECKS,
    *,
    against: Against | None = None,
    progress: CheckProgress | None = None,
    limits: Limits = COMMAND,
    characters: int = MOST_CHARACTERS,
) -> DataReport:
    """What is good and bad about a training file; the same file, settings and seed give the same
    report.

    Args:
        against: names what `settings.reference` is.
        characters: the most that the sample of the heavy checks holds.

    Raises DataError: what `read_training_rows` raises, and a file that changed meanwhile.
    """
    digest, before = _digest(path), path.stat()
    counters = [check.on_all_rows(settings) for check in checks if check.on_all_rows]
    sample = RowSample(settings.options.sample, seed=settings.options.seed, characters=characters)
    layout: Layout | None = None
    for row in read_training_rows(path, limits):
        if layout is None and not any(code == OTHER_LAYOUT for code, _ in row.flaws):
            layout = row.layout
        for counter in counters:
            counter.see(row)
        sample.add(row)
        if progress and sample.seen % EVERY == 0:
            progress("rows", row.line)
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise DataError("changed while it was read; check it again", file=str(path))
    results = [counter.result() for counter in counters]
    counters.clear()  # what they hold makes room for the heavy checks
    rows = sample.rows()
    whole = replace(settings, rows=sample.seen)
    for check in checks:
        if check.on_sample:
            if progress:
                progress(check.name, len(rows))
            results.append(check.on_sample(rows, whole))
    is_sampled = len(rows) < sample.seen
    return DataReport(
        file=path.name,
        sha256=digest,
        layout=layout or rows[0].layout,
        rows=sample.seen,
        sampled=len(rows) if is_sampled else None,
        options=settings.options,
        against=against,
        test_sets=tuple(settings.test_sets),
        findings=_by_weight([finding for result in results for finding in result.findings]),
        measures=(
            *([_sampled_rows(len(rows), sample.is_cut, characters)] if is_sampled else ()),
            *(measure for result in results for measure in result.measures),
        ),
        tables=tuple(_without_values(table) for result in results for table in result.tables),
        unchecked=tuple(unchecked for result in results for unchecked in result.unchecked),
        evalhub=__version__,
    )


def _digest(path: Path) -> str:
    """SHA-256 of the file's bytes. Raises DataError where it can't be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise DataError("no such file", file=str(path)) from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", file=str(path)) from error


def _by_weight(findings: list[DataFinding]) -> tuple[DataFinding, ...]:
    """The weightiest first, of one weight those that concern most rows."""
    return tuple(
        sorted(findings, key=lambda each: (_WEIGHTS.index(each.weight), -(each.rows or 0)))
    )


def _without_values(table: ReportTable) -> ReportTable:
    """The table, without personal data and secrets in what its cells show of rows."""
    rows = (
        tuple(masked_text(cell) if isinstance(cell, str) else cell for cell in row)
        for row in table.rows
    )
    return table.model_copy(update={"rows": tuple(rows)})


def _sampled_rows(count: int, is_cut: bool, characters: int) -> Measure:
    note = "drawn at random, for the checks that would take too long on all rows"
    if is_cut:
        note += f"; fewer than wanted: rows are long, and {characters:,} characters are held"
    return Measure(
        check="sample",
        topic="format",
        name="sampled_rows",
        label="Rows in the sample of the heavy checks",
        value=count,
        unit="rows",
        note=note,
    )
