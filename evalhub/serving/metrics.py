"""What Prometheus reads: how many requests, runs, shards, judgments and decisions there are.

Counts alone: no project's name, and nothing of a running review but how much was said. Requests are
counted by each site for itself, over all its processes, and carry its name as the label `site`; all
other figures are the database's, the same from whichever site they are read.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import accumulate

from django.conf import settings
from django.db.models import Count, Exists, Max, OuterRef, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from evalhub.accounts.models import MailDay
from evalhub.features.webhooks.models import Delivery, DeliveryState, Webhook
from evalhub.ledger.models import Decision
from evalhub.registry.models import Run, Shard
from evalhub.registry.models.runs import UNFINISHED, RunState, ShardState
from evalhub.serving.counting import BOUNDS, counts_name, totals_by_method
from evalhub.serving.workers import workers_alive
from reviews.models import Judgment
from runners.models import KINDS
from runners.progress import kind_of_run, last_attended
from runners.queue import QueueUnreachable, queue_length

OPEN = (ShardState.PENDING, ShardState.CLAIMED)


def exposition() -> bytes:
    """All figures, in Prometheus' text format. Ten queries, and one question to the queue."""
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
            Shard.objects.filter(run__state__in=UNFINISHED).filter(state__in=OPEN).count(),
        )
        yield from _ages()
        yield from _workers()
        yield _gauge("judgments", "Judgments given in reviews.", Judgment.objects.count())
        yield _gauge("decisions", "Decisions kept.", Decision.objects.count())
        yield _mails()
        yield from _webhooks()
        if settings.REDIS_URL:
            yield from _queue()


def _requests() -> Iterator[Metric]:
    site = counts_name()
    answered = CounterMetricFamily(
        "evalhub_requests", "Requests answered.", labels=["site", "method", "status"]
    )
    took = HistogramMetricFamily(
        "evalhub_request_seconds", "How long requests took.", labels=["site", "method"]
    )
    bounds = [*map(str, BOUNDS), "+Inf"]
    for method, counts in totals_by_method().items():
        for kind, number in counts.by_class.items():
            answered.add_metric([site, method, kind], number)
        summed = zip(bounds, accumulate(counts.buckets), strict=True)
        took.add_metric([site, method], buckets=list(summed), sum_value=counts.seconds)
    yield answered
    yield took


def _by_state() -> Metric:
    counts = dict(Run.objects.order_by().values_list("state").annotate(n=Count("pk")))
    runs = GaugeMetricFamily("evalhub_runs", "Runs by their state.", labels=["state"])
    for state in RunState:
        runs.add_metric([state.value], counts.get(state, 0))
    return runs


def _ages() -> Iterator[Metric]:
    """By the kind of worker that they need; 0 where nothing is open."""
    now = timezone.now()
    ages, unattended = dict.fromkeys(KINDS, 0.0), dict.fromkeys(KINDS, 0.0)
    open_shards = Shard.objects.filter(run=OuterRef("pk"), state__in=OPEN)
    unfinished = Run.objects.unfinished().filter(Exists(open_shards)).select_related("version")
    for run in unfinished.annotate(last_lease=Max("shards__lease_until")):
        kind = kind_of_run(run)
        ages[kind] = max(ages[kind], _seconds(run.enqueued, now))
        unattended[kind] = max(unattended[kind], _seconds(last_attended(run), now))
    yield _by_kind(
        "oldest_open_shard_seconds",
        "Since when the oldest shard waits or is worked on: its run's launch or last resumption.",
        ages,
    )
    yield _by_kind(
        "unattended_seconds",
        "For how long no worker was seen at the unfinished run that was left alone the longest.",
        unattended,
    )


def _seconds(since: datetime, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0)


def _workers() -> Iterator[Metric]:
    alive, by_kind = workers_alive()
    yield _gauge("workers_alive", "Worker processes heard of in the last 30 s.", alive)
    yield _by_kind(
        "workers", "Those of them that take runs of this kind.", {k: by_kind[k] for k in KINDS}
    )


def _mails() -> Metric:
    counts = MailDay.objects.aggregate(sent=Sum("sent", default=0), failed=Sum("failed", default=0))
    mails = CounterMetricFamily(
        "evalhub_mails", "Mails by whether the mail server took them.", labels=["outcome"]
    )
    for outcome, count in counts.items():
        mails.add_metric([outcome], count)
    return mails


def _webhooks() -> Iterator[Metric]:
    by_state = dict(Delivery.objects.order_by().values_list("state").annotate(n=Count("pk")))
    messages = GaugeMetricFamily(
        "evalhub_webhook_messages",
        "Messages to webhooks of the last 30 days by state; failed: no more attempts.",
        labels=["state"],
    )
    for state in DeliveryState:
        messages.add_metric([state.value], by_state.get(state, 0))
    yield messages
    last = Delivery.objects.filter(state=DeliveryState.FAILED).aggregate(last=Max("ended"))["last"]
    yield _gauge(
        "webhook_given_up_timestamp_seconds",
        "When the last message to a webhook failed for good, in seconds since 1970; 0 if none.",
        last.timestamp() if last else 0,
    )
    yield _gauge(
        "webhooks_disabled",
        "Webhooks that are told no more.",
        Webhook.objects.exclude(disabled=None).count(),
    )


def _queue() -> Iterator[Metric]:
    try:
        length = queue_length()
    except QueueUnreachable:
        length = None
    yield _gauge("queue_answers", "1 where the queue answers, else 0.", int(length is not None))
    if length is not None:
        yield _gauge("queue_messages", "Messages that wait in the queue.", length)


def _by_kind(name: str, what: str, values: dict[str, float] | dict[str, int]) -> Metric:
    family = GaugeMetricFamily(f"evalhub_{name}", what, labels=["kind"])
    for kind, value in values.items():
        family.add_metric([kind], value)
    return family


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"evalhub_{name}", what, value=value)
