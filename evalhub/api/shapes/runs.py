"""Runs, their answers and their scores, as programs see them."""

from datetime import datetime
from typing import Any

from pydantic import Field

from evalhub.declare.declaration import Declaration
from evalhub.declare.prices import RunBudget, Spent
from evalhub.declare.study import Name
from evalhub.frames.rest.addresses import address
from evalhub.frames.rest.registry_shapes import Upload
from evalhub.frames.rest.shapes import ResponseShape
from evalhub.registry.models import Output, Run, RunMetric, Score
from runners.metrics import AnyMetric
from runners.progress import WorkersSeen, worker_advice


class VersionOnItems(Declaration):
    """A model version and the test set version whose items it answers."""

    model: Name
    version: int | None = Field(None, ge=1, description="the newest where none is given")
    test_set: Name
    test_set_version: int | None = Field(None, ge=1, description="the newest where none is given")


class RunRequest(VersionOnItems):
    """Request to run a version on all items of a test set version, and to score it."""

    metrics: tuple[AnyMetric, ...] = ()
    answers: Upload | None = Field(None, description="a recorded version's answers")


class ResumeRequest(Declaration):
    """Request to resume a run."""

    budget: RunBudget | None = Field(
        None, description="what it may cost from now on, in place of what it was stopped by"
    )


class RunMetricShape(ResponseShape):
    """What a run is scored by. Its mean stays closed until a decision has read the scores."""

    metric: str
    digest: str = Field(description="of the metric with its options")
    scored: int | None
    unscored: int | None
    extraction_misses: int | None
    opened: datetime | None
    mean: float | None

    @classmethod
    def of(cls, row: RunMetric) -> "RunMetricShape":
        return cls(
            metric=row.metric.name,
            digest=row.metric.digest,
            scored=row.scored,
            unscored=row.unscored,
            extraction_misses=row.extraction_misses,
            opened=row.opened,
            mean=row.readable_mean,
        )


class RunShape(ResponseShape):
    id: int
    model: str
    version: int
    test_set: str
    test_set_version: int
    state: str
    items: int
    done: int = Field(description="items whose answers are kept, without those in error")
    waits_for: str = Field(
        description="a sentence where it waits and no worker takes it up; else empty"
    )
    samples: int
    repeat: int
    reused: int = Field(
        description="answers taken over from other runs of the same version, not asked for again"
    )
    spent: tuple[Spent, ...] = Field(
        description="tokens and money that its answers have cost, its own version's first, then "
        "its judges'; empty where nobody was asked or nothing was counted"
    )
    error: str
    created: datetime
    started: datetime | None
    finished: datetime | None
    answers_digest: str
    metrics: tuple[RunMetricShape, ...]
    url: str

    @classmethod
    def of(cls, run: Run, workers: WorkersSeen | None = None) -> "RunShape":
        """From a run with its progress and metrics; `workers` are read once for several runs."""
        return cls(
            id=run.pk,
            model=run.version.model.slug,
            version=run.version.number,
            test_set=run.test_set_version.test_set.slug,
            test_set_version=run.test_set_version.number,
            state=run.state,
            items=run.test_set_version.item_count,
            done=run.items_done,  # type: ignore[attr-defined]
            waits_for=worker_advice(run, workers),
            samples=run.samples,
            repeat=run.repeat,
            reused=run.reused,
            spent=tuple(run.spent),
            error=run.error,
            created=run.created,
            started=run.started,
            finished=run.finished,
            answers_digest=run.answers_digest,
            metrics=tuple(RunMetricShape.of(each) for each in run.metrics.all()),
            url=address("run", run.version.model.project.slug, run.pk),
        )


class OutputShape(ResponseShape):
    item: str
    sample: int
    text: str | None
    error: str
    latency_ms: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    finish_reason: str = Field(description="why the model stopped, in its server's word")
    served_model: str = Field(description="which model its server says that it answered with")
    system_fingerprint: str = Field(description="which of its systems, likewise")
    fault: str = Field(
        description="of an error: `item` where the server says that it is the item's own, `server` "
        "where the server failed, else empty"
    )
    reasoning: str = Field(description="what the model thought first: kept apart, and not scored")
    tool_calls: tuple[dict[str, Any], ...] | None = Field(
        description="the tools that it calls, each with `name` and `arguments`; null: none"
    )

    @classmethod
    def of(cls, output: Output) -> "OutputShape":
        return cls(
            item=output.item.key,
            sample=output.sample,
            text=output.text,
            error=output.error,
            latency_ms=output.latency_ms,
            prompt_tokens=output.prompt_tokens,
            completion_tokens=output.completion_tokens,
            finish_reason=output.finish_reason,
            served_model=output.served_model,
            system_fingerprint=output.fingerprint,
            fault=output.fault,
            reasoning=output.reasoning,
            tool_calls=None if output.tool_calls is None else tuple(output.tool_calls),
        )


class ScoreShape(ResponseShape):
    item: str
    sample: int
    metric: str
    value: float | None
    reason: str = Field(description="why there is none")
    extracted: bool | None

    @classmethod
    def of(cls, score: Score) -> "ScoreShape":
        return cls(
            item=score.output.item.key,
            sample=score.output.sample,
            metric=score.metric.name,
            value=score.value,
            reason=score.reason,
            extracted=score.extracted,
        )
