"""Signals joined to the requests that they are about, whichever of the two came first.

A signal about a request names its id or its response's. One about a trace is about its last
request, one about a conversation about the last request before the signal, else the first after;
neither is about a mirrored copy. A signal is joined once: a request that comes later moves nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import batched
from typing import Any

from django.db import connection

from evalhub.accounts.models import Project
from evalhub.features.traffic.models import Request, Signal
from evalhub.features.traffic.rows import RequestRow
from evalhub.features.traffic.storage.admission import Admitted
from evalhub.features.traffic.storage.bulk import Place, change, one_of
from evalhub.features.traffic.storage.roll_ups import JoinedSignal, hour_of

LATEST_DAYS = 30
"""So many days after its request a signal is still joined to it: no index is over all days."""
EARLIEST_DAYS = 1
"""And so many before it: clocks differ."""

_REQUESTS, _SIGNALS = Request._meta.db_table, Signal._meta.db_table
_READ_AT_ONCE = 1000
_BEFORE_ELSE_AFTER = """COALESCE(
 (SELECT r.day || ' ' || r.key FROM {requests} r WHERE {match} AND {time} <= s.time
  ORDER BY {time} DESC LIMIT 1),
 (SELECT r.day || ' ' || r.key FROM {requests} r WHERE {match} AND {time} > s.time
  ORDER BY {time} LIMIT 1))"""
_LAST = (
    "(SELECT r.day || ' ' || r.key FROM {requests} r WHERE {match} ORDER BY r.time DESC LIMIT 1)"
)
_BY_KEY = "r.key = s.target"
# what isn't empty is said twice: by it the database knows that an index of such rows will do
_BY_RESPONSE = "r.response_id = s.target AND NOT (r.response_id = '')"
_BY_TRACE = "r.trace_id = s.target AND NOT (r.trace_id = '') AND r.mirror_of = ''"
_BY_CONVERSATION = "r.conversation = s.target AND NOT (r.conversation = '') AND r.mirror_of = ''"


def join_signals(
    project: Project, signals: Iterable[Place], requests: Sequence[Admitted[RequestRow]]
) -> dict[Place, JoinedSignal]:
    """Joins new signals, and those that wait for one of the new requests; gives those joined.

    Needs the project's lock: of two batches at once, one with a signal and one with its request,
    the second sees the first.
    """
    by_day: dict[date, set[str]] = defaultdict(set)
    for day, key in [*signals, *_waiting_for(project, requests)]:
        by_day[day].add(key)
    joined: dict[Place, JoinedSignal] = {}
    for day, keys in sorted(by_day.items()):
        joined |= _join_day(project, day, keys)
    return joined


def _waiting_for(project: Project, requests: Sequence[Admitted[RequestRow]]) -> list[Place]:
    if not requests:
        return []
    days = [admitted.day for admitted in requests]
    rows = [admitted.row for admitted in requests]
    ids = {
        name for row in rows for name in (row.id, row.response_id, row.trace_id, row.conversation)
    }
    condition, parameter = one_of("target", ids - {""})
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT day, key FROM {_SIGNALS} WHERE project_id = %s AND day BETWEEN %s AND %s "
            f"AND request_day IS NULL AND {condition}",
            [
                project.pk,
                str(min(days) - timedelta(days=EARLIEST_DAYS)),
                str(max(days) + timedelta(days=LATEST_DAYS)),
                parameter,
            ],
        )
        return [(_day(day), key) for day, key in cursor.fetchall()]


def _join_day(project: Project, day: date, keys: Iterable[str]) -> dict[Place, JoinedSignal]:
    """Joins those of a day's signals whose requests are there."""
    places, signals = [], []
    for key, *values, place in _matches(project, day, keys):
        if place:
            request_day, _, request_key = place.partition(" ")
            places.append((_day(request_day), request_key))
            signals.append((key, values))
    requests = _requests_at(project, places)
    joined: dict[Place, JoinedSignal] = {}
    changes = []
    for (key, values), place in zip(signals, places, strict=True):
        time, model_name, arm = requests[place]
        name, label, by, value = values
        joined[day, key] = JoinedSignal(hour_of(time), model_name, arm, name, label, by, value)
        changes.append((day, key, *place, model_name))
    change(Signal, project.pk, ("request_day", "request_key", "model_name"), changes)
    return joined


def _matches(project: Project, day: date, keys: Iterable[str]) -> list[tuple[Any, ...]]:
    """Of a day's waiting signals the key, name, label, by, value, and "DAY KEY" of the request."""

    def request(query: str, match: str) -> str:
        sqlite_key = match == _BY_KEY and connection.vendor == "sqlite"
        near = _each_day(day) if sqlite_key else _days_around(day)
        time = "+r.time" if sqlite_key else "r.time"  # the + keeps it from the index of times
        return query.format(requests=_REQUESTS, match=f"{near} AND {match}", time=time)

    condition, parameter = one_of("s.key", keys)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT s.key, s.name, s.label, s."by", s.value, CASE s.target_kind
            WHEN 'trace' THEN {request(_LAST, _BY_TRACE)}
            WHEN 'conversation' THEN {request(_BEFORE_ELSE_AFTER, _BY_CONVERSATION)}
            ELSE COALESCE({request(_BEFORE_ELSE_AFTER, _BY_KEY)},
                          {request(_BEFORE_ELSE_AFTER, _BY_RESPONSE)}) END
            FROM {_SIGNALS} s WHERE s.project_id = %s AND s.day = %s AND s.request_day IS NULL
            AND {condition} ORDER BY s.key""",
            [project.pk, str(day), parameter],
        )
        return list(cursor.fetchall())


def _days_around(day: date) -> str:
    """The condition that a request is on a day that a signal of this one may be about. The + keeps
    the database from the index of a project's times, by which it would read all of them."""
    first, last = day - timedelta(days=LATEST_DAYS), day + timedelta(days=EARLIEST_DAYS)
    return f"+r.project_id = s.project_id AND r.day BETWEEN '{first}' AND '{last}'"


def _each_day(day: date) -> str:
    """The same, for SQLite's primary key, which begins with project and day."""
    first, count = day - timedelta(days=LATEST_DAYS), LATEST_DAYS + EARLIEST_DAYS + 1
    days = ", ".join(f"'{first + timedelta(days=n)}'" for n in range(count))
    return f"r.project_id = s.project_id AND r.day IN ({days})"


def _requests_at(
    project: Project, places: Iterable[Place]
) -> dict[Place, tuple[datetime, str, str]]:
    """The time, served name and arm of these requests."""
    by_day: dict[date, set[str]] = defaultdict(set)
    for day, key in places:
        by_day[day].add(key)
    requests: dict[Place, tuple[datetime, str, str]] = {}
    for day, keys in by_day.items():
        for some in batched(sorted(keys), _READ_AT_ONCE):
            rows = Request.objects.at(project.pk, day, some).order_by()
            for key, time, model_name, arm in rows.values_list("key", "time", "model_name", "arm"):
                requests[day, key] = (time, model_name, arm)
    return requests


def _day(day: date | str) -> date:
    return day if isinstance(day, date) else date.fromisoformat(day)
