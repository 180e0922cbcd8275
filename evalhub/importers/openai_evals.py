"""OpenAI Evals: output items of a run, as the API has them or as the dashboard exports them.

An item's ids are a run's own, so that items are paired by a digest of `datasource_item` (of the
dashboard's rows: `item`). `passed` is what the run says of an item; each grader's score is a metric
of the grader's name.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evalhub.importers.fields import count_or_none, listing, mapping, score, text, whole
from evalhub.importers.log import (
    AskedItem,
    GivenAnswer,
    LoggedArm,
    Task,
    ToolMetric,
    chat,
    digestible,
    keys_of,
)
from evalhub.io.canonical import digest_of
from evalhub.io.json_document import JsonDocument
from evalhub.io.limits import Limits
from evalhub.io.rows import DataError, Row, read_rows, wrong

OBJECT = "eval.run.output_item"
TASK = "items"
PASSED = "passed"
INDEX = "data_source_idx"
"""Only rows of the dashboard's export (eval_items_….jsonl) have it."""


def read(path: Path, limits: Limits) -> list[LoggedArm]:
    """An arm a run, in the file's order. Raises DataError."""
    runs: dict[str, list[Row]] = {}
    for row in _rows(path, limits):
        if INDEX in row.values:
            row = _as_by_api(row)
        if row.values.get("object", OBJECT) != OBJECT:
            raise wrong(row, "object", f"isn't {OBJECT!r}: output items of a run are read")
        runs.setdefault(text(row, "run_id"), []).append(row)
    arms = [_arm(rows, path) for rows in runs.values()]
    if len({arm.name for arm in arms}) < len(arms):  # two runs of one model
        for arm, run in zip(arms, runs, strict=True):
            arm.name = f"{arm.name} ({run})"
    return arms


def _rows(path: Path, limits: Limits) -> Iterator[Row]:
    """The items of JSONL, of an array, or of a page: {"object": "list", "data": […]}."""
    if ".json" not in [suffix.lower() for suffix in path.suffixes[-2:]]:
        yield from read_rows(path, limits)
        return
    document = JsonDocument(path, limits)
    page = isinstance(document.data, dict)
    if page and document.data.get("has_more"):
        raise document.error(
            ("has_more",), "is true: this is one page of several; put all of them into one file"
        )
    yield from document.rows(("data",) if page else ())


def _as_by_api(row: Row) -> Row:
    """A row of the dashboard's export as the API would have it. Raises DataError."""
    grades = mapping(row, "grades")
    passes = mapping(row, "passes") if row.values.get("passes") is not None else {}
    for name, passing in passes.items():
        if not isinstance(passing, bool):
            raise wrong(row, f"passes.{name}", "true or false was expected")
    sample = mapping(row, "sample") if row.values.get("sample") is not None else {}
    of_items: dict[str, Any] = {
        "run_id": row.values.get("run_id"),
        "datasource_item_id": whole(row, INDEX),
        "datasource_item": mapping(row, "item"),
        "results": [{"name": name, "score": grade} for name, grade in grades.items()],
        "sample": {**sample, "output": sample.get("outputs"), "usage": sample.get("token_usage")},
    }
    if passes:
        of_items["status"] = "pass" if all(passes.values()) else "fail"
    return Row(row.line, of_items, row.file)


def _arm(rows: list[Row], path: Path) -> LoggedArm:
    arm = LoggedArm(_model(rows[0]), path)
    task = arm.tasks[TASK] = Task(TASK, path)
    seen: dict[int, Row] = {}
    for row in rows:
        first = seen.setdefault(whole(row, "datasource_item_id"), row)
        if first is not row:
            raise wrong(
                row,
                "datasource_item_id",
                f"stands on line {first.line} already, in the same run",
            )
    keys = keys_of((at, digest_of(mapping(row, "datasource_item"))) for at, row in seen.items())
    for at, row in seen.items():
        key, cluster = keys[at]
        task.ask(_item(row, key, cluster))
        task.answers.append(_answer(row, key))
    names = dict.fromkeys(name for answer in task.answers for name in answer.scores)
    for answer in task.answers:
        lacking = [name for name in names if name not in answer.scores]
        if lacking and not answer.error:
            raise DataError(
                f"has no result of the grader {lacking[0]!r}, which other items have",
                file=str(path),
                line=answer.line,
                field="results",
            )
        answer.scores.update(dict.fromkeys(lacking))
    task.headline = PASSED if PASSED in names else next(iter(names)) if len(names) == 1 else ""
    for name in names:
        task.metrics[name] = ToolMetric(name, bounds=(0.0, 1.0) if name == PASSED else None)
    return arm


def _model(row: Row) -> str:
    model = mapping(row, "sample").get("model")
    return model if isinstance(model, str) and model else text(row, "run_id")


def _item(row: Row, key: str, cluster: str) -> AskedItem:
    source = mapping(row, "datasource_item")
    sent = mapping(row, "sample").get("input")
    return AskedItem(
        key=key,
        input=chat(sent) if sent else digestible(source),
        references=[],
        fields=source,
        cluster=cluster,
        prompt=digest_of(sent) if sent else "",
        line=row.line,
    )


def _answer(row: Row, key: str) -> GivenAnswer:
    sample = mapping(row, "sample")
    error = _error(sample.get("error"))
    scores: dict[str, float | None] = {}
    for index, result in enumerate(listing(row, "results")):
        if not isinstance(result, dict) or not isinstance(result.get("name"), str):
            raise wrong(row, f"results[{index}].name", "missing: which grader's result this is")
        if result["name"] in scores:
            raise wrong(row, f"results[{index}].name", f"{result['name']!r} has graded it already")
        scores[result["name"]] = score(row, f"results[{index}].score", result.get("score"))
    if "status" in row.values:
        status = text(row, "status")
        scores[PASSED] = {"pass": 1.0, "fail": 0.0}.get(status)
        if scores[PASSED] is None and not error:
            error = f"status {status}"
    return GivenAnswer(
        key=key,
        sample=0,
        output=None if error else _answer_text(row),
        scores=dict.fromkeys(scores) if error else scores,
        error=error,
        line=row.line,
        prompt_tokens=count_or_none(row, "sample.usage.prompt_tokens"),
        completion_tokens=count_or_none(row, "sample.usage.completion_tokens"),
    )


def _error(value: Any) -> str:
    """What the sample's error says; the API writes an empty one where there was none."""
    if isinstance(value, dict):
        return str(value.get("message") or value.get("code") or "")
    return str(value) if value else ""


def _answer_text(row: Row) -> str:
    messages = listing(row, "sample.output")
    texts: list[Any] = [message.get("content") for message in messages if isinstance(message, dict)]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise wrong(row, "sample.output", "messages with a content were expected")
    return "\n\n".join(texts)
