"""Requests added up by the hour and by the day, signals by the hour, as pages read them.

A batch adds what is new in it as its last step, in its own transaction, while it holds the lock of
the project (`lock_project`): so nothing is lost or counted twice, and late rows correct their hour.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Model
from numpy.typing import ArrayLike

from evalhub.accounts.models import Project
from evalhub.features.traffic.models import RollUp, SignalRollUp, TrafficSettings
from evalhub.features.traffic.models.roll_ups import day_kind
from evalhub.features.traffic.privacy.texts import KeptTexts
from evalhub.features.traffic.rows import RequestRow
from evalhub.features.traffic.storage.admission import Admitted
from evalhub.features.traffic.storage.bulk import write_over
from evalhub.features.traffic.storage.histogram import Histogram

COUNTERS = (
    "requests", "errors", "aborted", "texts", "masked", "prompt_tokens", "completion_tokens",
    "cached_tokens", "reasoning_tokens", "with_tokens", "cost_usd", "with_cost",
)  # fmt: skip
_OF_HOURS = ("all", "language", "route", "length", "tag")
SLICE_KINDS = (*_OF_HOURS, *map(day_kind, _OF_HOURS))
"""Each is added up by the hour and by the day: pages read a quarter by its days."""
_SLICE = ("slice_kind", "hour", "model_name", "arm", "slice_value")
_SIGNAL = ("hour", "model_name", "arm", "name", "label", "by")
_SIGNAL_COUNTERS = ("signals", "with_value", "total")
_HISTOGRAMS = ("latency", "first_token")
_AMOUNTS = frozenset({"cost_usd", "total"})

type Key = tuple[Any, ...]
"""The values by which a roll-up of a project is known: of `_SLICE` or `_SIGNAL`."""


@dataclass(frozen=True, slots=True)
class JoinedSignal:
    """A signal whose request has come: what its roll-up is known by, and its value."""

    hour: datetime
    model_name: str
    arm: str
    name: str
    label: str
    by: str
    value: float | None


def lock_project(settings: TrafficSettings) -> None:
    """Waits until no other batch of the project joins signals or adds up; on SQLite nobody does."""
    TrafficSettings.objects.select_for_update().get(pk=settings.pk)


def hour_of(time: datetime) -> datetime:
    """The beginning of its hour."""
    return time.replace(minute=0, second=0, microsecond=0)


def length_label(tokens: int | None) -> str:
    """The slice of a prompt by its length: tokens from one power of two to before the next."""
    if not tokens:
        return "" if tokens is None else "0"
    low = 1 << (tokens.bit_length() - 1)
    return f"{low}-{2 * low - 1}" if low > 1 else "1"


def add_requests(
    project: Project, requests: Sequence[tuple[Admitted[RequestRow], KeptTexts]]
) -> None:
    """Adds new requests to the roll-ups of their hours and days. Needs the project's lock."""
    _change(project, requests, sign=1)


def take_out_requests(
    project: Project, requests: Sequence[tuple[Admitted[RequestRow], KeptTexts]]
) -> None:
    """Takes requests out of the roll-ups, as they were added: they are added again with texts that
    came later. Needs the project's lock."""
    _change(project, requests, sign=-1)
    hours = {hour_of(admitted.time) for admitted, _ in requests}
    hours |= {hour.replace(hour=0) for hour in hours}
    RollUp.objects.filter(project=project, hour__in=hours, requests=0).delete()


def _change(
    project: Project, requests: Sequence[tuple[Admitted[RequestRow], KeptTexts]], *, sign: int
) -> None:
    if not requests:
        return
    members = _members(requests)
    counts = sign * np.array([_counts(admitted.row, texts) for admitted, texts in requests])
    latencies = np.array(
        [(admitted.row.latency_ms, admitted.row.first_token_ms) for admitted, _ in requests], float
    )
    stored = _stored(RollUp, project, _SLICE, (*COUNTERS, *_HISTOGRAMS), members)
    for key, positions in members.items():
        numbers = stored[key]
        histograms = [
            _changed_histogram(data, values, sign)
            for data, values in zip(numbers[len(COUNTERS) :], latencies[positions].T, strict=True)
        ]
        stored[key] = [*_sums(COUNTERS, numbers, counts[positions].sum(axis=0)), *histograms]
    _save(RollUp, project, _SLICE, (*COUNTERS, *_HISTOGRAMS), stored)


