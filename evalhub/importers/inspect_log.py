"""inspect: an .eval or .json log, read by inspect's own reader (the extra `inspect`).

Samples are paired by their ids, and what they ask has to be the same; epochs are samples. A letter
grade is a number as inspect has it: C 1, P 0.5, I and N 0.
"""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from evalhub.extras import how_to_install
from evalhub.importers.log import (
    AskedItem,
    GivenAnswer,
    LoggedArm,
    Task,
    ToolMetric,
    chat,
    digestible,
)
from evalhub.io.json_document import JsonDocument
from evalhub.io.limits import DOCUMENT_MOST, Limits
from evalhub.io.numbers import finite_number
from evalhub.io.rows import DataError

GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
LEFT_OUT = {"store", "attachments", "events", "events_data", "timelines"}
FIGURES = ("mean", "accuracy")
"""Metrics of inspect that are means over the samples."""


def read(path: Path, limits: Limits) -> list[LoggedArm]:
    """The one arm of a log, or of a folder with logs of several tasks by one model.

    Raises DataError.
    """
    files = [path]
    if path.is_dir():
        files = sorted([*path.glob("*.eval"), *path.glob("*.json")])
    if not files:
        raise DataError("holds no .eval and no .json", file=str(path))
    arm: LoggedArm | None = None
    for file in files:
        log = _log(file, limits)
        if arm is None:
            arm = LoggedArm(log.eval.model, path)
        elif arm.name != log.eval.model:
            raise DataError(
                f"is of {log.eval.model}, and another log there is of {arm.name}", file=str(file)
            )
        if log.eval.task in arm.tasks:
            raise DataError(
                f"is of the task {log.eval.task}, as {arm.tasks[log.eval.task].file.name} is: name "
                "one log",
                file=str(file),
            )
        arm.tasks[log.eval.task] = _task(log, file)
        arm.settings |= _settings(log)
    assert arm is not None
    return [arm]


def _log(path: Path, limits: Limits) -> Any:
    _check_size(path, limits)
    try:
        from inspect_ai.log import read_eval_log
    except ImportError as error:
        raise DataError(
            f"is read by inspect's own reader: {how_to_install('inspect')}", file=str(path)
        ) from error
    try:
        log = read_eval_log(path, exclude_fields=LEFT_OUT)
    except Exception as error:  # whatever its reader raises says what is wrong with the file
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"inspect's reader refuses it: {reason[:200]}", file=str(path)) from error
    if log.status != "success":
        raise DataError(
            f"is of a run that ended as {log.status!r}: what was answered is only a part",
            file=str(path),
        )
    if log.invalidated:
        raise DataError("was invalidated, as it says itself", file=str(path))
    return log


def _check_size(path: Path, limits: Limits) -> None:
    """That the file is one, and doesn't unpack to more than is read, before the reader sees it."""
    most = min(limits.decoded or DOCUMENT_MOST, DOCUMENT_MOST)
    if path.suffix.lower() == ".json":
        # strictly, no name twice and nothing without end; NaN is how it writes what has no score
        JsonDocument(path, limits, nan_as_null=True)
        return
    if path.suffix.lower() != ".eval":
        raise DataError("isn't an inspect log: .eval or .json", file=str(path))
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(member.file_size for member in packed.infolist())
    except FileNotFoundError as error:
        raise DataError("no such file", file=str(path)) from error
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"isn't an inspect log: {error}", file=str(path)) from error
    if size > most:
        raise DataError(f"unpacks to {size:,} bytes, and at most {most:,} are read", file=str(path))


def _settings(log: Any) -> dict[str, str]:
    """Settings that must be equal in both arms: packages, task version, scorers' options."""
    of = f"{log.eval.task}'s "
    settings = dict(log.eval.packages)
    settings[f"{of}version"] = str(log.eval.task_version)
    settings[f"{of}arguments"] = digestible(dict(log.eval.task_args))
    for scorer in log.eval.scorers or []:
        settings[f"{of}scorer {scorer.name}"] = digestible(scorer.options or {})
    return settings


