"""Which days of a monitor of operations are to be counted, and counting them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import transaction

from evalhub.declare.monitor import OperationsMetric
from evalhub.features.monitoring.leasing import renew_lease
from evalhub.features.monitoring.models import Monitor, MonitorDay, Stream, StreamDay
from evalhub.features.monitoring.operations.counting import (
    NO_REQUESTS,
    ChampionDay,
    StreamSums,
    sum_day,
)
from evalhub.features.monitoring.operations.streams import plan_of
from evalhub.features.traffic.days import DAY, NOTHING, day_totals, first_kept_day
from evalhub.features.traffic.served import ServedVersions
from evalhub.features.traffic.storage.bulk import write_over

_COLUMNS = ("users", "y", "x", "yy", "xy", "xx", "counted")


@dataclass(frozen=True, slots=True)
class UncountedDay:
    """A day to be counted, and how many requests and signals the project had of it before that."""

    day: date
    requests: int
    signals: int
    streams: Sequence[Stream]
    closed: bool


def last_day(now: datetime) -> date:
    """The last day that is over; one that has begun is counted once it is."""
    return now.astimezone(UTC).date() - DAY


def last_closed_day(monitor: Monitor, now: datetime) -> date:
    """The last day of which all requests had their time for feedback."""
    return last_day(now - timedelta(hours=plan_of(monitor).feedback_hours))


def due_days(monitor: Monitor, streams: Sequence[Stream], now: datetime) -> list[UncountedDay]:
    """Days of which something can have changed since they were counted, the earliest first: a
    request or a signal came, feedback had its time, or a stream began. Three queries.

    A day that isn't kept any more is never counted again.
    """
    first = min(stream.since for stream in streams)
    first, last = max(first, first_kept_day(monitor.project, now)), last_day(now)
    if first > last:
        return []
    closed = last_closed_day(monitor, now)
    totals = day_totals(monitor.project, first, last)
    rows = monitor.days.filter(version=streams[0].version_id, day__range=(first, last))
    counted = {row.day: row for row in rows}
    days = [first + DAY * number for number in range((last - first).days + 1)]
    due = [
        UncountedDay(
            day,
            *totals.get(day, NOTHING),
            streams=[stream for stream in streams if stream.since <= day],
            closed=day <= closed,
        )
        for day in days
    ]
    return [day for day in due if _has_changed(day, counted.get(day.day))]


def count_days(
    monitor: Monitor, days: Sequence[UncountedDay], served: ServedVersions, now: datetime
) -> None:
    """Counts these days into their streams, each in a transaction of its own."""
    for due in days:
        champion = ChampionDay(
            monitor.project, due.streams[0].version_id, plan_of(monitor), due.day, served
        )
        _write(monitor, due, _rows(monitor, champion, due, now), now)


def _has_changed(due: UncountedDay, row: MonitorDay | None) -> bool:
    if row is None:
        return True
    before = row.requests, row.signals, row.streams
    return before != (due.requests, due.signals, len(due.streams)) or due.closed > row.closed


def _rows(
    monitor: Monitor, champion: ChampionDay, due: UncountedDay, now: datetime
) -> list[tuple[object, ...]]:
    """Rows of `StreamDay`: key, then _COLUMNS. Each slice of a large day takes its time, so that
    the lease is renewed after it."""
    signals = champion.signals() if due.signals else {}
    sums = {}
    for key in dict.fromkeys((stream.slice_kind, stream.slice_value) for stream in due.streams):
        sums[key] = sum_day(champion, signals, *key) if due.requests else NO_REQUESTS
        renew_lease(monitor)
    rows: list[tuple[object, ...]] = []
    for stream in due.streams:
        day: StreamSums = sums[stream.slice_kind, stream.slice_value][
            OperationsMetric(stream.metric)
        ]
        numbers = day.users, day.y, day.x, day.yy, day.xy, day.xx
        rows.append((stream.pk, due.day, *numbers, now))
    return rows


@transaction.atomic
def _write(
    monitor: Monitor, due: UncountedDay, rows: Sequence[tuple[object, ...]], now: datetime
) -> None:
    write_over(StreamDay, ("stream", "day"), _COLUMNS, rows)
    MonitorDay.objects.update_or_create(
        monitor=monitor,
        version_id=due.streams[0].version_id,
        day=due.day,
        defaults={
            "requests": due.requests,
            "signals": due.signals,
            "streams": len(due.streams),
            "counted": now,
            "closed": due.closed,
        },
    )
