"""lm-eval (lm-evaluation-harness 0.4): results_….json and beside it samples_….jsonl.

A samples file has a row for each document and filter. They are paired on task, filter and
doc_hash: doc_id counts within a run, and doc_hash is of the document alone. A metric is called as
in the results, by its filter too: `exact_match,strict-match`.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evalhub.importers.fields import listing, mapping, score, text, whole
from evalhub.importers.log import (
    AskedItem,
    GivenAnswer,
    Input,
    LoggedArm,
    Task,
    ToolMetric,
    chat,
    keys_of,
    text_of,
)
from evalhub.io.json_document import JsonDocument
from evalhub.io.limits import Limits
from evalhub.io.rows import DataError, Row, read_rows, wrong

RESULTS, SAMPLES = "results_", "samples_"


def read(path: Path, limits: Limits) -> list[LoggedArm]:
    """The one arm of a run: its folder, or its results file with the samples beside it.

    Raises DataError.
    """
    results = _results(path)
    document = JsonDocument(results, limits, nan_as_null=True)
    run = results.name.removeprefix(RESULTS).removesuffix(".json")
    figures, better = (_object(document, name) for name in ("results", "higher_is_better"))
    name = document.data.get("model_name") or document.data.get("model_source")
    arm = LoggedArm(
        name if isinstance(name, str) else path.stem, path, settings=_settings(document)
    )
    for task in figures:
        samples = results.with_name(f"{SAMPLES}{task}_{run}.jsonl")
        if samples.exists():
            log_task = _task(task, samples, document, limits)
            _measure(log_task, figures[task], better.get(task) or {}, document)
            arm.tasks[task] = log_task
    if not arm.tasks:
        raise DataError(
            f"has no {SAMPLES}TASK_{run}.jsonl beside it: run lm_eval with --log_samples",
            file=str(results),
        )
    return [arm]


def _results(path: Path) -> Path:
    """The results file of the one run that lies at a path."""
    if path.is_dir():
        files = sorted(path.rglob(f"{RESULTS}*.json"))
        if len(files) != 1:
            names = ", ".join(str(file.relative_to(path)) for file in files[-3:])
            what = f"{len(files)} runs: name one of them, such as {names}" if files else "no run"
            raise DataError(f"holds {what} ({RESULTS}….json)", file=str(path))
        return files[0]
    if path.suffix != ".json":
        raise DataError(
            f"isn't a run's {RESULTS}….json, nor a folder with one: only that says whether more is "
            "better, and holds the figures to compare with",
            file=str(path),
        )
    return path


def _object(document: JsonDocument, *where: str) -> dict[str, Any]:
    value = document.at(where)
    if not isinstance(value, dict):
        raise document.error(where, "an object with fields was expected")
    return value


def _by_task(document: JsonDocument, name: str) -> dict[str, Any]:
    """A section of the results by task; {} where it is missing."""
    value = document.data.get(name)
    return value if isinstance(value, dict) else {}


def _settings(document: JsonDocument) -> dict[str, str]:
    """Settings that must be equal in both arms, as far as the results record them."""
    settings = {"lm_eval": document.data.get("lm_eval_version")}
    settings["system instruction"] = document.data.get("system_instruction_sha")
    for what in ("versions", "n-shot"):
        settings |= {
            f"{what} of {task}": setting for task, setting in _by_task(document, what).items()
        }
    return {name: str(value) for name, value in settings.items() if value is not None}


@dataclass(slots=True)
class _Document:
    """What a run's rows say of one document."""

    digest: str
    item: AskedItem
    said: str
    scores: dict[str, float | None]


def _task(name: str, path: Path, document: JsonDocument, limits: Limits) -> Task:
    task = Task(name, path)
    lines: dict[tuple[int, str], int] = {}
    documents: dict[int, _Document] = {}
    for row in read_rows(path, limits):
        doc_id, of = whole(row, "doc_id"), text(row, "filter")
        first = lines.setdefault((doc_id, of), row.line)
        if first != row.line:
            raise wrong(
                row,
                "doc_id",
                f"{doc_id} with the filter {of} stands on line {first} already: are two runs in "
                "this file?",
            )
        entry = documents.get(doc_id)
        if entry is None:
            entry = documents[doc_id] = _Document(
                text(row, "doc_hash"), _item(row), _answer_text(row), {}
            )
        elif text(row, "doc_hash") != entry.digest:
            raise wrong(row, "doc_hash", f"doc_id {doc_id} is another document on another line")
        elif _answer_text(row) != entry.said:
            raise wrong(
                row, "resps", f"aren't those of the same document on line {entry.item.line}"
            )
        entry.scores |= _scores(task, row, of)
    filters = {of for _, of in lines}
    _check_whole(document, name, path, len(documents), len(lines), len(filters))
    keys = keys_of((doc_id, entry.digest) for doc_id, entry in documents.items())
    for doc_id, entry in documents.items():
        key, cluster = keys[doc_id]
        task.ask(replace(entry.item, key=key, cluster=cluster))
        task.answers.append(GivenAnswer(key, 0, entry.said, entry.scores, line=entry.item.line))
    return task


