"""Runs, their answers and their scores, as programs see them."""

from datetime import datetime
from typing import Any, Self

from pydantic import AliasPath, Field

from evalhub.declare.declaration import Declaration
from evalhub.declare.prices import RunBudget, Spent
from evalhub.declare.study import Name
from evalhub.frames.rest.registry_shapes import Upload
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.registry.models import Run
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


class RunMetricOut(ResponseBody):
    """What a run is scored by. Its mean stays closed until a decision has read the scores."""

    metric: str = Field(validation_alias=AliasPath("metric", "name"))
    digest: str = Field(
        validation_alias=AliasPath("metric", "digest"), description="of the metric with its options"
    )
    scored: int | None
    unscored: int | None
    extraction_misses: int | None
    opened: datetime | None
    mean: float | None = Field(validation_alias="readable_mean")


class RunOut(ResponseBody):
    id: int
    model: str = Field(validation_alias=AliasPath("version", "model", "slug"))
    version: int = Field(validation_alias=AliasPath("version", "number"))
    test_set: str = Field(validation_alias=AliasPath("test_set_version", "test_set", "slug"))
    test_set_version: int = Field(validation_alias=AliasPath("test_set_version", "number"))
    state: str
    items: int = Field(validation_alias=AliasPath("test_set_version", "item_count"))
    done: int = Field(
        validation_alias="items_done",
        description="items whose answers are kept, without those in error",
    )
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
    metrics: tuple[RunMetricOut, ...]
    url: str

    @classmethod
    def from_model(cls, run: Run, /, workers: WorkersSeen | None = None, **computed: Any) -> Self:
        """From a run with its progress and metrics; `workers` are read once for several runs."""
        return super().from_model(
            run,
            waits_for=worker_advice(run, workers),
            metrics=list(run.metrics.all()),
            url=address("run", run.version.model.project.slug, run.pk),
            **computed,
        )


class OutputOut(ResponseBody):
    item: str = Field(validation_alias=AliasPath("item", "key"))
    sample: int
    text: str | None
    error: str
    latency_ms: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    finish_reason: str = Field(description="why the model stopped, in its server's word")
    served_model: str = Field(description="which model its server says that it answered with")
    system_fingerprint: str = Field(
        validation_alias="fingerprint", description="which of its systems, likewise"
    )
    fault: str = Field(
        description="of an error: `item` where the server says that it is the item's own, `server` "
        "where the server failed, else empty"
    )
    reasoning: str = Field(description="what the model thought first: kept apart, and not scored")
    tool_calls: tuple[dict[str, Any], ...] | None = Field(
        description="the tools that it calls, each with `name` and `arguments`; null: none"
    )
    passages: tuple[dict[str, Any], ...] | None = Field(
        description="what a retriever gave the model for it, each with `id`, `text` and perhaps "
        "`score`, the best first; null: none was asked"
    )


class ScoreOut(ResponseBody):
    item: str = Field(validation_alias=AliasPath("output", "item", "key"))
    sample: int = Field(validation_alias=AliasPath("output", "sample"))
    metric: str = Field(validation_alias=AliasPath("metric", "name"))
    value: float | None
    reason: str = Field(description="why there is none")
    extracted: bool | None
