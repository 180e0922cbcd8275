"""Which days of an experiment are to be counted, and counting them."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import batched

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from evalhub.accounts.models import Action, LogEntry, Project
from evalhub.features.experiments.counting.arrivals import arrivals_of
from evalhub.features.experiments.counting.days import (
    WRITTEN_AT_ONCE,
    DayChanges,
    DayCount,
    changes_of,
    count_day,
    delete_rows,
    write_rows,
)
from evalhub.features.experiments.counting.segments import Segment, segments_of
from evalhub.features.experiments.models import CountedDay, Ending, Experiment, UserDay
from evalhub.features.traffic.days import DAY, NOTHING, day_totals, first_kept_day, midnight
from evalhub.features.traffic.storage.admission import LARGEST_SKEW
from evalhub.features.traffic.storage.bulk import one_of

SELDOM = timedelta(minutes=15)
"""A day whose requests' time for feedback is ending is counted so often, and whose first day it
is."""


@dataclass(frozen=True, slots=True)
class DueDay:
    """A day to be counted, and how many requests and signals the project had of it before that."""

    day: date
    requests: int
    signals: int


def due_days(experiment: Experiment, now: datetime) -> list[DueDay]:
    """Days of which something can have changed since they were counted, the earliest first: a
    request or a signal came, a step began, or feedback had its time. Five queries.

    A day that isn't kept any more is never counted again.
    """
    first = experiment.started.astimezone(UTC).date()
    last = (now + LARGEST_SKEW).astimezone(UTC).date()
    if experiment.ended is not None:
        last = min(last, (experiment.ended + DAY).astimezone(UTC).date())
    first = max(first, first_kept_day(experiment.project, now))
    totals = day_totals(experiment.project, first, last)
    counted = {row.day: row for row in experiment.counted_days.filter(day__range=(first, last))}
    newest = experiment.steps.in_order().reverse().values_list("since", flat=True)[0]
    days = [first + DAY * number for number in range((last - first).days + 1)]
    return [
        DueDay(day, *totals.get(day, NOTHING))
        for day in days
        if _is_due(experiment, counted.get(day), day, totals.get(day, NOTHING), newest, now)
    ]


def count_days(experiment: Experiment, days: Sequence[DueDay], now: datetime) -> bool:
    """Counts these days. Returns whether users' sums differ."""
    segments_on, differs = _segments_of_days(experiment), False
    for due in days:
        try:
            changes = _count(experiment, due, segments_on(due.day), now)
        except _ErasedMeanwhileError:  # the day is due as before
            continue
        differs = differs or bool(changes)
    return differs


def count_arrivals(experiment: Experiment, due_by: datetime | None = None) -> bool:
    """Counts again whose first day a day is, where that is due by then; None: wherever users came
    since. Returns whether there was such a day.

    It takes as long as counting the day and tells only where a mismatch is, so it is done more
    rarely. Of a day that isn't kept any more it stays as it was counted.
    """
    rows = experiment.counted_days.exclude(arrivals_due=None)
    if due_by is not None:
        rows = rows.filter(arrivals_due__lte=due_by)
    first, segments_on = (
        first_kept_day(experiment.project, timezone.now()),
        _segments_of_days(experiment),
    )
    days = list(rows)
    for row in days:
        if row.day >= first:
            row.arrivals = arrivals_of(experiment, row.day, segments_on(row.day))
        row.arrivals_due = None
        row.save(update_fields=["arrivals", "arrivals_due"])
    return bool(days)


def last_closing(experiment: Experiment, day: date) -> datetime:
    """When the last request of a day has had its time for feedback."""
    return midnight(day) + DAY + timedelta(hours=experiment.plan.feedback_hours)


def _is_due(
    experiment: Experiment,
    row: CountedDay | None,
    day: date,
    totals: tuple[int, int],
    newest_step: datetime,
    now: datetime,
) -> bool:
    if row is None:
        return totals != NOTHING
    if row.counted is None or (row.requests, row.signals) != totals:
        return True
    if newest_step >= row.counted and newest_step < midnight(day) + DAY:
        return True
    end = last_closing(experiment, day)
    if row.counted >= end or now < end - DAY:
        return False
    waits = any(measure.is_feedback for measure in experiment.plan.measures)
    return now >= end or (waits and now - row.counted >= SELDOM)


