"""Model calls that two spans tell of: the application's and the gateway's, or a library's and that
of one below it. Pure.

Two spans of a trace are the same call where they have the same response id and overlap in time; or
where one has none, is around the other, and both name the same model. The one that is stored
counts, else the one that began first.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from evalhub.features.traffic.rows import RequestRow


class TracedCall(NamedTuple):
    """What tells one call from another; an end that isn't known is its beginning."""

    key: str
    trace_id: str
    response_id: str
    model: str
    begin: datetime
    end: datetime

    @classmethod
    def of(cls, row: RequestRow) -> Self:
        end = call_end(row.time, row.latency_ms)
        return cls(row.id, row.trace_id, row.response_id, row.model, row.time, end)


def call_end(begin: datetime, latency_ms: float | None) -> datetime:
    """When a call ended; an impossible latency is none."""
    try:
        return begin + timedelta(milliseconds=latency_ms or 0)
    except OverflowError:
        return begin


def repeated_calls(
    calls: Iterable[TracedCall], stored: Iterable[TracedCall], around: Mapping[str, str]
) -> set[str]:
    """Keys of calls that others tell of already. `around` has, by key, that of the span around."""
    by_key = {call.key: call for call in stored}
    whole = set(by_key)
    by_key = {call.key: call for call in calls} | by_key
    repeated = set[str]()
    by_response: dict[tuple[str, str], list[TracedCall]] = defaultdict(list)
    for call in by_key.values():
        outer = by_key.get(around.get(call.key, ""))
        if call.key not in whole and outer is not None and _is_inside(call, outer):
            repeated.add(call.key)
        elif call.response_id:
            by_response[call.trace_id, call.response_id].append(call)
    for same in by_response.values():
        repeated |= _overlapping(same, whole)
    return repeated


def calls_around(parents: Mapping[str, str], calls: Collection[str]) -> dict[str, str]:
    """By call, the nearest call around it, else the last span around it that isn't among these.

    Each span is passed once; parents that run in a circle lead nowhere.
    """
    nearest: dict[str, str] = {}
    for call in calls:
        path, outer = {call: None}, parents[call]
        while outer in parents and not (outer in calls or outer in nearest or outer in path):
            path[outer] = None
            outer = parents[outer]
        end = outer if outer in calls else nearest.get(outer, outer)
        nearest |= dict.fromkeys(path, end)
    return {call: nearest[call] for call in calls}


def _is_inside(call: TracedCall, outer: TracedCall) -> bool:
    unnamed = not (call.response_id and outer.response_id)
    return unnamed and call.model == outer.model


def _overlapping(calls: Iterable[TracedCall], stored: Collection[str]) -> set[str]:
    """Keys of calls that overlap with a stored one, or with one that began before them."""
    ordered = sorted(calls, key=lambda call: call.begin)
    next_stored: dict[str, datetime | None] = {}
    upcoming: datetime | None = None
    for call in reversed(ordered):
        next_stored[call.key] = upcoming
        upcoming = call.begin if call.key in stored else upcoming
    repeated, end = set[str](), None
    for call in ordered:
        later = next_stored[call.key]
        if call.key not in stored and (
            (end is not None and call.begin <= end) or (later is not None and later <= call.end)
        ):
            repeated.add(call.key)
        else:
            end = call.end if end is None else max(end, call.end)
    return repeated