def _task(log: Any, path: Path) -> Task:
    task = Task(log.eval.task, path)
    samples = sorted(log.samples or [], key=lambda sample: (str(sample.id), sample.epoch))
    due = log.results.total_samples if log.results else None
    if due is not None and due != len(samples):
        raise DataError(
            f"holds {len(samples)} samples, and says that there are {due}: were they logged?",
            file=str(path),
        )
    letters: dict[str, bool] = {}
    seen: set[tuple[str, int]] = set()
    for sample in samples:
        key = str(sample.id)
        if (key, sample.epoch) in seen:
            raise DataError(f"holds sample {key} of epoch {sample.epoch} twice", file=str(path))
        seen.add((key, sample.epoch))
        task.ask(_item(sample, key))
        task.answers.append(_answer(sample, key, path, letters))
    if not samples:
        raise DataError("holds no samples", file=str(path))
    for answer in task.answers:  # a sample that failed has none of the scores
        answer.scores.update({name: None for name in letters if name not in answer.scores})
    figures = _figures(log)
    for name, graded in letters.items():
        figure, otherwise = figures.get(name, (None, ""))
        bounds = (0.0, 1.0) if graded else None
        task.metrics[name] = ToolMetric(name, bounds=bounds, figure=figure, otherwise=otherwise)
    headline = getattr(log.results, "headline", None)
    task.headline = _score_name(headline.scorer, headline.score) if headline is not None else ""
    if len(task.metrics) == 1:
        task.headline = next(iter(task.metrics))
    return task


def _item(sample: Any, key: str) -> AskedItem:
    question = sample.input
    if not isinstance(question, str):
        question = [{"role": message.role, "content": message.text} for message in question]
    target = sample.target if isinstance(sample.target, list) else [sample.target]
    references = [reference for reference in target if reference != ""]
    choices = {"choices": list(sample.choices)} if sample.choices else {}
    fields = {**(sample.metadata or {}), **choices}
    return AskedItem(key, chat(question), references, fields=fields, has_own_id=True)


def _answer(sample: Any, key: str, path: Path, letters: dict[str, bool]) -> GivenAnswer:
    """A sample of one epoch; `letters` learns of each score whether all its values are grades."""
    scores: dict[str, float | None] = {}
    for name, given_score in (sample.scores or {}).items():
        for part, value in _parts(name, given_score.value):
            where = f"sample {key}, epoch {sample.epoch}, score {part}"
            scores[part] = _number(value, where, path)
            letters[part] = letters.get(part, True) and value in GRADES
    error = ""
    if sample.error is not None:
        error = sample.error.message
    elif getattr(sample, "invalidation", None) is not None:
        error = "invalidated, as the log says"
    return GivenAnswer(
        key=key,
        sample=sample.epoch - 1,
        output=None if error else _answer_text(sample),
        scores=dict.fromkeys(scores) if error else scores,
        error=error,
        latency_ms=None if sample.total_time is None else 1000 * sample.total_time,
        prompt_tokens=sum(usage.input_tokens for usage in sample.model_usage.values()) or None,
        completion_tokens=sum(usage.output_tokens for usage in sample.model_usage.values()) or None,
    )


def _parts(name: str, value: Any) -> Iterable[tuple[str, Any]]:
    """A score's values: of an object or a list each by itself, called `scorer.part`."""
    if isinstance(value, dict):
        return [(f"{name}.{part}", score) for part, score in value.items()]
    if isinstance(value, list):
        return [(f"{name}.{index}", score) for index, score in enumerate(value)]
    return [(name, value)]


def _number(value: Any, where: str, path: Path) -> float | None:
    """A score's number. NaN, which inspect writes for what it couldn't score, is none."""
    if isinstance(value, str):
        if value in GRADES:
            return GRADES[value]
        raise DataError(f"{value[:40]!r} is no number and no grade", file=str(path), field=where)
    if value is None or value != value:
        return None
    try:
        return finite_number(value)
    except ValueError as error:
        raise DataError(str(error), file=str(path), field=where) from error


def _answer_text(sample: Any) -> str:
    """What the model said last; of several choices all of them."""
    choices = sample.output.choices if sample.output else []
    texts = [choice.message.text for choice in choices]
    return texts[0] if len(texts) == 1 else digestible(texts)


def _figures(log: Any) -> dict[str, tuple[float | None, str]]:
    """By score, inspect's own mean, and how its epochs were put together where not by a mean."""
    figures: dict[str, tuple[float | None, str]] = {}
    epochs = log.eval.config.epochs or 1
    for score in log.results.scores if log.results else []:
        figure = next(
            (score.metrics[name].value for name in FIGURES if name in score.metrics), None
        )
        reduced = score.reducer if epochs > 1 and score.reducer not in (None, "mean") else ""
        name = _score_name(score.scorer, score.name)
        figures.setdefault(name, (figure, f"over epochs by {reduced}" if reduced else ""))
    return figures


def _score_name(scorer: str, score: str) -> str:
    """The name of a scorer's score, in the form of `_parts`."""
    return score if score == scorer else f"{scorer}.{score}"
