"""How a run gets on: how fast, what went wrong so far, and whether any worker takes it up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from evalhub.registry.models import Output, Run, Shard
from evalhub.registry.models.runs import UNFINISHED, ShardState
from runners.backends import BACKENDS
from runners.shards import LEASE

UNATTENDED = timedelta(seconds=10)
"""How long a run waits before it is said that no worker takes it up: an idle one does within two
seconds."""
RATED = timedelta(seconds=10)
"""From when on a rate is told."""


class WorkersSeen:
    """Which kinds of workers are at work, by the shards that they hold. Read once, where it is
    asked for."""

    @cached_property
    def kinds(self) -> set[str]:
        now = timezone.now()
        busy_shards = Shard.objects.filter(
            state=ShardState.CLAIMED, lease_until__gte=now
        ).order_by()
        types = busy_shards.values_list("run__version__backend__type", flat=True).distinct()
        return {_kind(name) for name in types}


def worker_advice(run: Run, workers: WorkersSeen | None = None) -> str:
    """What to do about an unfinished run, read with its progress, that waits for longer than
    UNATTENDED while no worker of the kind that it needs is at work; "" for any other."""
    if run.state not in UNFINISHED or timezone.now() - last_attended(run) < UNATTENDED:
        return ""
    kind = kind_of_run(run)
    if kind in (workers or WorkersSeen()).kinds:
        return ""
    sentence = f"no worker has taken it up for over {UNATTENDED.total_seconds():.0f} s"
    if settings.REDIS_URL:
        return (
            f"{sentence}: start `evalhub worker`, which takes runs of the kind {kind!r} unless its "
            "--queues says otherwise, where EVALHUB_DATABASE_URL and EVALHUB_REDIS_URL are this "
            "site's"
        )
    return f"{sentence}: start `evalhub up`, which has a worker inside, as `evalhub study run` has"


def runs_without_worker(runs: Sequence[Run]) -> str:
    """The same of several: the first sentence, and of how many runs it is true."""
    workers = WorkersSeen()
    sentences = [sentence for run in runs if (sentence := worker_advice(run, workers))]
    if not sentences:
        return ""
    if len(sentences) == 1:
        return sentences[0]
    return sentences[0].replace("taken it up", f"taken {len(sentences)} of them up", 1)


def last_attended(run: Run) -> datetime:
    """When a worker was last seen at a run read with its `last_lease`, or it began to wait."""
    last: datetime | None = run.last_lease  # type: ignore[attr-defined]
    return run.enqueued if last is None else max(run.enqueued, last - LEASE)


def kind_of_run(run: Run) -> str:
    """The kind of worker that it needs: "cpu", "gpu" or "api"."""
    return _kind(run.version.backend.get("type", ""))


def _kind(backend: str) -> str:
    return BACKENDS[backend].queue if backend in BACKENDS else "cpu"


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Progress of an unfinished run, for pages and commands.

    Attributes:
        failures: answers that ended in an error so far.
        first_error: of the first item that has one; "" without.
        rate: items a second since it was last taken up; None before that can be said.
        left: how long the others take at that rate; None likewise.
        unattended: see `worker_advice`.
    """

    failures: int
    first_error: str
    rate: float | None
    left: timedelta | None
    unattended: str

    @property
    def minutes_left(self) -> int | None:
        """Whole minutes; None where it isn't known."""
        return None if self.left is None else round(self.left.total_seconds() / 60)


def progress_of(run: Run) -> RunProgress:
    """Of a run read with its progress and its first error. A query where there is one, and another
    where it waits."""
    first: str = run.first_error or ""  # type: ignore[attr-defined]
    failures = failures_of([run.pk]).get(run.pk, 0) if first else 0
    rate, left = _pace(run)
    return RunProgress(failures, first, rate, left, worker_advice(run))


def _pace(run: Run) -> tuple[float | None, timedelta | None]:
    items_done: int = run.items_done  # type: ignore[attr-defined]
    came = items_done - run.done_before
    if run.state not in UNFINISHED or run.going_since is None or came <= 0:
        return None, None
    took = timezone.now() - run.going_since
    if took < RATED:
        return None, None
    rate = came / took.total_seconds()
    return rate, timedelta(seconds=(run.test_set_version.item_count - items_done) / rate)


def failures_of(runs: Sequence[int]) -> dict[int, int]:
    """How many answers of these runs ended in an error, without those of which none did."""
    failed = Output.objects.filter(run__in=runs).exclude(error="").order_by()
    return dict(failed.values("run").annotate(count=Count("pk")).values_list("run", "count"))
