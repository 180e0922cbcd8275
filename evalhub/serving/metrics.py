"""What Prometheus reads: how many requests, runs, shards, judgments and decisions there are.

Counts alone: no project's name, and nothing of a running review but how much was said.
"""

from collections.abc import Iterator
from itertools import accumulate

from django.conf import settings
from django.db.models import Count
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from evalhub.gate.models import Decision
from evalhub.registry.models import Run, Shard
from evalhub.registry.models.runs import UNFINISHED, RunState, ShardState
from evalhub.serving.counting import BOUNDS, counted
from reviews.models import Judgment
from runners.queue import QueueUnreachable, queue_length


def exposition() -> bytes:
    """All counts, in Prometheus' text format. Five queries, and one question to the queue."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Site())
    return generate_latest(registry)


class _Site(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from _requests()
        yield _by_state()
        yield _gauge(
            "shards_outstanding",
            "Shards of unfinished runs that wait or are worked on.",
            Shard.objects.filter(run__state__in=UNFINISHED)
            .filter(state__in=[ShardState.PENDING, ShardState.CLAIMED])
            .count(),
        )
        yield _gauge("judgments", "Judgments given in reviews.", Judgment.objects.count())
        yield _gauge("decisions", "Decisions kept.", Decision.objects.count())
        if settings.REDIS_URL:
            yield from _queue()


def _requests() -> Iterator[Metric]:
    answered = CounterMetricFamily(
        "evalhub_requests", "Requests answered.", labels=["method", "status"]
    )
    took = HistogramMetricFamily(
        "evalhub_request_seconds", "How long requests took.", labels=["method"]
    )
    bounds = [*map(str, BOUNDS), "+Inf"]
    for method, counts in counted().items():
        for kind, number in counts.by_class.items():
            answered.add_metric([method, kind], number)
        summed = zip(bounds, accumulate(counts.buckets), strict=True)
        took.add_metric([method], buckets=list(summed), sum_value=counts.seconds)
    yield answered
    yield took


def _by_state() -> Metric:
    found = dict(Run.objects.order_by().values_list("state").annotate(n=Count("pk")))
    runs = GaugeMetricFamily("evalhub_runs", "Runs by their state.", labels=["state"])
    for state in RunState:
        runs.add_metric([state.value], found.get(state, 0))
    return runs


def _queue() -> Iterator[Metric]:
    try:
        length = queue_length()
    except QueueUnreachable:
        length = None
    yield _gauge("queue_answers", "1 where the queue answers, else 0.", int(length is not None))
    if length is not None:
        yield _gauge("queue_messages", "Messages that wait in the queue.", length)


def _gauge(name: str, what: str, value: int) -> Metric:
    return GaugeMetricFamily(f"evalhub_{name}", what, value=value)
