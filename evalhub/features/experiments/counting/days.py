"""Count a day of an experiment: what each user's requests add up to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import batched
from typing import Any

from evalhub.declare.experiment import SIGNAL
from evalhub.features.experiments.counting.feedback import Feedback, feedback_of
from evalhub.features.experiments.counting.requests import (
    SUMS,
    last_exposure,
    requests_by_minute,
    sum_requests,
)
from evalhub.features.experiments.counting.segments import MINUTE, Segment
from evalhub.features.experiments.models import Experiment, UserDay
from evalhub.features.experiments.rule import Variant
from evalhub.features.traffic.days import DAY
from evalhub.features.traffic.storage.bulk import write_over

NUMBERS = (*SUMS, "thumbs_down", "retries")
_PLACES = {name: place for place, name in enumerate(NUMBERS)}
_KEY = ("experiment", "day", "epoch", "unit")
_COLUMNS = ("variant", "first", *NUMBERS, "signals")
_UNIT, _FIRST = _KEY.index("unit"), len(_KEY) + _COLUMNS.index("first")
_DELETED_AT_ONCE = 1_000
WRITTEN_AT_ONCE = 5_000
"""Rows of one transaction: on SQLite nobody else writes meanwhile."""


@dataclass(slots=True)
class DaySums:
    """What one user's requests of a day add up to; `numbers` are by NUMBERS."""

    variant: Variant
    first: datetime
    numbers: list[float]
    signals: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, amount: float = 1) -> None:
        self.numbers[_PLACES[name]] += amount


@dataclass(slots=True)
class DayCount:
    """What a day of an experiment adds up to.

    Attributes:
        users: by epoch and unit.
        without_user: requests.
        outside: requests of users who aren't in the experiment.
        exposed: the time of the newest request that the challenger answered.
        minutes: requests in each minute of the day.
    """

    users: dict[tuple[int, str], DaySums] = field(default_factory=dict)
    without_user: int = 0
    outside: int = 0
    exposed: datetime | None = None
    minutes: list[int] = field(default_factory=lambda: [0] * (DAY // MINUTE))


@dataclass(frozen=True, slots=True)
class DayChanges:
    """How a day's rows differ from what is counted now.

    Attributes:
        rows: to be written.
        gone: keys of rows to be deleted: of users whose requests aren't there any more.
        arrived: units whose first request of the day is another one now, or came or went.
    """

    rows: Sequence[tuple[Any, ...]]
    gone: Sequence[tuple[Any, ...]]
    arrived: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.rows or self.gone)


def count_day(
    experiment: Experiment, day: date, segments: Sequence[Segment], *, now: datetime, signals: bool
) -> DayCount:
    """Counts a day, and writes nothing.

    Args:
        signals: whether any signal is about its requests.
    """
    closed_by = now - timedelta(hours=experiment.plan.feedback_hours)
    count = DayCount()
    for segment in segments:
        if segment.rule.coverage:
            _add_requests(count, experiment, segment, closed_by)
            for minute, requests in requests_by_minute(experiment, segment):
                count.minutes[minute] += requests
        else:
            _see_exposure(count, last_exposure(experiment, segment))
    for row in feedback_of(experiment, day, closed_by) if signals else ():
        _add_feedback(count, segments, row)
    return count


def changes_of(experiment: Experiment, day: date, count: DayCount) -> DayChanges:
    """How the users' stored rows of a day differ from this count; nothing is written."""
    rows = [_row(experiment, day, *item) for item in count.users.items()]
    stored = {row[: len(_KEY)]: row for row in _stored_rows(experiment, day)}
    changed, arrived = [], set[str]()
    for row in rows:
        before = stored.pop(row[: len(_KEY)], None)
        if before != row:
            changed.append(row)
            if before is None or before[_FIRST] != row[_FIRST]:
                arrived.add(row[_UNIT])
    return DayChanges(changed, list(stored), frozenset(arrived | {key[_UNIT] for key in stored}))


def write_rows(rows: Sequence[tuple[Any, ...]]) -> None:
    """Writes rows of `DayChanges.rows`."""
    write_over(UserDay, _KEY, _COLUMNS, rows)


def delete_rows(experiment: Experiment, day: date, keys: Sequence[tuple[Any, ...]]) -> None:
    """Deletes rows of these keys, of `DayChanges.gone`."""
    for epoch in {epoch for *_, epoch, _ in keys}:
        rows = UserDay.objects.filter(experiment=experiment, day=day, epoch=epoch)
        units = [unit for *_, of_epoch, unit in keys if of_epoch == epoch]
        for some in batched(units, _DELETED_AT_ONCE):
            rows.filter(unit__in=some).delete()


def _add_requests(
    count: DayCount, experiment: Experiment, segment: Segment, closed_by: datetime
) -> None:
    for row in sum_requests(experiment, segment, closed_by):
        _see_exposure(count, row.exposed)
        if not row.unit:
            count.without_user += int(row.sums[0])
        elif row.variant is None:
            count.outside += int(row.sums[0])
        elif (sums := count.users.get((segment.epoch, row.unit))) is None:
            numbers = [*row.sums, 0, 0]
            count.users[segment.epoch, row.unit] = DaySums(row.variant, row.first, numbers)
        else:
            sums.first = min(sums.first, row.first)
            for place, number in enumerate(row.sums):
                sums.numbers[place] += number


def _see_exposure(count: DayCount, moment: datetime | None) -> None:
    if moment is not None and (count.exposed is None or moment > count.exposed):
        count.exposed = moment


def _add_feedback(count: DayCount, segments: Sequence[Segment], feedback: Feedback) -> None:
    """Adds what signals say of a request that was counted."""
    for segment in segments:
        if segment.covers(feedback.time) and segment.rule.variant(feedback.unit):
            sums = count.users.get((segment.epoch, feedback.unit))
            if sums is not None:
                _add_to(sums, feedback)


def _add_to(sums: DaySums, feedback: Feedback) -> None:
    sums.add("refusals", feedback.refused)
    if not feedback.closed:
        return
    sums.add("thumbs_down", feedback.thumb_down)
    sums.add("retries", feedback.retried)
    for name, value in feedback.values.items():
        metric = f"{SIGNAL}{name}"
        requests, total = sums.signals.get(metric, (0, 0.0))
        sums.signals[metric] = [requests + 1, total + value]


def _row(experiment: Experiment, day: date, key: tuple[int, str], sums: DaySums) -> tuple[Any, ...]:
    signals = _text_of(sums.signals)
    return (experiment.pk, day, *key, sums.variant.value, sums.first, *sums.numbers, signals)


def _stored_rows(experiment: Experiment, day: date) -> list[tuple[Any, ...]]:
    """The rows as `_row` makes them."""
    rows = UserDay.objects.filter(experiment=experiment, day=day)
    return [
        (*row, _text_of(signals))
        for *row, signals in rows.order_by().values_list(*_KEY, *_COLUMNS).iterator()
    ]


def _text_of(signals: dict[str, list[float]]) -> str:
    return json.dumps(signals, sort_keys=True) if signals else "{}"
