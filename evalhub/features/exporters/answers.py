"""A study's answers as rows: one for each answer of each arm to each item, with its score if it may
be read."""

from collections.abc import Iterator
from itertools import batched
from pathlib import Path
from typing import Any

import pyarrow as pa

from evalhub.accounts.models import User
from evalhub.accounts.results_seen import note_export
from evalhub.features.exporters.rows import AT_ONCE, Form, write_rows
from evalhub.registry.models import Output, RunMetric, Score, Study, StudyRun

SCHEMA: tuple[tuple[str, Any], ...] = (
    ("test_set", pa.string()),
    ("test_set_version", pa.string()),
    ("item", pa.string()),
    ("input", pa.string()),
    ("context", pa.string()),
    ("references", pa.string()),
    ("tags", pa.string()),
    ("cluster", pa.string()),
    ("arm", pa.string()),
    ("model_version", pa.string()),
    ("model_digest", pa.string()),
    ("repeat", pa.int64()),
    ("sample", pa.int64()),
    ("output", pa.string()),
    ("error", pa.string()),
    ("latency_ms", pa.float64()),
    ("prompt_tokens", pa.int64()),
    ("completion_tokens", pa.int64()),
    ("finish_reason", pa.string()),
    ("served_model", pa.string()),
    ("system_fingerprint", pa.string()),
    ("reasoning", pa.string()),
    ("tool_calls", pa.string()),
    ("passages", pa.string()),
    ("metric", pa.string()),
    ("score", pa.float64()),
    ("unscored", pa.string()),
    ("sealed", pa.bool_()),
)


def export_answers(*, study: Study, by: User | None, to: Path, form: Form) -> int:
    """Writes every answer of the study's arms. Returns the number of rows.

    A score that no decision has read yet is sealed: it stays where it is, whoever asks.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    note_export(study.project, by=by, what=f"answers of {study} as {form}")
    return write_rows(_rows(study), to, form, SCHEMA)


def _rows(study: Study) -> Iterator[dict[str, Any]]:
    links = StudyRun.objects.filter(arm__study=study).select_related(
        "arm__version__model",
        "test_set__metric",
        "run__test_set_version__test_set",
    )
    for link in links.order_by("test_set__position", "arm__position", "repeat"):
        yield from _of_run(link)


def _of_run(link: StudyRun) -> Iterator[dict[str, Any]]:
    metric, version = link.test_set.metric, link.arm.version
    opened = RunMetric.objects.readable().filter(run=link.run, metric=metric).exists()
    outputs = Output.objects.filter(run=link.run).select_related("item")
    in_order = outputs.order_by("item__position", "sample").iterator(chunk_size=AT_ONCE)
    for part in batched(in_order, AT_ONCE):
        readable = Score.objects.readable().filter(output__in=part, metric=metric)
        scores = {each.output_id: each for each in readable}
        for output in part:
            item, score = output.item, scores.get(output.pk)
            yield {
                "test_set": link.test_set.name,
                "test_set_version": str(link.run.test_set_version),
                "item": item.key,
                "input": item.input,
                "context": item.context,
                "references": item.references,
                "tags": item.tags,
                "cluster": item.cluster,
                "arm": link.arm.name,
                "model_version": str(version),
                "model_digest": version.digest,
                "repeat": link.repeat,
                "sample": output.sample,
                "output": output.text,
                "error": output.error,
                "latency_ms": output.latency_ms,
                "prompt_tokens": output.prompt_tokens,
                "completion_tokens": output.completion_tokens,
                "finish_reason": output.finish_reason,
                "served_model": output.served_model,
                "system_fingerprint": output.fingerprint,
                "reasoning": output.reasoning,
                "tool_calls": output.tool_calls,
                "passages": output.passages,
                "metric": metric.name,
                "score": score.value if score else None,
                "unscored": score.reason if score else "",
                "sealed": not opened,
            }