def add_signals(project: Project, signals: Iterable[JoinedSignal]) -> None:
    """Adds signals to the roll-ups of their requests' hours. Needs the project's lock."""
    values: dict[Key, list[float | None]] = defaultdict(list)
    for signal in signals:
        values[tuple(getattr(signal, name) for name in _SIGNAL)].append(signal.value)
    if not values:
        return
    stored = _stored(SignalRollUp, project, _SIGNAL, _SIGNAL_COUNTERS, values)
    for key, of_key in values.items():
        numbers = [value for value in of_key if value is not None]
        counts = (len(of_key), len(numbers), sum(numbers))
        stored[key] = _sums(_SIGNAL_COUNTERS, stored[key], counts)
    _save(SignalRollUp, project, _SIGNAL, _SIGNAL_COUNTERS, stored)


def _members(requests: Sequence[tuple[Admitted[RequestRow], KeptTexts]]) -> dict[Key, list[int]]:
    """The positions of the requests that belong to each roll-up, of hours and of days."""
    hours: dict[tuple[datetime, str, str], dict[tuple[str, str], list[int]]] = {}
    for position, (admitted, texts) in enumerate(requests):
        row = admitted.row
        slices = hours.setdefault((hour_of(admitted.time), row.model, row.arm), defaultdict(list))
        for kind_and_value in _slices(row, texts.language):
            slices[kind_and_value].append(position)
    members: dict[Key, list[int]] = defaultdict(list)
    for (hour, model, arm), slices in hours.items():
        for (kind, value), positions in slices.items():
            members[kind, hour, model, arm, value] = positions
            members[day_kind(kind), hour.replace(hour=0), model, arm, value] += positions
    return members


def _changed_histogram(data: bytes, values: ArrayLike, sign: int) -> bytes:
    histogram = Histogram.from_bytes(data)
    return (histogram.add(values) if sign > 0 else histogram.remove(values)).to_bytes()


def _slices(row: RequestRow, language: str) -> Iterator[tuple[str, str]]:
    """The slices that a request is in, by kind and value; "" is what isn't known of it."""
    yield "all", ""
    yield "language", language
    yield "route", row.route
    yield "length", length_label(row.prompt_tokens)
    for tag in set(row.tags):
        yield "tag", tag


def _counts(row: RequestRow, texts: KeptTexts) -> tuple[float, ...]:
    """What a request adds to COUNTERS. As doubles they are exact: fewer than 2⁵³ a batch."""
    tokens = row.prompt_tokens is not None or row.completion_tokens is not None
    return (
        1, row.error_type != "", row.aborted, texts.kept, texts.masked, row.prompt_tokens or 0,
        row.completion_tokens or 0, row.cached_tokens or 0, row.reasoning_tokens or 0, tokens,
        row.cost_usd or 0, row.cost_usd is not None,
    )  # fmt: skip


def _stored(
    model: type[Model],
    project: Project,
    names: Sequence[str],
    columns: Sequence[str],
    keys: Collection[Key],
) -> dict[Key, list[Any]]:
    """The values of these columns by the key of a roll-up, as they are stored; where there is none
    yet, those of an empty one."""
    of_names = zip(names, zip(*keys, strict=True), strict=True)
    wanted = {f"{name}__in": set(values) for name, values in of_names}
    empty = model()
    stored = {key: [getattr(empty, name) for name in columns] for key in keys}
    rows = model._default_manager.filter(project=project, **wanted)
    for row in rows.values_list(*names, *columns).order_by():
        key, values = row[: len(names)], row[len(names) :]
        if key in stored:
            stored[key] = list(values)
    return stored


def _sums(names: Sequence[str], numbers: Iterable[Any], counts: Iterable[float]) -> list[Any]:
    return [
        number + (float(count) if name in _AMOUNTS else int(count))
        for name, number, count in zip(names, numbers, counts, strict=False)
    ]


def _save(
    model: type[Model],
    project: Project,
    names: Sequence[str],
    columns: Sequence[str],
    roll_ups: Mapping[Key, Sequence[Any]],
) -> None:
    rows = [(project.pk, *key, *values) for key, values in roll_ups.items()]
    write_over(model, ["project", *names], columns, rows)
