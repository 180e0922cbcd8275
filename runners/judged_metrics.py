"""Give a metric that needs a model the version that it names, asked like any other."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial

from django.db import transaction

from evalhub.accounts.models import Project
from evalhub.declare.keys import Reach
from evalhub.registry.models import Metric, ModelVersion, Run
from runners.backends import backend_of
from runners.backends.asking import BackendRequest
from runners.backends.clients import client_of, make_in_thread
from runners.metrics import (
    Ask,
    JudgeReply,
    MetricDeclaration,
    MetricError,
    Scorer,
    metric_declaration,
)
from runners.metrics.sandboxed import check_sandbox
from runners.spending import Meter

ASKED_AT_A_TIME = 64
"""Answers that are judged before their scores are written: so many verdicts a lost worker loses."""


def scorer_of(metric: Metric, run: Run, tick: Callable[[], None]) -> Scorer:
    """The metric ready to score the run's answers; `tick` is called while a judge is waited for.

    Raises MetricError as `judge_of` and `check_sandbox`.
    """
    declared = metric_declaration(metric.name, **metric.options)
    check_sandbox(declared)
    judge = judge_of(declared, run.version.model.project)
    if judge is None:
        return Scorer(declared, None, partial(make_in_thread, waiting=tick))
    return Scorer(declared, model(judge, run.reach, tick, Meter.of_judge(run, judge)))


def judge_of(metric: MetricDeclaration, project: Project) -> ModelVersion | None:
    """The version that a metric asks; None where it asks none.

    Raises MetricError where the project has no such version, or its answers are recorded.
    """
    if not metric.needs_model:
        return None
    versions = ModelVersion.objects.filter(model__project=project, digest=metric.model)
    judge: ModelVersion | None = versions.order_by("pk").first()
    if judge is None:
        raise MetricError(
            f"{metric.name}: {project} has no version with the digest {metric.model!r}, which is "
            "to judge"
        )
    if not backend_of(judge).live:
        raise MetricError(f"{metric.name}: {judge} is to judge, and its answers are recorded")
    return judge


def model(
    version: ModelVersion,
    reach: Reach,
    tick: Callable[[], None] = lambda: None,
    meter: Meter | None = None,
) -> Ask:
    """A version as metrics ask it: prompts in, what it said out in the same order.

    `tick` is called about every half second meanwhile, and may raise to stop. What it says is
    counted by the meter as it comes. Asking raises BackendError where it is no use to ask on, or a
    budget is used up.
    """

    def lots_of(
        questions: Sequence[BackendRequest],
    ) -> Generator[Sequence[BackendRequest]]:
        if meter is None:
            yield questions
        else:
            yield from meter.lots(questions, tick)

    def ask(prompts: Sequence[str]) -> list[JudgeReply]:
        if not prompts:
            return []
        questions = [BackendRequest(i, 0, each, "") for i, each in enumerate(prompts)]
        replies_by_item: dict[int, JudgeReply] = {}
        with closing(lots_of(questions)) as lots:
            for some in lots:
                with closing(client_of(version, reach, tick).answer(some)) as batches:
                    for batch in batches:
                        for question, reply in batch:
                            replies_by_item[question.item_id] = JudgeReply(reply.text, reply.error)
                        if meter is not None and batch:
                            with transaction.atomic():
                                meter.count(batch)
                        tick()
        return [replies_by_item[i] for i in range(len(prompts))]

    return ask