def _check_whole(
    document: JsonDocument, task: str, path: Path, documents: int, rows: int, filters: int
) -> None:
    """That the file holds all that the results say, and each document by each filter."""
    counts = _by_task(document, "n-samples").get(task)
    due = counts.get("effective") if isinstance(counts, dict) else None
    if isinstance(due, int) and due != documents:
        raise DataError(
            f"holds {documents} documents, and {document.path.name} says {due}: is it cut off?",
            file=str(path),
        )
    if rows != documents * filters:
        raise DataError(
            f"holds {rows} rows of {documents} documents by {filters} filters: is it cut off?",
            file=str(path),
        )


def _item(row: Row) -> AskedItem:
    """The document, under its hash alone."""
    sent = mapping(row, "arguments")
    first = next(iter(sent.values()), None)
    prompt = first.get("arg_0") if isinstance(first, dict) else None
    if prompt is None:
        raise wrong(row, "arguments", "has no gen_args_0.arg_0: what was sent")
    return AskedItem(
        key=text(row, "doc_hash"),
        input=_input(prompt),
        references=[row.values["target"]] if row.values.get("target") is not None else [],
        fields=mapping(row, "doc"),
        prompt=text(row, "prompt_hash"),
        line=row.line,
    )


def _input(prompt: Any) -> Input:
    """What was sent: text, or messages, which are written as JSON in a list of one."""
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if isinstance(prompt, str) and prompt.startswith("[{"):
        try:
            return chat(json.loads(prompt))
        except (ValueError, RecursionError):
            return prompt
    return chat(prompt)


def _answer_text(row: Row) -> str:
    listing(row, "filtered_resps")  # a list whatever the filter keeps
    return text_of(listing(row, "resps"))


def _scores(task: Task, row: Row, of: str) -> dict[str, float | None]:
    """An answer's scores after a filter, by metric and filter."""
    scores: dict[str, float | None] = {}
    for metric in listing(row, "metrics"):
        if not isinstance(metric, str):
            raise wrong(row, "metrics", "a list of names was expected")
        value = row.values.get(metric)
        if isinstance(value, list | dict | str):
            task.unusable[f"{metric},{of}"] = "what it says of one document isn't a number"
        else:
            scores[f"{metric},{of}"] = score(row, metric, value)
    return scores


def _measure(task: Task, figures: Any, better: Any, document: JsonDocument) -> None:
    """The task's metrics, with what the results say of each."""
    if not isinstance(figures, dict) or not isinstance(better, dict):
        raise document.error(("results", task.name), "an object with fields was expected")
    aggregations = _aggregations(document, task.name)
    names = dict.fromkeys(name for answer in task.answers for name in answer.scores)
    for name in names:
        if name in task.unusable:
            continue
        metric = name.rpartition(",")[0]
        by = aggregations.get(metric, "mean")
        figure: Any = figures.get(name)
        usable = isinstance(figure, int | float) and not isinstance(figure, bool)
        task.metrics[name] = ToolMetric(
            name,
            higher_is_better=better.get(metric),
            figure=float(figure) if usable else None,
            otherwise="" if by == "mean" else f"by {by}",
        )
    if len(task.metrics) == 1:
        task.headline = next(iter(task.metrics))


def _aggregations(document: JsonDocument, task: str) -> dict[str, str]:
    """By metric, how the tool puts the documents' values together."""
    config = _by_task(document, "configs").get(task)
    metrics = config.get("metric_list") if isinstance(config, dict) else None
    return {
        str(metric["metric"]): str(metric.get("aggregation", "mean"))
        for metric in (metrics if isinstance(metrics, list) else [])
        if isinstance(metric, dict) and "metric" in metric
    }
