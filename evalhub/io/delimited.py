"""Rows of text with a separator between columns: commas, semicolons, tabs or pipes.

Which one it is is counted in the header, outside quotes; a first line `sep=;`, as Excel writes it,
says it. Excel's own habits are named where they stand in the way.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}
"""By the separator, its name in the plural; of those that are as frequent the first is taken."""
MOST_HEADER_LINES = 100

_DECLARED = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE | re.DOTALL)
_EXCEL_LONG = re.compile(r"\d[.,]\d+E\+\d{2}")


class DelimitedError(ValueError):
    """What is wrong with the text, and the line (from 1) on which its row starts."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class Cells(NamedTuple):
    """The columns of one row that is not empty, its line, and the name of the separator."""

    line: int
    cells: list[str]
    separator: str


def read_delimited(lines: Iterable[str]) -> Iterator[Cells]:
    """The rows of a text whose lines still end as they do; the header is the first of them.

    Raises DelimitedError for quotes that don't fit, and a separator that isn't read.
    """
    remaining, number, declared, header, quotes = iter(lines), 0, "", list[str](), 0
    for line in remaining:
        number += 1
        declaration = _DECLARED.fullmatch(line) if number == 1 else None
        if declaration is not None:
            declared = declaration[1]
            if declared not in SEPARATORS:
                raise DelimitedError(
                    f"columns are separated by {', '.join(SEPARATORS.values())}, and this line "
                    f"says {declared!r}",
                    1,
                )
        elif line.strip() or header:
            header.append(line)
            quotes += line.count('"')
            # no quote is open: the header ends here
            if quotes % 2 == 0 or len(header) == MOST_HEADER_LINES:
                break
    start = number - len(header) + 1
    separator = declared or _separator("".join(header))
    reader = csv.reader(_again(header, remaining), delimiter=separator, strict=True)
    begun = start
    try:
        for cells in reader:
            row, begun = begun, start + reader.line_num
            if cells:
                yield Cells(row, cells, SEPARATORS[separator])
    except csv.Error as error:
        raise DelimitedError(
            f"malformed CSV: {error} (columns are separated by {SEPARATORS[separator]})", begun
        ) from error


def excel_number(text: str) -> bool:
    """Whether a text is a long number as Excel writes it, most of whose digits are lost."""
    return _EXCEL_LONG.fullmatch(text.strip()) is not None


def _separator(header: str) -> str:
    """The most frequent separator of the header, outside quotes; a comma where there is none."""
    outside = re.sub(r'"[^"]*"?', "", header)
    return max(SEPARATORS, key=outside.count)


def _again(header: list[str], remaining: Iterator[str]) -> Iterator[str]:
    yield from header
    yield from remaining
