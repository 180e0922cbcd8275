"""A quarter of one project's production, stored as if it had come in: millions of requests.

One day is taken in by the product's own verb, with its roll-ups and signals. SQL copies that day to
the 89 days before it: rows under other ids, roll-ups as they are, and served names that change
every ten days. So each day's roll-ups count just the rows that are there.
"""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from typing import Any

DAYS = 90
NAMES = ("support-large", "support-small", "support-eu")
LANGUAGES = ("de", "en", "fr", "es", "it", "nl", "pl", "")
ROUTES = tuple(f"route-{n}" for n in range(12))
RARE_ROUTE = "route-rare"
TAGS = tuple(f"tag-{n}" for n in range(8))
CHANGE_DAYS = 10
"""How long a served name holds."""
BATCH = 5_000
TEXT = "Where is my parcel? I ordered it two weeks ago, and nobody has rung so far. " * 3


def store_quarter(team: Any, requests: int, now: datetime) -> None:
    """So many requests of the last 90 days, and some of today. Every second name has a version."""
    from django.db import connection

    from evalhub.database.partitions import make_days
    from evalhub.features.traffic.models import DAILY, Request, RollUp, Signal, SignalRollUp

    midnight = datetime.combine(now, time(), now.tzinfo)
    yesterday = midnight - timedelta(days=1)
    take_in_day(team.project, yesterday, requests // DAYS)
    make_days(DAILY, [yesterday.date() - timedelta(days=n) for n in range(DAYS)])
    for days in range(1, DAYS):
        copy_day(Request, "day", yesterday, days)
        copy_day(Signal, "day", yesterday, days)
        copy_day(RollUp, "hour", yesterday, days)
        copy_day(SignalRollUp, "hour", yesterday, days)
    take_in_today(team.project, midnight, now)
    name_versions(team, yesterday)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def take_in_day(project: Any, midnight: datetime, count: int) -> None:
    """A day's requests by the product's own verb; a fifth has a signal, a hundredth its texts."""
    from evalhub.features.traffic.keeping import settings_of
    from tests.features.traffic.rows_of import taken

    settings = settings_of(project)
    settings.text_share = 1.0
    settings.save(update_fields=["text_share"])
    draws = random.Random(26)
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        rows = [a_row(draws, n, midnight + timedelta(days=n / count)) for n in numbers]
        taken(project, rows, [a_thumb(row) for row in rows[::5]])


def take_in_today(project: Any, midnight: datetime, now: datetime) -> None:
    """As many as a page of the list shows some times over, up to this moment."""
    from tests.features.traffic.rows_of import taken

    draws, count = random.Random(27), 3_000
    step = min(now - midnight, timedelta(hours=2)) / count
    taken(project, [a_row(draws, -n, now - n * step) for n in range(1, count)])


def a_row(draws: random.Random, number: int, moment: datetime) -> Any:
    from evalhub.features.traffic.rows import RequestRow

    latency = draws.lognormvariate(6.4, 0.7)
    rare = draws.random() < 1e-4
    return RequestRow(
        id=f"req-{number:09}-{draws.getrandbits(48):012x}",
        time=moment,
        model=draws.choice(NAMES),
        user=f"user-{number // 7}",
        conversation=f"conversation-{number // 4}",
        turn=number % 4,
        prompt_tokens=int(draws.lognormvariate(6, 1)),
        completion_tokens=int(draws.lognormvariate(4, 1)),
        latency_ms=latency,
        first_token_ms=latency / 5,
        cost_usd=0.003,
        error_type="timeout" if draws.random() < 0.01 else "",
        aborted=draws.random() < 0.005,
        finish_reason="stop",
        response_id=f"chatcmpl-{draws.getrandbits(96):024x}",
        trace_id=f"{draws.getrandbits(128):032x}",
        route=RARE_ROUTE if rare else draws.choice(ROUTES),
        tags=(draws.choice(TAGS),),
        language=draws.choice(LANGUAGES),
        messages=({"role": "user", "content": TEXT},) if number % 100 == 0 else None,
        output=TEXT if number % 100 == 0 else None,
    )


def a_thumb(row: Any) -> Any:
    from evalhub.features.traffic.rows import SignalRow

    up = row.latency_ms < 1_000
    return SignalRow(
        id=row.id, time=row.time, name="thumb", value=float(up), label="up" if up else "down",
        request=row.response_id,
    )  # fmt: skip


def copy_day(model: Any, column: str, midnight: datetime, days: int) -> None:
    """That day's rows once more, so many days earlier; `column` says on which day a row is."""
    from django.db import connection

    quote = connection.ops.quote_name
    fields = [field.column for field in model._meta.concrete_fields if field.column != "id"]
    changes = later_values(connection.vendor, days)
    values = ", ".join(changes.get(field, quote(field)) for field in fields)
    table, names = quote(model._meta.db_table), ", ".join(map(quote, fields))
    first, end = midnight, midnight + timedelta(days=1)
    low, high = (first, end) if column == "hour" else (first.date(), end.date())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} "
            f"WHERE {column} >= %s AND {column} < %s",
            [low, high],
        )


def later_values(vendor: str, days: int) -> Mapping[str, str]:
    """By column the expression of what is otherwise on the copied day."""
    ids = ("key", "response_id", "trace_id", "conversation", "target", "request_key")
    texts = {name: f"{name} || '-{days}'" for name in ids}
    name = f"model_name || '-{days // CHANGE_DAYS}'" if days >= CHANGE_DAYS else "model_name"
    if vendor == "postgresql":
        dates = {name: f"{name} - {days}" for name in ("day", "request_day")}
        times = {name: f"{name} - interval '{days} days'" for name in ("time", "hour")}
    else:
        dates = {name: f"date({name}, '-{days} days')" for name in ("day", "request_day")}
        times = {
            name: f"date({name}, '-{days} days') || substr({name}, 11)" for name in ("time", "hour")
        }
    without_texts = {"has_text": "false", "texts": "0"}
    return {**texts, **dates, **times, **without_texts, "model_name": name}


def name_versions(team: Any, yesterday: datetime) -> None:
    """All names but the newest of one line stand for a version."""
    from evalhub.features.traffic.served import name_served_version
    from tests.cast import a_version

    for name in served_names():
        if name != NAMES[-1]:
            name_served_version(
                project=team.project,
                by=team.olga,
                name=name,
                version=a_version(team, name),
                since=yesterday - timedelta(days=DAYS),
            )


def served_names() -> Iterator[str]:
    for change in range((DAYS - 1) // CHANGE_DAYS + 1):
        yield from (f"{name}-{change}" if change else name for name in NAMES)
