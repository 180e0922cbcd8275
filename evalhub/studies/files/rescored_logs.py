"""Score answers from another tool's logs with a metric of Evalhub's own."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evalhub.importers.kinds import one_arm, read_arms
from evalhub.importers.log import AskedItem, LoggedArm
from evalhub.importers.pairing import check_same_items, check_same_tasks
from evalhub.importers.plain import DOCUMENT, answers_file, whole_items_file
from evalhub.io.rows import DataError
from evalhub.ledger.file_claims import FileLedger
from evalhub.studies.files.compare import CompareRequest, FileComparison, compare_files
from evalhub.studies.files.compare_logs import LogQuestion, LogQuestionError, choose_arms
from runners.metrics import metric_kind, scorer


def is_ours(metrics: Sequence[str]) -> bool:
    """Whether the metric is one of Evalhub's or of this home's own."""
    return any(metric_kind(each) is not None for each in metrics)


def compare_rescored(
    base: Path,
    candidate: Path | None,
    right: Path | None,
    question: LogQuestion,
    *,
    extract: str | None = None,
    options: tuple[tuple[str, Any], ...] = (),
    ledger: FileLedger | None = None,
) -> FileComparison:
    """Compares the answers of two logs on one task, with a metric of Evalhub's own.

    Args:
        right: a log of the same kind whose answers are the right ones; None: the log has them.
        ledger: by which they are judged, where it knows the items; None: there is none.

    Raises:
        DataError: what is wrong with a log, or why the two can't be paired.
        LogQuestionError: a question that can't be asked of the logs.
        runners.metrics.MetricError: a metric that can't be had so.
    """
    arms = choose_arms(base, candidate, question)
    check_same_tasks(*arms)
    if len(question.metrics) != 1 or len(arms[0].tasks) != 1 or question.primaries:
        tasks = ", ".join(arms[0].tasks)
        raise LogQuestionError(
            f"a metric of Evalhub's own scores one task, and the logs' are {tasks}: leave out "
            "--primary, and name one --metric"
        )
    [name] = arms[0].tasks
    sides = arms[0].tasks[name], arms[1].tasks[name]
    check_same_items(*sides, other_prompts=question.other_prompts)
    items = {**sides[1].items, **sides[0].items}
    right_answers = _right_answers(right, name, question)
    if scorer(question.metrics[0], **_options(extract, options)).metric.compares:
        _check_references(items.values(), right_answers, sides[0].file)
    with TemporaryDirectory() as folder:
        of_items = whole_items_file(
            items.values(), Path(folder, f"{_file_name(name)}.jsonl"), sides[0].file, right_answers
        )
        of_arms = [
            answers_file(side, Path(folder, str(number), f"{_file_name(arm.name)}.jsonl"))
            for number, (arm, side) in enumerate(zip(arms, sides, strict=True))
        ]
        request = CompareRequest(
            metric=question.metrics[0],
            extract=extract,
            options=options,
            cluster=f"{DOCUMENT}.{question.cluster}" if question.cluster else "cluster",
            tag=question.tag and f"{DOCUMENT}.{question.tag}",
            terms=question.terms,
        )
        try:
            return compare_files(of_arms[0].path, of_arms[1].path, of_items.path, request, ledger)
        except DataError as error:
            for file in (of_items, *of_arms):
                error = file.of_log(error)
            raise error from None


def _file_name(name: str) -> str:
    """The name without characters that a file name can't have."""
    return name.replace("/", "-")[:100]


def _options(extract: str | None, options: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    return ({} if extract is None else {"extract": extract}) | dict(options)


def _right_answers(right: Path | None, task: str, question: LogQuestion) -> Mapping[str, list[Any]]:
    """The answers in a log of right answers, by item; {} without such a log."""
    if right is None:
        return {}
    arms = read_arms(question.kind, right, fields=question.fields)
    arm: LoggedArm = one_arm(arms, None, right, option="--test-set")
    if task not in arm.tasks:
        raise DataError(f"has no task {task}", file=str(right))
    answers_by_item: dict[str, list[Any]] = {}
    for answer in arm.tasks[task].answers:
        if answer.output is not None:
            answers_by_item.setdefault(answer.key, []).append(answer.output)
    return answers_by_item


def _check_references(
    items: Iterable[AskedItem], right_answers: Mapping[str, list[Any]], file: Path
) -> None:
    for item in items:
        if not right_answers.get(item.key, item.references):
            raise DataError(
                f"no right answer to item {item.key!r} is known: name a file of them by --test-set",
                file=str(file),
                line=item.line,
            )
