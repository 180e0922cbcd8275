"""Compare two arms from another tool's logs: no server, no queue, no database of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from evalhub.decision.outcomes import outcome
from evalhub.decision.policy import Policy
from evalhub.decision.sections.imported import ImportedSection, ToolFigure
from evalhub.declare.roles import DemandRole
from evalhub.declare.verdicts import Verdict
from evalhub.importers.kinds import log_kinds, one_arm, read_arms
from evalhub.importers.log import AskedItem, LoggedArm
from evalhub.importers.pairing import PairedTask, other_settings, pair, tasks_with_other_wording
from evalhub.importers.plain import item_row
from evalhub.io.canonical import digest_of
from evalhub.io.items import prints_of
from evalhub.io.limits import COMMAND, Limits
from evalhub.io.row_paths import USUAL, RowMapping
from evalhub.io.rows import DataError, Row
from evalhub.ledger.file_claims import FileLedger
from evalhub.studies.files.compare import FileComparison
from evalhub.studies.files.decide import decide_scores
from evalhub.studies.files.evidence import ItemInfo, Scores
from evalhub.studies.files.terms import Terms
from runners.metrics import metric_declaration

ROLES: tuple[Literal["baseline", "candidate"], ...] = ("baseline", "candidate")


class LogQuestionError(ValueError):
    """A question that the logs' tasks can't answer, and the possible ones."""


@dataclass(frozen=True, slots=True)
class LogQuestion:
    """The options of `evalhub compare --from KIND`.

    Attributes:
        kind: of evalhub.importers.kinds.log_kinds.
        arms: the baseline's and the candidate's name, for logs of several arms.
        metrics: a metric's name, for every task that has it, or TASK=METRIC.
        primaries: the tasks that must gain, where there are several; the others are guards.
        other_prompts: the arms were asked in other words, and that is part of the question.
        cluster, tag: fields of an item in the log; a dotted name reaches into an object.
        fields: of plain rows, where they are and what is read of each.
        terms: what must hold; its role is that of a single task.
    """

    kind: str
    arms: tuple[str | None, str | None] = (None, None)
    metrics: tuple[str, ...] = ()
    primaries: tuple[str, ...] = ()
    other_prompts: bool = False
    cluster: str | None = None
    tag: str | None = None
    fields: RowMapping = USUAL
    terms: Terms = field(default_factory=Terms)


def compare_logs(
    base: Path,
    candidate: Path | None,
    question: LogQuestion,
    limits: Limits = COMMAND,
    ledger: FileLedger | None = None,
) -> FileComparison:
    """Compares two arms out of two logs, or out of one that holds both.

    Args:
        ledger: by which they are judged, where it knows the items; None: there is none.

    Raises:
        DataError: what is wrong with a log, or why the two can't be paired.
        LogQuestionError: a question that can't be asked of these tasks.
    """
    arms = choose_arms(base, candidate, question, limits)
    tasks = pair(*arms, question.metrics, other_prompts=question.other_prompts)
    policy = policy_of(tasks, question)
    scores = _scores(arms, tasks, question)
    record = decide_scores(
        policy, scores, imported=imported_section(arms, tasks, question.kind), ledger=ledger
    )
    if record.verdict is Verdict.INVALID:
        return FileComparison(record, [])
    return FileComparison(record, [row for each in tasks for row in _items(each)])


def choose_arms(
    base: Path, candidate: Path | None, question: LogQuestion, limits: Limits = COMMAND
) -> tuple[LoggedArm, LoggedArm]:
    """The baseline and the candidate. Raises DataError."""
    first = read_arms(question.kind, base, limits, question.fields)
    second = (
        first if candidate is None else read_arms(question.kind, candidate, limits, question.fields)
    )
    arms = (
        one_arm(first, question.arms[0], base, option="--base-arm"),
        one_arm(second, question.arms[1], candidate or base, option="--candidate-arm"),
    )
    if arms[0] is arms[1]:
        raise DataError("is compared with itself: name two arms or two logs", file=str(base))
    if arms[0].name == arms[1].name:
        for arm in arms:
            arm.name = f"{arm.name} ({arm.file})"
    return arms


def policy_of(tasks: Sequence[PairedTask], question: LogQuestion) -> Policy:
    """A policy with one criterion for each task. Raises LogQuestionError."""
    names = [each.name for each in tasks]
    for name in question.primaries:
        if name not in names:
            raise LogQuestionError(f"--primary {name}: the tasks are {', '.join(names)}")
    if len(tasks) > 1 and not question.primaries:
        raise LogQuestionError(
            f"there are several tasks, {', '.join(names)}: say which must gain (--primary TASK); "
            "the others are guards"
        )
    criteria = {each.name: _criterion(each, question, alone=len(tasks) == 1) for each in tasks}
    return question.terms.policy(criteria)


def _criterion(task: PairedTask, question: LogQuestion, *, alone: bool) -> dict[str, Any]:
    role: DemandRole = question.terms.role if alone and not question.primaries else "guard"
    if task.name in question.primaries:
        role = "primary"
    measure, other = task.measures
    bounds = measure.bounds if measure.bounds == other.bounds else None
    if bounds is None and question.terms.failures == "worst":
        raise LogQuestionError(
            f"--failures worst: the log doesn't say the least and the most that {task.metric} can "
            "be, so an answer that failed can't score its worst"
        )
    return {
        **question.terms.demand(role),
        "metric": task.metric,
        "higher_is_better": measure.higher_is_better,
        **({"bounds": bounds} if bounds else {}),
    }


def _scores(
    arms: tuple[LoggedArm, LoggedArm], tasks: Sequence[PairedTask], question: LogQuestion
) -> Scores:
    """Both logs' scores by the tasks' metrics, in the shape of score rows."""
    files = tuple(dict.fromkeys(arm.file for arm in arms))
    owners: tuple[str | None, ...] = (None,) if len(files) == 1 else tuple(a.name for a in arms)
    scores = Scores((arms[0].name, arms[1].name), files, owners)
    for task in tasks:
        cells = scores.cells[task.name, task.metric] = ({}, {})
        registered = metric_declaration("recorded", **task.measures[0].as_recorded())
        scores.metrics[task.name, task.metric] = registered.name, registered.options
        for arm, side in enumerate(task.sides):
            for answer in side.answers:
                cells[arm].setdefault(answer.key, {})[answer.sample] = answer.scores.get(
                    task.metric
                )
                where = (task.name, answer.key, answer.sample)
                if answer.error:
                    scores.errors[arm][where] = answer.error
                elif answer.output is not None:
                    scores.outputs[arm][where] = answer.output
            for item in side.items.values():
                scores.items.setdefault((task.name, item.key), item_info(item, side.file, question))
    return scores


def item_info(item: AskedItem, file: Path, question: LogQuestion) -> ItemInfo:
    """An item's cluster and tags, from the fields that the question names. Raises DataError."""
    cluster, tags = item.cluster or None, []
    if question.cluster is not None:
        cluster = str(_value_at(item, question.cluster, file))
    if question.tag is not None:
        tag = _value_at(item, question.tag, file)
        tags = [str(each) for each in tag] if isinstance(tag, list) else [str(tag)]
    row = item_row(item)
    return ItemInfo(
        cluster, tags, prints=prints_of(Row(0, row)), question=digest_of([row["input"]])
    )


