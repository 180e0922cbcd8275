"""Rows written as JSON lines or Parquet, and the error of what a format can't say."""

import json
from collections.abc import Iterable, Sequence
from itertools import batched
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

Form = Literal["jsonl", "parquet"]
AT_ONCE = 2000


class ExportError(Exception):
    """Something that can't be written in this format, with what would be right."""


def write_rows(
    rows: Iterable[dict[str, Any]], to: Path, form: Form, schema: Sequence[tuple[str, Any]]
) -> int:
    """Writes the rows in batches of 2,000. Returns their number.

    In Parquet each has the schema's columns, a `pyarrow` type each; what is nested is JSON there.
    """
    if form == "parquet":
        return _write_parquet(rows, to, pa.schema(schema))
    count = 0
    with to.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
            count += 1
    return count


def _write_parquet(rows: Iterable[dict[str, Any]], to: Path, schema: pa.Schema) -> int:
    texts = {field.name for field in schema if field.type == pa.string()}
    count = 0
    with pq.ParquetWriter(to, schema, compression="zstd") as writer:
        for part in batched(rows, AT_ONCE):
            table = [
                {name: _text(value) if name in texts else value for name, value in row.items()}
                for row in part
            ]
            writer.write_table(pa.Table.from_pylist(table, schema=schema))
            count += len(part)
    return count


def _text(value: Any) -> str | None:
    return (
        value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    )
