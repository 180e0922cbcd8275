"""Count a day of the champion's requests: sums over users, by one grouped query."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from itertools import batched
from typing import Any

import numpy as np
from django.db.models import Count, F, FloatField, Q, Sum
from django.db.models.functions import Cast
from numpy.typing import NDArray

from evalhub.accounts.models import Project
from evalhub.declare.monitor import OperationsMetric, OperationsPlan
from evalhub.features.monitoring.operations.metrics import COLUMNS_OF
from evalhub.features.traffic.models import Request, RequestQuerySet
from evalhub.features.traffic.outcomes import (
    ENDED_AS_REFUSED,
    ERROR,
    REFUSAL,
    REFUSED,
    RETRY,
    THUMB,
    CountedSignal,
    has_thumb_down,
    occurred,
    signals_by_request,
)
from evalhub.features.traffic.served import ServedVersions

AT_ONCE = 1_000
READ_AT_ONCE = 10_000
OF_REQUESTS = (
    "requests", "errors", "slow", "timed", "tokens", "with_tokens", "cost", "priced", "refusals",
)  # fmt: skip
OF_FEEDBACK = ("refusals", "thumbs_down", "retries")
COLUMNS = (*OF_REQUESTS, "thumbs_down", "retries")
RATIOS = [metric for metric in OperationsMetric if metric is not OperationsMetric.REQUESTS]
_PLACES = {name: place for place, name in enumerate(COLUMNS)}
_SQUARES = ("tokens", "cost")
"""Columns of which one request may have more than 1."""

type Array = NDArray[np.float64]
type Signals = Mapping[str, list[CountedSignal]]


@dataclass(frozen=True, slots=True)
class StreamSums:
    """A day of a stream, as `StreamDay` has it."""

    users: int = 0
    y: float = 0.0
    x: float = 0.0
    yy: float = 0.0
    xy: float = 0.0
    xx: float = 0.0

    def __add__(self, other: "StreamSums") -> "StreamSums":
        names = [field.name for field in fields(self)]
        return StreamSums(*(getattr(self, name) + getattr(other, name) for name in names))


NO_REQUESTS: Mapping[OperationsMetric, StreamSums] = {
    metric: StreamSums(x=1.0, xx=1.0) if metric is OperationsMetric.REQUESTS else StreamSums()
    for metric in OperationsMetric
}
"""What a day without a request adds up to."""


@dataclass(frozen=True, slots=True)
class ChampionDay:
    """The champion's requests of a day: those of its own version, never a mirrored copy."""

    project: Project
    version: int
    plan: OperationsPlan
    day: date
    served: ServedVersions

    @property
    def requests(self) -> RequestQuerySet:
        return self.all_requests.filter(self.served.condition(self.version, "time"))

    @property
    def all_requests(self) -> RequestQuerySet:
        """Of whatever version: how many come in isn't less where a challenger answers some."""
        rows = Request.objects.filter(project=self.project, day=self.day, mirror_of="").order_by()
        return rows.filter(route=self.plan.route) if self.plan.route else rows

    def signals(self) -> Signals:
        """The feedback on the day's requests, by their keys. One query."""
        names = (THUMB, RETRY, REFUSAL)
        return signals_by_request(self.project.pk, self.day, names, self.window)

    @property
    def window(self) -> timedelta:
        return timedelta(hours=self.plan.feedback_hours)


def of_slice(rows: RequestQuerySet, kind: str, value: str) -> RequestQuerySet:
    """Those of a slice; an empty kind has all."""
    if not kind:
        return rows
    if kind == "tag":
        return rows.with_tag(value)
    return rows.filter(**{kind: value})


def sum_day(
    champion: ChampionDay, signals: Signals, kind: str, value: str
) -> Mapping[OperationsMetric, StreamSums]:
    """What the day's requests of a slice add up to, by metric."""
    rows = of_slice(champion.requests, kind, value)
    feedback = _feedback(champion, rows, signals)
    totals = dict.fromkeys(OperationsMetric, StreamSums())
    for users in batched(_users(rows, champion.plan.slow_ms), READ_AT_ONCE):
        own = [row for row in users if row[0]]
        without = [row for row in users if not row[0]]
        matrix = np.array([row[1 : 1 + len(OF_REQUESTS)] for row in own], dtype=float)
        table = _with_feedback(matrix.reshape(len(own), len(OF_REQUESTS)), own, feedback)
        for metric in RATIOS:
            totals[metric] += _sums(metric, table)
            for row in without:
                totals[metric] += _each_alone(metric, row, feedback.get("", [0, 0, 0]))
    totals[OperationsMetric.REQUESTS] = _number_of_requests(
        of_slice(champion.all_requests, kind, value)
    )
    return totals


