"""A list of items as a file: a row for each arm's answer, streamed."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import batched
from typing import Any

from evalhub.accounts.models import Project, User
from evalhub.accounts.results_seen import note_export
from evalhub.registry.models import Item, Output, Run, Score

FORMS = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
COLUMNS = (
    "test_set",
    "item",
    "input",
    "context",
    "references",
    "tags",
    "cluster",
    "arm",
    "model_version",
    "sample",
    "output",
    "error",
    "latency_ms",
    "prompt_tokens",
    "completion_tokens",
    "finish_reason",
    "scores",
    "unscored",
)
_AT_ONCE = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

type Answering = tuple[str, Run, bool]
"""An arm's name, its run, and whether its scores are kept back whatever has been opened."""


def export_items(
    *,
    project: Project,
    by: User | None,
    items: Sequence[int],
    arms: Sequence[Answering],
    test_set: str,
    what: str,
    form: str,
) -> Iterator[str]:
    """The rows of these items in their order, line by line: `form` is one of FORMS.

    A score that no decision has read stays where it is, whoever asks: it isn't among an answer's
    `scores`, which are {metric: value}. Without arms there is a row an item. In a CSV what is
    nested is JSON, and a text that a spreadsheet would take for a formula has an apostrophe in
    front.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    note_export(project, by=by, what=what)
    rows = _rows(items, arms, test_set)
    return _as_csv(rows) if form == "csv" else _as_jsonl(rows)


def _rows(
    items: Sequence[int], arms: Sequence[Answering], test_set: str
) -> Iterator[dict[str, Any]]:
    for part in batched(items, _AT_ONCE):
        items_by_pk = Item.objects.in_bulk(part)
        outputs_by_pair: dict[tuple[int, int], list[Output]] = {}
        runs = [run.pk for _, run, _ in arms]
        outputs = Output.objects.filter(run__in=runs, item__in=part).order_by("sample")
        for output in outputs:
            outputs_by_pair.setdefault((output.run_id, output.item_id), []).append(output)
        kept_back = {run.pk for _, run, barred in arms if barred}
        scores = _scores([each for of in outputs_by_pair.values() for each in of], kept_back)
        for pk in part:
            row = _of_item(items_by_pk[pk], test_set)
            if not arms:
                yield row
            for name, run, _ in arms:
                for output in outputs_by_pair.get((run.pk, pk), ()):
                    yield row | _of_answer(name, run, output, scores.get(output.pk, ()))


def _scores(outputs: Sequence[Output], kept_back: set[int]) -> dict[int, list[Score]]:
    runs = {each.pk: each.run_id for each in outputs}
    scores_by_output: dict[int, list[Score]] = {}
    rows = Score.objects.readable().filter(output__in=runs).select_related("metric")
    for score in rows.order_by("output", "metric"):
        if score.value is None or runs[score.output_id] not in kept_back:
            scores_by_output.setdefault(score.output_id, []).append(score)
    return scores_by_output


def _of_item(item: Item, test_set: str) -> dict[str, Any]:
    return dict.fromkeys(COLUMNS) | {
        "test_set": test_set,
        "item": item.key,
        "input": item.input,
        "context": item.context,
        "references": item.references,
        "tags": item.tags,
        "cluster": item.cluster,
    }


def _of_answer(arm: str, run: Run, output: Output, scores: Iterable[Score]) -> dict[str, Any]:
    return {
        "arm": arm,
        "model_version": str(run.version),
        "sample": output.sample,
        "output": None if output.text is None else output.as_read,
        "error": output.error,
        "latency_ms": output.latency_ms,
        "prompt_tokens": output.prompt_tokens,
        "completion_tokens": output.completion_tokens,
        "finish_reason": output.finish_reason,
        "scores": {each.metric.name: each.value for each in scores if each.value is not None},
        "unscored": {each.metric.name: each.reason for each in scores if each.value is None},
    }


def _as_jsonl(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"


def _as_csv(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield _line(COLUMNS)
    for row in rows:
        yield _line([_cell(row[name]) for name in COLUMNS])


def _cell(value: Any) -> Any:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _line(values: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue()
