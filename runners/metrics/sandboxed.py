"""Metrics that run what an answer says, in the sandbox."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import Field

from runners.metrics.score import Answer, MetricDeclaration, MetricError, MetricScore, Scorable
from runners.sandbox.availability import why_no_sandbox
from runners.sandbox.bounds import Bounds
from runners.sandbox.verdicts import verdicts

SandboxSeconds = Annotated[
    float,
    Field(
        gt=0,
        le=120,
        title="Seconds",
        description="of the clock, and of computing of each process, that one answer may take",
    ),
]


def check_sandbox(metric: MetricDeclaration) -> None:
    """Raises MetricError where the metric runs what an answer says and no sandbox can be had here.

    The sandbox is tried once a process.
    """
    if metric.sandboxed and (why := why_no_sandbox()):
        raise MetricError(
            f"{metric.name} runs what an answer says, in a sandbox that can't be had here: {why}"
        )


def sandbox_scores(
    program: str,
    batch: Sequence[Scorable],
    task_of: Callable[[Answer, Any], dict[str, Any]],
    seconds: float,
) -> list[MetricScore]:
    """1 for each answer that passes by one of its references, else 0 with a reason; unscored where
    by none of them it can be said.

    Args:
        program: of `runners.sandbox.programs`.
        task_of: what the program is to do with an answer and a reference; ValueError says why the
            reference can't be used.
        seconds: for each answer and reference.
    """
    tasks, owners = [], []
    scores: list[list[MetricScore]] = [[] for _ in batch]
    for position, (answer, references) in enumerate(batch):
        for reference in references:
            if reference is None:
                continue
            try:
                tasks.append(task_of(answer, reference))
                owners.append(position)
            except ValueError as flaw:
                scores[position].append(MetricScore(None, str(flaw)))
    results = verdicts(program, tasks, Bounds(seconds=seconds)) if tasks else []
    for position, verdict in zip(owners, results, strict=True):
        value = None if verdict.passed is None else float(verdict.passed)
        scores[position].append(MetricScore(value, verdict.reason))
    return [_best(each) for each in scores]


def _best(scores: Sequence[MetricScore]) -> MetricScore:
    if not scores:
        return MetricScore(None, "no reference")
    return max(scores, key=lambda score: -1.0 if score.value is None else score.value)
