"""The streams of a monitor of quality: a metric of the champion, or its win score in pairs."""

from collections.abc import Collection, Mapping
from datetime import UTC, timedelta

from evalhub.features.monitoring.models import Monitor, Stream
from evalhub.ledger.models import Promotion

DAY = timedelta(days=1)
PAIRS = "win score beside "
"""How the metric of a stream of pairs begins; the former version's name follows."""


def open_streams(
    monitor: Monitor, promotion: Promotion, metrics: Collection[str]
) -> Mapping[str, Stream]:
    """The streams of the champion that are measured, by metric; made where there are none. The
    first begins on the day after the promotion, which is the first that is whole; where one has
    ended, as its change was meant to be, the next begins on that day."""
    rows = Stream.objects.filter(monitor=monitor, version=promotion.version).order_by("since", "pk")
    streams = {stream.metric: stream for stream in rows}
    Stream.objects.filter(monitor=monitor, ended=None).exclude(version=promotion.version).update(
        ended=promotion.created.astimezone(UTC).date()
    )
    first = promotion.created.astimezone(UTC).date() + DAY
    for metric in metrics:
        last = streams.get(metric)
        if last is not None and last.ended is None:
            continue
        since = first if last is None or last.ended is None else max(first, last.ended)
        streams[metric], _ = Stream.objects.update_or_create(
            monitor=monitor,
            version=promotion.version,
            metric=metric,
            since=since,
            defaults={"ended": None},
        )
    return {metric: streams[metric] for metric in metrics}
