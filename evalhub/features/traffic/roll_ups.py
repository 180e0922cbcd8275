"""Requests and signals added up by the hour, as pages read them.

A batch adds what is new in it as its last step, in its own transaction, while it holds the lock of
the project (`lock_project`): so nothing is lost or counted twice, and late rows correct their hour.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from evalhub.accounts.models import Project
from evalhub.features.traffic.admission import Admitted
from evalhub.features.traffic.histogram import Histogram
from evalhub.features.traffic.models import RollUp, SignalRollUp, TrafficSettings
from evalhub.features.traffic.rows import RequestRow
from evalhub.features.traffic.texts import KeptTexts

COUNTERS = (
    "requests", "errors", "aborted", "texts", "masked", "prompt_tokens", "completion_tokens",
    "cached_tokens", "reasoning_tokens", "with_tokens", "cost_usd", "with_cost",
)  # fmt: skip
SLICE_KINDS = ("all", "language", "route", "length", "tag")
_SLICE = ("slice_kind", "hour", "model_name", "arm", "slice_value")
_SIGNAL = ("hour", "model_name", "arm", "name", "label", "by")
_SIGNAL_COUNTERS = ("signals", "with_value", "total")
_AMOUNTS = frozenset({"cost_usd", "total"})


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
    """Adds new requests to the roll-ups of their hours. Needs the project's lock."""
    members: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for position, (admitted, texts) in enumerate(requests):
        row, hour = admitted.row, hour_of(admitted.time)
        for kind, value in _slices(row, texts.language):
            members[kind, hour, row.model, row.arm, value].append(position)
    if not members:
        return
    counts = np.array([_counts(admitted.row, texts) for admitted, texts in requests])
    latencies = np.array(
        [(admitted.row.latency_ms, admitted.row.first_token_ms) for admitted, _ in requests], float
    )
    stored = _stored(RollUp, project, _SLICE, members)
    for key, positions in members.items():
        roll_up = stored[key]
        _add(roll_up, COUNTERS, counts[positions].sum(axis=0))
        for name, values in zip(("latency", "first_token"), latencies[positions].T, strict=True):
            histogram = Histogram.from_bytes(getattr(roll_up, name)).add(values)
            setattr(roll_up, name, histogram.to_bytes())
    _save(RollUp, _SLICE, stored.values(), (*COUNTERS, "latency", "first_token"))


def add_signals(project: Project, signals: Iterable[JoinedSignal]) -> None:
    """Adds signals to the roll-ups of their requests' hours. Needs the project's lock."""
    values: dict[tuple[Any, ...], list[float | None]] = defaultdict(list)
    for signal in signals:
        values[tuple(getattr(signal, name) for name in _SIGNAL)].append(signal.value)
    if not values:
        return
    stored = _stored(SignalRollUp, project, _SIGNAL, values)
    for key, of_key in values.items():
        numbers = [value for value in of_key if value is not None]
        _add(stored[key], _SIGNAL_COUNTERS, (len(of_key), len(numbers), sum(numbers)))
    _save(SignalRollUp, _SIGNAL, stored.values(), _SIGNAL_COUNTERS)


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


def _stored[M: (RollUp, SignalRollUp)](
    model: type[M], project: Project, names: Sequence[str], keys: Iterable[tuple[Any, ...]]
) -> dict[tuple[Any, ...], M]:
    """The roll-ups of these keys as they are stored, and empty ones where there are none yet."""
    columns = list(zip(*keys, strict=True))
    wanted = {f"{name}__in": set(column) for name, column in zip(names, columns, strict=True)}
    roll_ups = {
        key: model(project=project, **dict(zip(names, key, strict=True)))
        for key in zip(*columns, strict=True)
    }
    for roll_up in model._default_manager.filter(project=project, **wanted):
        key = tuple(getattr(roll_up, name) for name in names)
        if key in roll_ups:
            roll_ups[key] = roll_up
    return roll_ups


def _add(roll_up: RollUp | SignalRollUp, names: Sequence[str], counts: Iterable[float]) -> None:
    for name, count in zip(names, counts, strict=True):
        exact = float(count) if name in _AMOUNTS else int(count)
        setattr(roll_up, name, getattr(roll_up, name) + exact)


def _save[M: (RollUp, SignalRollUp)](
    model: type[M], key: Sequence[str], roll_ups: Iterable[M], columns: Sequence[str]
) -> None:
    model._default_manager.bulk_create(
        list(roll_ups),
        update_conflicts=True,
        unique_fields=["project", *key],
        update_fields=list(columns),
    )