def _number_of_requests(rows: RequestQuerySet) -> StreamSums:
    """The requests of a day, with the squares of users' numbers. One grouped query."""
    users, requests, squares = 0, 0, 0
    by_user = rows.values("user_hash").annotate(n=Count("key")).values_list("user_hash", "n")
    for user, number in by_user.iterator(chunk_size=READ_AT_ONCE):
        users += 1 if user else number
        requests += number
        squares += number**2 if user else number
    return StreamSums(users, requests, 1.0, squares, requests, 1.0)


def _users(rows: RequestQuerySet, slow_ms: float | None) -> Iterator[tuple[Any, ...]]:
    """A row for each user: the hash, OF_REQUESTS, then sums of squares by _SQUARES."""
    tokens = Cast(F("prompt_tokens") + F("completion_tokens"), FloatField())
    counts: dict[str, Any] = {
        "requests": Count("key"),
        "errors": Count("key", filter=ERROR),
        "slow": Count("key", filter=Q(pk__in=[]) if slow_ms is None else Q(latency_ms__gt=slow_ms)),
        "timed": Count("latency_ms"),
        "tokens": Sum(tokens, default=0.0),
        "with_tokens": Count(tokens),
        "cost": Sum("cost_usd", default=0.0),
        "priced": Count("cost_usd"),
        "refusals": Count("key", filter=ENDED_AS_REFUSED),
        "tokens_squared": Sum(tokens * tokens, default=0.0),
        "cost_squared": Sum(F("cost_usd") * F("cost_usd"), default=0.0),
    }
    # an alias, as a column's name can't be an annotation's
    return (
        rows.values("user_hash")
        .annotate(**{f"n_{name}": count for name, count in counts.items()})
        .values_list("user_hash", *(f"n_{name}" for name in counts))
        .iterator(chunk_size=READ_AT_ONCE)
    )


def _feedback(
    champion: ChampionDay, rows: RequestQuerySet, signals: Signals
) -> dict[str, list[int]]:
    """By user, how many requests signals say OF_FEEDBACK of, within the time for it."""
    totals: dict[str, list[int]] = {}
    for keys in batched(signals, AT_ONCE):
        columns = rows.filter(key__in=keys).values_list("key", "user_hash", "time", "finish_reason")
        for key, user, time, finish_reason in columns:
            within = [row for row in signals[key] if row.time <= time + champion.window]
            marks = (
                finish_reason not in REFUSED and occurred(within, REFUSAL),
                has_thumb_down(within),
                occurred(within, RETRY),
            )
            before = totals.get(user, [0, 0, 0])
            totals[user] = [a + b for a, b in zip(before, marks, strict=True)]
    return totals


def _with_feedback(
    matrix: Array, users: Iterable[tuple[Any, ...]], feedback: Mapping[str, list[int]]
) -> Array:
    """Users' sums by COLUMNS."""
    table = np.hstack([matrix, np.zeros((len(matrix), len(COLUMNS) - len(OF_REQUESTS)))])
    for i, row in enumerate(users):
        if marks := feedback.get(row[0]):
            for name, count in zip(OF_FEEDBACK, marks, strict=True):
                table[i, _PLACES[name]] += count
    return table


def _sums(metric: OperationsMetric, table: Array) -> StreamSums:
    columns = COLUMNS_OF[metric]
    y = table[:, _PLACES[columns.y]]
    x = table[:, _PLACES[columns.x]]
    y, x = y[x > 0], x[x > 0]
    return StreamSums(
        len(x), float(y.sum()), float(x.sum()), float(y @ y), float(x @ y), float(x @ x)
    )


def _each_alone(metric: OperationsMetric, row: tuple[Any, ...], marks: list[int]) -> StreamSums:
    """Requests without a user: each is one."""
    numbers = dict(zip(OF_REQUESTS, row[1:], strict=False)) | {"thumbs_down": 0, "retries": 0}
    for name, count in zip(OF_FEEDBACK, marks, strict=True):
        numbers[name] += count
    columns = COLUMNS_OF[metric]
    y = float(numbers[columns.y])
    x = float(numbers[columns.x])
    squares = dict(zip(_SQUARES, row[1 + len(OF_REQUESTS) :], strict=True))
    return StreamSums(int(x), y, x, float(squares.get(columns.y, y)), y, x)