def _segments_of_days(experiment: Experiment) -> Callable[[date], Sequence[Segment]]:
    steps, until = list(experiment.steps.in_order()), _names_end(experiment)
    return lambda day: segments_of(steps, day, until=until)


def _names_end(experiment: Experiment) -> datetime | None:
    """From when on a request of its challenger's name isn't its own any more."""
    if experiment.outcome == Ending.PROMOTED:
        return experiment.ended
    later = Experiment.objects.filter(project=experiment.project_id, pk__gt=experiment.pk)
    return later.order_by("pk").values_list("started", flat=True).first()


class _ErasedMeanwhileError(Exception):
    """A user's traffic was erased since it was counted: what was counted isn't written."""


def _count(
    experiment: Experiment, due: DueDay, segments: Sequence[Segment], now: datetime
) -> DayChanges:
    """Counts a day and stores it in slices: nobody who writes or stops the experiment waits for
    long. The day stays due until all is written. Returns what differs; `arrived` are all its users
    where whoever counted it before died over it.

    Raises _ErasedMeanwhileError.
    """
    erased = _newest_erasure(experiment.project)
    count = count_day(experiment, due.day, segments, now=now, signals=due.signals > 0)
    changes = changes_of(experiment, due.day, count)
    rows = experiment.counted_days.filter(day=due.day)
    if rows.filter(counted=None).exists():
        changes = replace(changes, arrived=frozenset(unit for _, unit in count.users))
    if changes:
        totals = {"requests": due.requests, "signals": due.signals, "counted": None}
        with _writing(experiment, erased):
            CountedDay.objects.update_or_create(experiment=experiment, day=due.day, defaults=totals)
    for some in batched(changes.rows, WRITTEN_AT_ONCE):
        with _writing(experiment, erased):
            write_rows(some)
    with _writing(experiment, erased):
        delete_rows(experiment, due.day, changes.gone)
        _write_day(experiment, due, count, now)
        if changes.arrived:
            _let_arrivals_be_due(experiment, due.day, changes.arrived, now)
    return changes


def _write_day(experiment: Experiment, due: DueDay, count: DayCount, now: datetime) -> None:
    CountedDay.objects.update_or_create(
        experiment=experiment,
        day=due.day,
        defaults={
            "requests": due.requests,
            "signals": due.signals,
            "without_user": count.without_user,
            "outside": count.outside,
            "minutes": count.minutes,
            "counted": now,
            "final": now >= last_closing(experiment, due.day),
        },
    )
    if count.exposed and count.exposed > (experiment.last_exposure or experiment.started):
        experiment.last_exposure = count.exposed
        experiment.save(update_fields=["last_exposure"])


@contextmanager
def _writing(experiment: Experiment, erased: int | None) -> Iterator[None]:
    """A transaction in which nobody erases, and nobody has since the log's entry `erased`."""
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=experiment.project_id)
        if _newest_erasure(experiment.project) != erased:
            raise _ErasedMeanwhileError
        yield


def _let_arrivals_be_due(
    experiment: Experiment, day: date, units: Collection[str], now: datetime
) -> None:
    """Of this day, and of later ones with one of these users, who may be no new one there now."""
    condition, parameter = one_of("unit", units)
    later = UserDay.objects.filter(experiment=experiment, day__gt=day).order_by()
    with_units = later.extra(where=[condition], params=[parameter]).values("day")
    rows = experiment.counted_days.filter(Q(day=day) | Q(day__in=with_units), arrivals_due=None)
    rows.update(arrivals_due=now + SELDOM)


def _newest_erasure(project: Project) -> int | None:
    entries = LogEntry.objects.filter(project=project, action=Action.TRAFFIC_ERASED)
    return entries.order_by("-pk").values_list("pk", flat=True).first()
