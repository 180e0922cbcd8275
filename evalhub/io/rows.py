"""Rows out of the files people have: JSONL, CSV and Parquet, one row at a time, and JSON arrays.

Whatever is wrong with a file is a DataError that names the file, the line and the field. No
Django here, so that comparing two files of answers needs no database.
"""

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from evalhub.io.delimited import DelimitedError, excel_number, read_delimited
from evalhub.io.json_values import JsonError, check_value, parse_json
from evalhub.io.limits import COMMAND, Limits
from evalhub.io.row_counts import ROW_COUNTS

PARQUET_ROWS = 1_000
LARGEST_COLUMN = 1024**3
"""Bytes of a Parquet column in one row group, where nothing less is asked."""
READ = (
    "JSONL (.jsonl, .ndjson), CSV (.csv) and TSV (.tsv), a JSON array (.json), each of them "
    "gzipped too (.gz), and Parquet (.parquet)"
)

_BOM = b"\xef\xbb\xbf"


class DataError(Exception):
    """What is wrong with a file, and where: `answers.jsonl, line 3, field 'id': …`."""

    def __init__(
        self, message: str, *, file: str, line: int | None = None, field: str | None = None
    ) -> None:
        self.file, self.line, self.field, self.message = file, line, field, message
        unit = "row" if file.lower().endswith(".parquet") else "line"
        where = [file]
        if line is not None:
            where.append(f"{unit} {line}")
        if field is not None:
            where.append(f"field '{field}'")
        super().__init__(f"{', '.join(where)}: {message}")


class Row(NamedTuple):
    """One row: its line in the file (the row's number in Parquet, from 1) and its fields.

    `paths` say under which paths fields stand in the file that are called otherwise there.
    """

    line: int
    values: dict[str, Any]
    file: str = ""
    paths: Mapping[str, str] = MappingProxyType({})


type Unreadable = Callable[[DataError], None]
"""Takes what is wrong with one row; without it the first such row ends the reading."""


def read_rows(
    path: Path, limits: Limits = COMMAND, *, unreadable: Unreadable | None = None
) -> Iterator[Row]:
    """The rows of a JSONL, CSV or Parquet file in bounded memory, or those of a JSON array.

    Raises DataError, while reading: no such file, another format, no rows, malformed content,
    text that is not UTF-8, more of something than `limits` has, a value that no database keeps.
    With `unreadable` it is called in place of raising for a line of JSONL that is no JSON object,
    and for a row whose columns are too many or too few or that holds what no database keeps; such
    rows are left out.
    """
    file = str(path)
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    zipped = suffixes[-1:] == [".gz"]
    kind = "".join(suffixes[-2:-1] if zipped else suffixes[-1:])
    try:
        if limits.bytes is not None and (size := path.stat().st_size) > limits.bytes:
            raise DataError(f"has {size:,} bytes, and at most {limits.bytes:,} are read", file=file)
        match kind, zipped:
            case ((".jsonl" | ".ndjson"), _):
                rows = _read_jsonl(path, zipped, limits, unreadable)
            case ((".csv" | ".tsv"), _):
                rows = _read_csv(path, zipped, limits, unreadable)
            case ".json", _:
                rows = _read_array(path, limits)
            case ".parquet", False:
                rows = _read_parquet(path, limits, unreadable)
            case _:
                raise DataError(f"cannot read this kind of file; what is read: {READ}", file=file)
        number = 0
        for row in within_limits(rows, limits):
            number += 1
            ROW_COUNTS.read += 1
            yield row
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"damaged gzip data: {error}", file=file) from error
    except FileNotFoundError as error:
        raise DataError("no such file", file=file) from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", file=file) from error
    if not number:
        raise DataError("holds no rows", file=file)


def within_limits(rows: Iterable[Row], limits: Limits) -> Iterator[Row]:
    """The rows, if they are no more and hold no more than is read. Raises DataError."""
    for number, row in enumerate(rows, 1):
        if limits.rows is not None and number > limits.rows:
            raise DataError(
                f"holds more than {limits.rows:,} rows, the most that are read",
                file=row.file,
                line=row.line,
            )
        for name, value in row.values.items():
            if isinstance(value, str) and len(value) > limits.cell:
                raise wrong(
                    row,
                    name,
                    f"holds {len(value):,} characters, and at most {limits.cell:,} are read",
                )
        yield row


