"""Two arms of logs, task by task: whether they can be paired, and by which metric. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalhub.importers.log import LoggedArm, Task, ToolMetric
from evalhub.io.rows import DataError


@dataclass(frozen=True, slots=True)
class PairedTask:
    """One task of both arms, and the metric that each of them is measured by."""

    name: str
    metric: str
    baseline: Task
    candidate: Task

    @property
    def sides(self) -> tuple[Task, Task]:
        return self.baseline, self.candidate

    @property
    def measures(self) -> tuple[ToolMetric, ToolMetric]:
        """The metric as either log has it."""
        return self.baseline.metrics[self.metric], self.candidate.metrics[self.metric]


def pair(
    baseline: LoggedArm,
    candidate: LoggedArm,
    metrics: Sequence[str] = (),
    *,
    other_prompts: bool = False,
) -> list[PairedTask]:
    """Every task of both arms with its metric.

    Args:
        metrics: a metric's name, for every task that has it, or TASK=METRIC.
        other_prompts: the two arms were asked in other words, and that is part of the question.

    Raises:
        DataError: the logs don't hold the same tasks; a key stands for two items; items were
            asked in other words, and nobody said so; a task has several metrics or none.
    """
    check_same_tasks(baseline, candidate)
    pairs = []
    for name, task in baseline.tasks.items():
        other = candidate.tasks[name]
        check_same_items(task, other, other_prompts=other_prompts)
        pairs.append(PairedTask(name, _metric(task, other, metrics), task, other))
    for metric in metrics:
        if metric.partition("=")[0] in baseline.tasks:
            continue
        if not any(pair.metric == metric for pair in pairs):
            raise DataError(
                f"no task has the metric {metric!r}: {'; '.join(_metrics_of_tasks(baseline))}",
                file=str(baseline.file),
            )
    return pairs


def check_same_tasks(baseline: LoggedArm, candidate: LoggedArm) -> None:
    """Raises DataError where one log has a task that the other hasn't."""
    for arm, other in ((baseline, candidate), (candidate, baseline)):
        lacking = [name for name in arm.tasks if name not in other.tasks]
        if lacking:
            names = ", ".join(other.tasks)
            raise DataError(
                f"has no task {', '.join(lacking)}, which {arm.file.name} has; it has {names}",
                file=str(other.file),
            )


def check_same_items(task: Task, other: Task, *, other_prompts: bool) -> None:
    """Raises DataError if a key names two items, or an item has two wordings."""
    shared = [(item, other.items[key]) for key, item in task.items.items() if key in other.items]
    if not shared:
        raise DataError(
            f"{task.name} has no item in common with {task.file}: these are other test sets",
            file=str(other.file),
        )
    for ours, theirs in shared:
        if ours.content() != theirs.content():
            raise DataError(
                f"item {ours.key!r} of {task.name} isn't the one that {task.file} calls so: what "
                "is asked, or what is right, differs",
                file=str(other.file),
                line=theirs.line,
            )
    reworded = [theirs for ours, theirs in shared if ours.put_otherwise(theirs)]
    if reworded and not other_prompts:
        raise DataError(
            f"{len(reworded)} of {len(shared)} items of {task.name} were put to the two models in "
            "other words (prompt, few-shot examples, chat template): a difference may be the "
            "prompt's. If the prompt is part of what is compared, say --other-prompts",
            file=str(other.file),
            line=reworded[0].line,
        )


def tasks_with_other_wording(tasks: Sequence[PairedTask]) -> list[str]:
    """The tasks with an item of which the arms' wordings differ."""
    return [
        task.name
        for task in tasks
        if any(
            key in task.candidate.items and item.put_otherwise(task.candidate.items[key])
            for key, item in task.baseline.items.items()
        )
    ]


def other_settings(baseline: LoggedArm, candidate: LoggedArm) -> Iterator[str]:
    """Sentences on settings, other than the model, that differ between the two logs."""
    for name in dict.fromkeys([*baseline.settings, *candidate.settings]):
        ours, theirs = (arm.settings.get(name, "none") for arm in (baseline, candidate))
        if ours != theirs:
            yield (
                f"{name} is {ours} for {baseline.name} and {theirs} for {candidate.name}: a "
                "difference may be the tool's"
            )


def _metric(task: Task, other: Task, requests: Sequence[str]) -> str:
    """The one metric that a task is measured by. Raises DataError."""
    by_task = [
        request.removeprefix(f"{task.name}=") for request in requests if _is_for(request, task)
    ]
    names = by_task or [
        request for request in requests if request in task.metrics or request in task.unusable
    ]
    for name in names:
        for side in (task, other):
            if name in side.unusable:
                raise DataError(f"{name}: {side.unusable[name]}", file=str(side.file))
            if name not in side.metrics:
                raise DataError(
                    f"{task.name} has no metric {name!r}; it has {', '.join(side.metrics)}",
                    file=str(side.file),
                )
    if len(names) == 1:
        return _usable(task, other, names[0])
    if not names and task.headline and task.headline == other.headline:
        return _usable(task, other, task.headline)
    if not task.metrics:
        raise DataError(
            f"{task.name} has no scores: name a metric of Evalhub's own, such as --metric "
            "exact_match",
            file=str(task.file),
        )
    raise DataError(
        f"{task.name} has several metrics: say --metric '{next(iter(task.metrics), '')}', or "
        f"another of {', '.join(task.metrics)}",
        file=str(task.file),
    )


def _usable(task: Task, other: Task, name: str) -> str:
    better = [side.metrics[name].higher_is_better for side in (task, other)]
    if better[0] is None or better[0] != better[1]:
        raise DataError(
            f"{task.name}: the logs don't say alike whether more {name} is better",
            file=str(other.file),
        )
    return name


def _is_for(request: str, task: Task) -> bool:
    return request.startswith(f"{task.name}=")


def _metrics_of_tasks(arm: LoggedArm) -> list[str]:
    return [f"{name} has {', '.join(task.metrics) or 'none'}" for name, task in arm.tasks.items()]
