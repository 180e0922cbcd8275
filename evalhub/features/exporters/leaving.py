"""Rules for every export: who may export, and an entry in the audit log."""

import json
from collections.abc import Iterable, Sequence
from itertools import batched
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import transaction

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.accounts.results_seen import expose

Form = Literal["jsonl", "parquet"]
AT_ONCE = 2000


class ExportError(Exception):
    """Something that can't be written in this format, with what would be right."""


@transaction.atomic
def note_export(project: Project, *, by: User | None, what: str) -> None:
    """Notes the export of `what` in the audit log, and that whoever exports it has seen its
    results.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: they may not see them.
    """
    check_evaluates(by, project)
    if by is not None:
        expose(projects=[project.pk], user=by, how="exported results")
    note(Action.EXPORTED, by=by, project=project, what=what)


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
