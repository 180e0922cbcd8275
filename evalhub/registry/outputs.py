"""Answers made elsewhere, written as the outputs of a run: by COPY where the database has it."""

from collections.abc import Iterable, Sequence

from django.db import connection
from pydantic_core import to_json

from evalhub.io.answers import RecordedAnswer
from evalhub.registry.models import Output, Run

COLUMNS = (
    "run_id",
    "item_id",
    "sample",
    "text",
    "error",
    "latency_ms",
    "prompt_tokens",
    "completion_tokens",
    "finish_reason",
    "served_model",
    "fingerprint",
    "reasoning",
    "tool_calls",
    "passages",
    "given_scores",
)

type Joined = tuple[int, RecordedAnswer]
"""The primary key of an item, and an answer to it."""


def write_outputs(run: Run, answers: Sequence[Joined]) -> None:
    """Writes all of them or none; for a transaction of the caller's.

    Raises django.db.IntegrityError where the run has an answer to that item and sample.
    """
    if connection.vendor == "postgresql":
        _copy(run, answers)
    else:
        rows = (dict(zip(COLUMNS, row, strict=True)) for row in _rows(run, answers))
        Output.objects.bulk_create(Output(**row) for row in rows)


def _rows(run: Run, answers: Iterable[Joined]) -> Iterable[tuple[object, ...]]:
    for item, answer in answers:
        yield (
            run.pk,
            item,
            answer.sample,
            answer.text,
            answer.error or "",
            answer.latency_ms,
            answer.prompt_tokens,
            answer.completion_tokens,
            answer.finish_reason,
            answer.served_model,
            answer.fingerprint,
            answer.reasoning,
            answer.tool_calls,
            answer.passages,
            answer.scores,
        )


def _copy(run: Run, answers: Iterable[Joined]) -> None:
    """Write rows by COPY, in a third of the time of INSERT; Django has no API for it."""
    table = f"COPY {Output._meta.db_table} ({', '.join(COLUMNS)}) FROM STDIN"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(table) as copy:
        for *row, calls, passages, scores in _rows(run, answers):
            row += [
                None if content is None else to_json(content).decode()
                for content in (calls, passages, scores)
            ]
            copy.write_row(row)