def progress_total(path: Path) -> int | None:
    """The last value that Row.line can take, for a progress bar, or None where only reading tells.

    Lines of a text file, rows of a Parquet file, None for gzip and for what can't be read.
    """
    try:
        match path.suffix.lower():
            case ".jsonl" | ".ndjson" | ".csv" | ".tsv":
                lines, last = 0, b"\n"
                with path.open("rb") as stream:
                    while chunk := stream.read(1 << 20):
                        lines, last = lines + chunk.count(b"\n"), chunk[-1:]
                return lines + (last != b"\n")
            case ".parquet":
                from pyarrow import parquet

                return int(parquet.read_metadata(path).num_rows)
            case _:
                return None
    except (OSError, ValueError):
        return None


def field(row: Row, name: str) -> Any:
    """The value of a field; `meta.domain` reaches into an object unless a field has that name.

    Raises DataError where the row has no such field.
    """
    if name in row.values:
        return row.values[name]
    value: Any = row.values
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            names = ", ".join(row.values) or "no fields"
            raise DataError(
                f"missing; the row has {names}",
                file=row.file,
                line=row.line,
                field=row.paths.get(name, name),
            )
        value = value[part]
    return value


def item_id(row: Row, name: str = "id") -> str:
    """The id of a row: text, or a whole number made text. Raises DataError for all else."""
    value = field(row, name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.strip():
        if is_delimited(row.file) and excel_number(value):
            raise wrong(
                row,
                name,
                f"{value!r} is how Excel writes a long number, whose other digits are lost: "
                "format the column as text, and export it again",
            )
        return value
    description = "empty" if isinstance(value, str) else json.dumps(value)
    raise wrong(row, name, f"an id is text or a whole number, and this one is {description}")


def is_delimited(file: str) -> bool:
    """Whether a file of this name is read as CSV, all of whose values are texts."""
    return Path(file.lower().removesuffix(".gz")).suffix in (".csv", ".tsv")


def wrong(row: Row, name: str, message: str) -> DataError:
    """An error about a field of a row, for the caller to raise."""
    return DataError(message, file=row.file, line=row.line, field=row.paths.get(name, name))


def _read_jsonl(
    path: Path, zipped: bool, limits: Limits, unreadable: Unreadable | None
) -> Iterator[Row]:
    file = str(path)
    for number, line in _lines(path, zipped, limits):
        if not line.strip():
            continue
        try:
            yield _json_row(line, number, file)
        except DataError as error:
            _pass_over(error, unreadable)


def _json_row(line: str, number: int, file: str) -> Row:
    try:
        values = parse_json(line)
    except JsonError as flaw:
        raise DataError(flaw.message, file=file, line=number, field=flaw.field or None) from flaw
    if not isinstance(values, dict):
        raise DataError(
            f"a JSON object was expected, and this is {line.strip()[:60]}", file=file, line=number
        )
    return Row(number, values, file)


def _pass_over(error: DataError, unreadable: Unreadable | None) -> None:
    if unreadable is None:
        raise error
    unreadable(error)


def _read_csv(
    path: Path, zipped: bool, limits: Limits, unreadable: Unreadable | None
) -> Iterator[Row]:
    file = str(path)
    csv.field_size_limit(
        max(limits.cell, COMMAND.cell)
    )  # Python's own limit of 128 KiB is short for a context
    header: list[str] = []
    texts = (text for _, text in _lines(path, zipped, limits))
    try:
        for line, cells, separator in read_delimited(texts):
            if not header:
                header = _header(cells, file, line)
            elif len(cells) != len(header):
                columns = DataError(
                    f"{len(cells)} columns, where the header has {len(header)} (columns are "
                    f"separated by {separator}, as in the header)",
                    file=file,
                    line=line,
                )
                _pass_over(columns, unreadable)
            else:
                row = Row(line, dict(zip(header, cells, strict=True)), file)
                yield from _storable(row, unreadable)
    except DelimitedError as error:
        raise DataError(str(error), file=file, line=error.line) from error


def _read_array(path: Path, limits: Limits) -> Iterator[Row]:
    from evalhub.io.json_document import JsonDocument

    yield from JsonDocument(path, limits).rows()


def _header(names: list[str], file: str, line: int | None) -> list[str]:
    for index, name in enumerate(names):
        if not name.strip():
            raise DataError(f"column {index + 1} of the header has no name", file=file, line=line)
        if name in names[:index]:
            raise DataError("the header names this column twice", file=file, line=line, field=name)
    return names


def _read_parquet(path: Path, limits: Limits, unreadable: Unreadable | None) -> Iterator[Row]:
    import pyarrow
    from pyarrow import parquet

    file = str(path)
    try:
        with parquet.ParquetFile(path) as table:
            _header(table.schema_arrow.names, file, None)
        texts = [
            column.name
            for column in table.schema_arrow
            if pyarrow.types.is_string(column.type) or pyarrow.types.is_large_string(column.type)
        ]
        # A text that comes a thousand times is stored once, and is to be held once.
        with parquet.ParquetFile(path, read_dictionary=texts) as table:
            number, read = 0, 0
            for group in range(table.num_row_groups):
                _check_group(table.metadata.row_group(group), limits, file, number)
                for batch in table.iter_batches(batch_size=PARQUET_ROWS, row_groups=[group]):
                    _check_texts(batch, limits, file, number)
                    for index in range(batch.num_rows):
                        number += 1
                        values = batch.slice(index, 1).to_pylist()[0]
                        read += sum(
                            len(value) for value in values.values() if isinstance(value, str)
                        )
                        _check_decoded(read, limits, file, number)
                        yield from _storable(Row(number, _plain(values), file), unreadable)
    except pyarrow.ArrowException as error:
        raise DataError(f"malformed Parquet: {error}", file=file) from error


def _check_group(group: Any, limits: Limits, file: str, before: int) -> None:
    """What the file says of a row group's columns, before any of them is unpacked."""
    for column in (group.column(index) for index in range(group.num_columns)):
        name = column.path_in_schema
        most = limits.decoded or LARGEST_COLUMN
        if column.total_uncompressed_size > most:
            raise DataError(
                f"unpacks to {column.total_uncompressed_size:,} bytes in one row group, and at "
                f"most {most:,} are read",
                file=file,
                line=before + 1,
                field=name,
            )
        if column.num_values > limits.values:
            raise DataError(
                f"holds {column.num_values:,} values in one row group, and at most "
                f"{limits.values:,} are read",
                file=file,
                line=before + 1,
                field=name,
            )


def _check_texts(batch: Any, limits: Limits, file: str, before: int) -> None:
    """That no text of the batch is too long, before it is written out for each row that has it."""
    from pyarrow import DictionaryArray, compute

    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if isinstance(column, DictionaryArray) and len(column.dictionary):
            longest = compute.max(compute.binary_length(column.dictionary)).as_py() or 0
            if longest > 4 * limits.cell:  # UTF-8 has up to four bytes a character
                raise DataError(
                    f"holds a text of {longest:,} bytes, and at most {limits.cell:,} characters "
                    "are read",
                    file=file,
                    line=before + 1,
                    field=name,
                )


def _check_decoded(read: int, limits: Limits, file: str, line: int) -> None:
    if limits.decoded is not None and read > limits.decoded:
        raise DataError(
            f"holds more than {limits.decoded:,} bytes once it is unpacked, the most that is read",
            file=file,
            line=line,
        )


def _plain(value: Any) -> Any:
    """Parquet's dates and times as ISO 8601 text: the only types JSON lacks that are taken."""
    match value:
        case dict():
            return {name: _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return value


def _lines(path: Path, zipped: bool, limits: Limits) -> Iterator[tuple[int, str]]:
    """The numbered lines of a UTF-8 file. Only a line feed ends a line, as in JSONL itself."""
    file = str(path)
    with gzip.open(path) if zipped else path.open("rb") as stream:
        number, read = 0, 0
        while raw := stream.readline(limits.line + 1):
            number, read = number + 1, read + len(raw)
            if len(raw) > limits.line:
                raise DataError(
                    f"longer than {limits.line // 1024**2} MiB, the most a line may hold",
                    file=file,
                    line=number,
                )
            _check_decoded(read, limits, file, number)
            if number == 1:
                _refuse_utf16(raw, file)
                raw = raw.removeprefix(_BOM)
            try:
                yield number, raw.decode("utf-8")
            except UnicodeDecodeError as error:
                raise DataError(
                    f"not UTF-8: byte 0x{raw[error.start]:02x} at position {error.start + 1} "
                    f"of the line{_other_encoding(raw, file)}; save the file as UTF-8",
                    file=file,
                    line=number,
                ) from error


def _other_encoding(line: bytes, file: str) -> str:
    """Which encoding a line may have that isn't UTF-8; "" where nothing speaks for one."""
    try:
        line.decode("cp1252")
    except UnicodeDecodeError:
        return ""
    excel = ", as Excel writes it under “CSV” (in place of “CSV UTF-8”)"
    return f", which may be Windows-1252{excel if is_delimited(file) else ''}"


def _refuse_utf16(start: bytes, file: str) -> None:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in start[:2]:
        raise DataError("this is UTF-16, not UTF-8; save the file as UTF-8", file=file, line=1)


def _storable(row: Row, unreadable: Unreadable | None) -> Iterator[Row]:
    try:
        check_value(row.values)
    except JsonError as flaw:
        error = DataError(flaw.message, file=row.file, line=row.line, field=flaw.field)
        _pass_over(error, unreadable)
    else:
        yield row
