"""Every Eval Ever 0.3: an evaluation's JSON and beside it its rows, …_samples.jsonl.

It has converters from HELM, inspect, lm-eval and others. Rows are paired by `sample_hash`, which is
of the question and its right answers, else by `sample_id`.
"""

from pathlib import Path
from typing import Any

from evalhub.files.json_document import JsonDocument
from evalhub.files.limits import Limits
from evalhub.files.rows import DataError, Row, read_rows, wrong
from evalhub.foreign.fields import counted, listing, mapping, measured, score, text
from evalhub.foreign.log import AskedItem, Bounds, GivenAnswer, LoggedArm, Task, ToolMetric, text_of

VERSION = "0.3"
SAMPLES = "_samples.jsonl"
SCORE = "score"
UNKNOWN = -1.0
"""The score of what could not be judged, where a metric says that there is such a thing."""


def read(path: Path, limits: Limits) -> list[LoggedArm]:
    """The one arm of an evaluation's JSON, or of a folder with several of one model.

    Raises DataError.
    """
    files = [path]
    if path.is_dir():
        files = [each for each in sorted(path.rglob("*.json")) if _rows_of(each).exists()]
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
    said = document.at(("schema_version",))
    if not isinstance(said, str) or not said.startswith(f"{VERSION}."):
        raise document.error(("schema_version",), f"is {said!r}, and {VERSION} is read")


def _add(arm: LoggedArm, document: JsonDocument, limits: Limits) -> None:
    library = document.at(("eval_library",))
    if isinstance(library, dict):
        arm.settings[str(library.get("name"))] = str(library.get("version"))
    declared, unknown = _declared(document)
    path = _rows_of(document.path)
    samples: dict[tuple[str, str, str], int] = {}
    tasks: dict[str, Task] = {}
    by_sample: dict[tuple[str, str, int], tuple[Row, dict[str, float | None]]] = {}
    for row in read_rows(path, limits):
        _check_row(row, document)
        name, metric = text(row, "evaluation_name"), _metric(row)
        task = tasks.setdefault(name, Task(name, path))
        by_hash = row.values.get("sample_hash") is not None
        key = text(row, "sample_hash" if by_hash else "sample_id")
        task.ask(_item(row, key, named=not by_hash))
        sample = samples.get((name, key, metric), 0)
        samples[name, key, metric] = sample + 1
        _, scores = by_sample.setdefault((name, key, sample), (row, {}))
        value = score(row, "evaluation.score", mapping(row, "evaluation").get("score"))
        scores[metric] = None if value == UNKNOWN and (name, metric) in unknown else value
        if (name, metric) not in declared:
            of = "evaluation_name" if metric == SCORE else "evaluation_result_id"
            raise wrong(row, of, f"{document.path.name} has no result {metric!r} of {name!r}")
        task.metrics[metric] = declared[name, metric]
    _check_whole(document, path, sum(len(scores) for _, scores in by_sample.values()))
    for (name, key, sample), (row, scores) in by_sample.items():
        tasks[name].answers.append(_answer(row, key, sample, scores))
    for name, task in tasks.items():
        if name in arm.tasks:
            raise document.error(
                (), f"holds {name!r}, as {arm.tasks[name].file.name} does: name one evaluation"
            )
        task.headline = next(iter(task.metrics)) if len(task.metrics) == 1 else ""
        arm.tasks[name] = task


def _check_whole(document: JsonDocument, path: Path, rows: int) -> None:
    """That the file has as many rows as the evaluation says."""
    said = document.data.get("detailed_evaluation_results")
    due = said.get("total_rows") if isinstance(said, dict) else None
    if isinstance(due, int) and due != rows:
        raise DataError(
            f"holds {rows} rows, and {document.path.name} says {due}: is it cut off?",
            file=str(path),
        )


def _declared(
    document: JsonDocument,
) -> tuple[dict[tuple[str, str], ToolMetric], set[tuple[str, str]]]:
    """The evaluation's metrics with its own figures, by task and name; and those of them of which
    UNKNOWN is no score."""
    found: dict[tuple[str, str], ToolMetric] = {}
    unknown: set[tuple[str, str]] = set()
    for index, each in enumerate(document.rows(("evaluation_results",))):
        where = ("evaluation_results", index)
        name = document.at((*where, "evaluation_name"))
        lower = document.at((*where, "metric_config", "lower_is_better"))
        figure = document.at((*where, "score_details", "score"))
        if not isinstance(lower, bool):
            raise document.error((*where, "metric_config", "lower_is_better"), "true or false")
        if isinstance(figure, bool) or not isinstance(figure, int | float):
            raise document.error((*where, "score_details", "score"), "a number was expected")
        metric = str(each.values.get("evaluation_result_id") or SCORE)
        if (str(name), metric) in found:
            raise document.error(where, f"is the second result {metric!r} of {name!r}")
        found[str(name), metric] = ToolMetric(
            metric,
            higher_is_better=not lower,
            bounds=_bounds(mapping(each, "metric_config")),
            figure=float(figure),
        )
        if mapping(each, "metric_config").get("has_unknown_level") is True:
            unknown.add((str(name), metric))
    return found, unknown


def _bounds(config: dict[str, Any]) -> Bounds | None:
    ends: list[Any] = [config.get(name) for name in ("min_score", "max_score")]
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in ends):
        return None
    return (float(ends[0]), float(ends[1])) if ends[0] < ends[1] else None


def _check_row(row: Row, document: JsonDocument) -> None:
    of = document.data.get("evaluation_id")
    if text(row, "evaluation_id") != of:
        raise wrong(row, "evaluation_id", f"isn't {of!r}, which {document.path.name} is of")


def _metric(row: Row) -> str:
    found = row.values.get("evaluation_result_id")
    return found if isinstance(found, str) and found else SCORE


def _item(row: Row, key: str, *, named: bool) -> AskedItem:
    references = listing(row, "input.reference")
    return AskedItem(key, text(row, "input.raw"), references, named=named, line=row.line)


def _answer(row: Row, key: str, sample: int, scores: dict[str, float | None]) -> GivenAnswer:
    error = row.values.get("error")
    return GivenAnswer(
        key=key,
        sample=sample,
        output=None if error else _said(row),
        scores=dict.fromkeys(scores) if error else scores,
        error=text_of(error) if error else "",
        line=row.line,
        latency_ms=measured(row, "performance.latency_ms"),
        prompt_tokens=counted(row, "token_usage.input_tokens"),
        completion_tokens=counted(row, "token_usage.output_tokens"),
    )


def _said(row: Row) -> str:
    """The answer of one turn, or of a conversation all that was said."""
    if row.values.get("output") is None:
        return text_of(listing(row, "messages"))
    return text_of(listing(row, "output.raw"))
