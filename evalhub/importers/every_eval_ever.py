"""Every Eval Ever 0.3: an evaluation's JSON and beside it its rows, …_samples.jsonl.

It has converters from HELM, inspect, lm-eval and others. Rows are paired by `sample_hash`, which is
of the question and its right answers, else by `sample_id`.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from evalhub.importers.fields import count_or_none, listing, mapping, number_or_none, score, text
from evalhub.importers.log import (
    AskedItem,
    Bounds,
    GivenAnswer,
    LoggedArm,
    Task,
    ToolMetric,
    keys_of,
    text_of,
)
from evalhub.io.json_document import JsonDocument
from evalhub.io.limits import Limits
from evalhub.io.rows import DataError, Row, read_rows, wrong

VERSION = "0.3"
SAMPLES = "_samples.jsonl"
SCORE = "score"
UNKNOWN = -1.0
"""The score of what could not be judged, where a metric says that there is such a thing."""


class _Result(NamedTuple):
    """A metric of an evaluation, and whether UNKNOWN is no score of it."""

    metric: ToolMetric
    unknown: bool


def read(path: Path, limits: Limits) -> list[LoggedArm]:
    """The one arm of an evaluation's JSON, or of a folder with several of one model.

    Raises DataError.
    """
    files = [path]
    if path.is_dir():
        files = [file for file in sorted(path.rglob("*.json")) if _rows_of(file).exists()]
    arm: LoggedArm | None = None
    for file in files:
        document = JsonDocument(file, limits)
        _check_version(document)
        model = document.at(("model_info", "id"))
        if not isinstance(model, str):
            raise document.error(("model_info", "id"), "a text was expected")
        if arm is None:
            arm = LoggedArm(model, path)
        elif arm.name != model:
            raise document.error(
                ("model_info", "id"), f"is {model!r}, and another file's is {arm.name!r}"
            )
        _add(arm, document, limits)
    if arm is None:
        raise DataError(
            f"holds no evaluation with its rows (NAME.json, NAME{SAMPLES})", file=str(path)
        )
    return [arm]


def _rows_of(file: Path) -> Path:
    return file.with_name(file.name.removesuffix(".json") + SAMPLES)


def _check_version(document: JsonDocument) -> None:
    stated = document.at(("schema_version",))
    if not isinstance(stated, str) or not stated.startswith(f"{VERSION}."):
        raise document.error(("schema_version",), f"is {stated!r}, and {VERSION} is read")


def _add(arm: LoggedArm, document: JsonDocument, limits: Limits) -> None:
    library = document.at(("eval_library",))
    if isinstance(library, dict):
        arm.settings[str(library.get("name"))] = str(library.get("version"))
    results = _results_of(document)
    path = _rows_of(document.path)
    tasks: dict[str, Task] = {}
    answers_by_task: dict[str, list[_Answered]] = {}
    seen: set[tuple[str, str, str, int]] = set()
    rows = 0
    for row in read_rows(path, limits):
        rows += 1
        _check_row(row, document)
        name = text(row, "evaluation_name")
        metric, unknown = _result(row, name, results, document)
        task = tasks.setdefault(name, Task(name, path))
        task.metrics[metric.name] = metric
        answer = _answer_of_row(row, metric.name, unknown, seen)
        answers_by_task.setdefault(name, []).append(answer)
    _check_whole(document, path, rows)
    for name, task in tasks.items():
        _fill(task, answers_by_task[name])
        if name in arm.tasks:
            raise document.error(
                (), f"holds {name!r}, as {arm.tasks[name].file.name} does: name one evaluation"
            )
        task.headline = next(iter(task.metrics)) if len(task.metrics) == 1 else ""
        arm.tasks[name] = task


@dataclass(slots=True)
class _Answered:
    """A row: one metric's score of one answer, and the answer under its sample's id."""

    sample_id: str
    digest: str | None
    item: AskedItem
    answer: GivenAnswer


def _answer_of_row(
    row: Row, metric: str, unknown: bool, seen: set[tuple[str, str, str, int]]
) -> _Answered:
    sample_id, name = text(row, "sample_id"), text(row, "evaluation_name")
    digest = text(row, "sample_hash") if row.values.get("sample_hash") is not None else None
    epoch = _epoch(row)
    number = 0 if epoch is None else epoch
    while (name, sample_id, metric, number) in seen:
        if epoch is not None:
            raise wrong(
                row, "sample_id", f"{sample_id!r} has its {metric} of epoch {epoch + 1} already"
            )
        number += 1
    seen.add((name, sample_id, metric, number))
    value = score(row, "evaluation.score", mapping(row, "evaluation").get("score"))
    scores = {metric: None if unknown and value == UNKNOWN else value}
    return _Answered(
        sample_id, digest, _item(row, sample_id), _answer(row, sample_id, number, scores)
    )


def _epoch(row: Row) -> int | None:
    """The number of this answer among several to one question, from 0; None where not recorded."""
    metadata = row.values.get("metadata")
    epoch = metadata.get("epoch") if isinstance(metadata, dict) else None
    return (
        int(epoch) - 1 if isinstance(epoch, str) and epoch.isdecimal() and int(epoch) > 0 else None
    )


def _fill(task: Task, answers_in_file: list[_Answered]) -> None:
    """The task's items, and its answers with the scores of all their rows."""
    keys = keys_of(
        {answer.sample_id: answer.digest or answer.sample_id for answer in answers_in_file}.items()
    )
    answers: dict[tuple[str, int], GivenAnswer] = {}
    for answered in answers_in_file:
        key, cluster = keys[answered.sample_id]
        task.ask(
            replace(answered.item, key=key, cluster=cluster, has_own_id=answered.digest is None)
        )
        answer = replace(answered.answer, key=key)
        answer_so_far = answers.setdefault((key, answer.sample), answer)
        answer_so_far.scores.update(answer.scores)
    task.answers.extend(answers.values())


