"""Requests and signals out of a file: NDJSON, gzipped or not, and Parquet, in bounded memory.

A file of LiteLLM's logger payloads, a JSON object a line, is known by its first line.
"""

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from math import isnan
from pathlib import Path
from typing import Any

from evalhub.accounts.models import Project
from evalhub.features.traffic.files.litellm import has_payloads, read_payloads
from evalhub.features.traffic.files.reading import MOST_ROWS, Rows, read_lines
from evalhub.features.traffic.flaws import Flaw, FlawReason
from evalhub.features.traffic.rows import RequestRow, SignalRow, TrafficSource
from evalhub.features.traffic.taking_in import Taken, take_in
from evalhub.io.limits import MIB
from evalhub.io.rows import DataError

BATCH_BYTES = 16 * MIB
LONGEST_LINE = 16 * MIB
"""A longer line is cut there, and so is no JSON."""
SHOWN_FLAWS = 10
_UNREADABLE_CELLS = (OSError, ValueError, OverflowError, KeyError)
"""What pyarrow raises besides: of damaged pages, times that no calendar has, unknown time zones."""

type Lines = Iterator[tuple[int, bytes]]


@dataclass(slots=True)
class Imported:
    """What became of a file's rows, as `Taken` of all batches; of the flaws the first ten."""

    requests: int = 0
    signals: int = 0
    there_already: int = 0
    waiting: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    flaws: list[Flaw] = field(default_factory=list)

    def add(self, taken: Taken) -> None:
        self.requests += taken.requests
        self.signals += taken.signals
        self.there_already += taken.there_already
        self.waiting += taken.waiting
        self.refused.update(str(flaw.reason) for flaw in taken.flaws)
        self.flaws += taken.flaws[: SHOWN_FLAWS - len(self.flaws)]


def import_traffic(
    *, project: Project, path: Path, kind: type[RequestRow | SignalRow] = RequestRow
) -> Imported:
    """Takes a file's rows in, batch by batch; the same file again changes nothing.

    Args:
        kind: of the rows, unless they are LiteLLM's payloads: these are requests.

    Raises:
        DataError: no such file, none of its rows can be read, or it is damaged; what came before
            the damage was taken.
    """
    imported = Imported()
    try:
        for source, rows in _rows(path, kind):
            _check_first(rows, imported, path)
            place = "signals" if kind is SignalRow else "requests"
            of_kind: Any = {place: rows.rows}
            imported.add(take_in(project=project, source=source, flaws=rows.flaws, **of_kind))
    except FileNotFoundError as error:
        raise DataError("no such file", file=str(path)) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"damaged gzip data: {error}", file=str(path)) from error
    if imported == Imported():
        raise DataError("holds no rows", file=str(path))
    return imported


def _rows(
    path: Path, kind: type[RequestRow | SignalRow]
) -> Iterator[tuple[TrafficSource, Rows[Any]]]:
    """The rows of a file in batches, and where they come from."""
    of_litellm = False
    for number, batch in enumerate(_batches(_lines(path))):
        if number == 0 and kind is RequestRow:
            of_litellm = has_payloads(next((line for _, line in batch if line.strip()), b""))
        if of_litellm:
            yield TrafficSource.LITELLM, read_payloads(batch)
        else:
            yield TrafficSource.FILE, read_lines(kind, batch)


def _check_first(rows: Rows[Any], imported: Imported, path: Path) -> None:
    """That the file is NDJSON, by its first batch."""
    if imported != Imported() or rows.rows or not rows.flaws:
        return
    if all(flaw.reason is FlawReason.NOT_JSON for flaw in rows.flaws):
        first = rows.flaws[0]
        raise DataError(f"isn't NDJSON: {first.message}", file=str(path), line=first.line)


def _batches(lines: Lines) -> Iterator[list[tuple[int, bytes]]]:
    """Lines by the number and bytes that one transaction takes."""
    batch: list[tuple[int, bytes]] = []
    size = 0
    for numbered in lines:
        batch.append(numbered)
        size += len(numbered[1])
        if len(batch) == MOST_ROWS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _lines(path: Path) -> Lines:
    if path.suffix.lower() == ".parquet":
        yield from _lines_of_parquet(path)
        return
    opener: Any = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            while len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                line = file.readline(LONGEST_LINE)


def _lines_of_parquet(path: Path) -> Lines:
    """Each row as a line of JSON. Empty cells, also NaN in a column of numbers, are left out."""
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(batch_size=MOST_ROWS // 10):
                for values in batch.to_pylist():
                    number += 1
                    yield number, _json_line(values)
    except FileNotFoundError:
        raise
    except (pyarrow.ArrowException, *_UNREADABLE_CELLS) as error:
        raise DataError(f"malformed Parquet: {error}", file=str(path)) from error


def _json_line(values: dict[str, Any]) -> bytes:
    cells = {name: _whole(value) for name, value in values.items() if not _is_empty(value)}
    return json.dumps(cells, default=_as_json).encode()


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, float) and isnan(value))


def _whole(value: Any) -> Any:
    """A column of whole numbers with empty cells is one of floats for many tools."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _as_json(value: Any) -> str | float:
    """Bytes that are no text become what no JSON has, so that their row is a flaw."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    return value.isoformat() if isinstance(value, datetime) else str(value)
