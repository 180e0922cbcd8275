"""Limits on files: for uploads from the web, and for an operator's commands."""

from dataclasses import dataclass

MIB = 1024 * 1024
DOCUMENT_MOST = 256 * MIB
"""Bytes of a JSON file that isn't read line by line: all of it is held in memory."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most of a file that is read.

    Attributes:
        bytes: of the file as it lies there; None for any number.
        decoded: of text that it holds once unpacked: what gzip or Parquet make of few bytes.
        rows: rows.
        line: bytes of a line of JSONL or CSV.
        cell: characters of one text in a row.
        values: values that a column of Parquet holds in one row group, in lists too.
    """

    bytes: int | None
    decoded: int | None
    rows: int | None
    line: int
    cell: int
    values: int


WEB = Limits(
    bytes=32 * MIB, decoded=128 * MIB, rows=50_000, line=4 * MIB, cell=MIB, values=2_000_000
)
COMMAND = Limits(
    bytes=None, decoded=None, rows=None, line=32 * MIB, cell=32 * MIB, values=100_000_000
)
ITEMS = Limits(
    bytes=128 * MIB, decoded=512 * MIB, rows=200_000, line=4 * MIB, cell=MIB, values=2_000_000
)
"""Of a test set that is edited by the web: it is read and written in bounded memory."""
LOG = Limits(
    bytes=128 * MIB, decoded=128 * MIB, rows=200_000, line=4 * MIB, cell=MIB, values=2_000_000
)
"""Of another tool's log that comes by the web, all of its files together: it is held in memory."""