def _result(
    row: Row, name: str, results: dict[tuple[str, str], _Result], document: JsonDocument
) -> _Result:
    """The evaluation's result that a row belongs to. Raises DataError."""
    result_id = row.values.get("evaluation_result_id")
    if isinstance(result_id, str) and (name, result_id) in results:
        return results[name, result_id]
    of_name = [result for (at, _), result in results.items() if at == name]
    if result_id is None and len(of_name) == 1:
        return of_name[0]
    of = "evaluation_name" if result_id is None else "evaluation_result_id"
    raise wrong(row, of, f"{document.path.name} has no result {result_id or SCORE!r} of {name!r}")


def _check_whole(document: JsonDocument, path: Path, rows: int) -> None:
    """That the file has as many rows as the evaluation says."""
    results = document.data.get("detailed_evaluation_results")
    due = results.get("total_rows") if isinstance(results, dict) else None
    if isinstance(due, int) and due != rows:
        raise DataError(
            f"holds {rows} rows, and {document.path.name} says {due}: is it cut off?",
            file=str(path),
        )


def _results_of(document: JsonDocument) -> dict[tuple[str, str], _Result]:
    """The evaluation's results, by task and name."""
    results: dict[tuple[str, str], _Result] = {}
    for index, result in enumerate(document.rows(("evaluation_results",))):
        where = ("evaluation_results", index)
        name = document.at((*where, "evaluation_name"))
        lower = document.at((*where, "metric_config", "lower_is_better"))
        figure = document.at((*where, "score_details", "score"))
        if not isinstance(lower, bool):
            raise document.error((*where, "metric_config", "lower_is_better"), "true or false")
        if isinstance(figure, bool) or not isinstance(figure, int | float):
            raise document.error((*where, "score_details", "score"), "a number was expected")
        metric = str(result.values.get("evaluation_result_id") or SCORE)
        if (str(name), metric) in results:
            raise document.error(where, f"is the second result {metric!r} of {name!r}")
        config = mapping(result, "metric_config")
        measure = ToolMetric(
            metric, higher_is_better=not lower, bounds=_bounds(config), figure=float(figure)
        )
        results[str(name), metric] = _Result(measure, config.get("has_unknown_level") is True)
    return results


def _bounds(config: dict[str, Any]) -> Bounds | None:
    ends: list[Any] = [config.get(name) for name in ("min_score", "max_score")]
    if any(isinstance(end, bool) or not isinstance(end, int | float) for end in ends):
        return None
    return (float(ends[0]), float(ends[1])) if ends[0] < ends[1] else None


def _check_row(row: Row, document: JsonDocument) -> None:
    of = document.data.get("evaluation_id")
    if text(row, "evaluation_id") != of:
        raise wrong(row, "evaluation_id", f"isn't {of!r}, which {document.path.name} is of")


def _item(row: Row, key: str) -> AskedItem:
    return AskedItem(key, text(row, "input.raw"), listing(row, "input.reference"), line=row.line)


def _answer(row: Row, key: str, sample: int, scores: dict[str, float | None]) -> GivenAnswer:
    error = row.values.get("error")
    return GivenAnswer(
        key=key,
        sample=sample,
        output=None if error else _answer_text(row),
        scores=dict.fromkeys(scores) if error else scores,
        error=text_of(error) if error else "",
        line=row.line,
        latency_ms=number_or_none(row, "performance.latency_ms"),
        prompt_tokens=count_or_none(row, "token_usage.input_tokens"),
        completion_tokens=count_or_none(row, "token_usage.output_tokens"),
    )


def _answer_text(row: Row) -> str:
    """The answer of one turn, or of a conversation all that was said."""
    if row.values.get("output") is None:
        return text_of(listing(row, "messages"))
    return text_of(listing(row, "output.raw"))