def _value_at(item: AskedItem, name: str, file: Path) -> Any:
    value: Any = item.fields
    for part in [name] if name in item.fields else name.split("."):
        if not isinstance(value, dict) or part not in value:
            names = ", ".join(item.fields) or "none"
            raise DataError(
                f"an item has no such field in the log; there are {names}",
                file=str(file),
                line=item.line,
                field=name,
            )
        value = value[part]
    return value


def imported_section(
    arms: tuple[LoggedArm, LoggedArm], tasks: Sequence[PairedTask], kind: str
) -> ImportedSection:
    """The tool's own means next to ours, and other differences."""
    figures = [
        ToolFigure(
            test_set=task.name,
            metric=task.metric,
            arm=role,
            theirs=measure.figure,
            ours=side.mean(task.metric),
            otherwise=measure.otherwise,
        )
        for task in tasks
        for role, side, measure in zip(ROLES, task.sides, task.measures, strict=True)
    ]
    reworded = [
        f"The items of {name} were put to the two arms in other words, as was said: a difference "
        "may be the prompt's"
        for name in tasks_with_other_wording(tasks)
    ]
    return ImportedSection(
        tool=log_kinds()[kind].words,
        figures=tuple(figures),
        cautions=(*reworded, *other_settings(*arms)),
    )


def _items(task: PairedTask) -> list[dict[str, Any]]:
    """Each item that both arms answered, with their first answers and mean scores."""
    sign = 1.0 if task.measures[0].higher_is_better else -1.0
    right = 1.0 if sign > 0 else 0.0
    first: list[dict[str, tuple[str | None, str]]] = [{}, {}]
    values: list[dict[str, list[float | None]]] = [{}, {}]
    for arm, side in enumerate(task.sides):
        for answer in side.answers:
            first[arm].setdefault(answer.key, (answer.output, answer.error))
            values[arm].setdefault(answer.key, []).append(answer.scores.get(task.metric))
    rows = []
    for key, item in task.baseline.items.items():
        if key not in first[0] or key not in first[1]:
            continue
        base, tuned = (_mean(each[key]) for each in values)
        gain = None if base is None or tuned is None else sign * (tuned - base)
        rows.append(
            {
                "test_set": task.name,
                "key": key,
                "input": item.input,
                "reference": item.references,
                "baseline_text": first[0][key][0],
                "candidate_text": first[1][key][0],
                "baseline_error": first[0][key][1],
                "candidate_error": first[1][key][1],
                "baseline": base,
                "candidate": tuned,
                "difference": gain,
                "outcome": outcome(base, tuned, gain, right),
                "right": right,
            }
        )
    return sorted(rows, key=lambda row: (row["difference"] is None, row["difference"] or 0.0))


def _mean(values: Sequence[float | None]) -> float | None:
    numbers = [each for each in values if each is not None]
    return sum(numbers) / len(numbers) if numbers and len(numbers) == len(values) else None
