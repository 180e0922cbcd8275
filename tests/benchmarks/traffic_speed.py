"""What a request of production costs that is taken in, beside a bare COPY of the same rows, on a
PostgreSQL that keeps what it has committed; how long a page's roll-ups are read and a day dropped.

python -m tests.benchmarks.traffic_speed [--rows 100000] [--batch 1000] [--day-rows 1000000]

Times are microseconds of processor time a request, of this process and of PostgreSQL. Rows are made
before the clock runs: reading them is measured where they are read.
"""

import argparse
import gc
import os
import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import psutil

from tests.benchmarks.ingestion_speed import say, worked_s

TAGS = ("vip", "new", "beta", "eu", "us")
ROUTES = ("chat", "search", "billing", "returns")
MODELS = ("support-7b", "support-7b-lora")
TEXT = "The parcel left our depot on Tuesday, and nobody was at home when the driver rang. " * 18
PAGE_DAYS = 30

type Latencies = Callable[[int], Sequence[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="of each kind")
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--day-rows", type=int, default=1_000_000, help="of the day to be dropped")
    options = parser.parse_args()
    from tests.services import postgresql_server

    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="evalhub-traffic-"))
        server = stack.enter_context(postgresql_server("-c max_wal_size=4GB"))
        os.environ |= {
            "EVALHUB_HOME": home,
            "EVALHUB_DATABASE_URL": server.url,
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        pid = (server.folder / "data" / "postmaster.pid").read_text().split()[0]
        postgres = psutil.Process(int(pid))
        from tests.migrated import set_up_migrated

        set_up_migrated()
        say(f"{os.cpu_count()} cores; batches of {options.batch:,}")
        for name, latencies in LATENCIES.items():
            take(f"take_in, {name} latencies", options, postgres, latencies)
        bare_copy(options, postgres)
        take("take_in, a signal each", options, postgres, LATENCIES["lognormal"], signals=True)
        take("take_in, 2 × 1,500 characters", options, postgres, LATENCIES["lognormal"], TEXT)
        read_page()
        drop_day(options.day_rows, server.folder)


LATENCIES: dict[str, Latencies] = {
    "lognormal": lambda n: np.random.default_rng(1).lognormal(6.5, 1.1, n).tolist(),
    "sorted": lambda n: np.sort(np.random.default_rng(2).lognormal(6.5, 1.1, n)).tolist(),
    "drifting": lambda n: (
        np.random.default_rng(3).lognormal(5, 0.8, n) * np.geomspace(1, 100, n)
    ).tolist(),
}


def take(
    what: str,
    options: Any,
    postgres: psutil.Process,
    latencies: Latencies,
    text: str = "",
    signals: bool = False,
) -> None:
    """Rows of the last two hours, in batches; says what they cost, and what memory they left."""
    from evalhub.features.traffic.models import TrafficSettings
    from evalhub.features.traffic.rows import TrafficSource
    from evalhub.features.traffic.taking_in import take_in

    project = a_project(what)
    TrafficSettings.objects.create(project=project, salt="of this run", text_share=bool(text))
    count = options.rows // (10 if text else 1)
    batches = list(in_batches(rows(what, latencies(count), text), options.batch))
    feedback = [[a_signal(*row) for row in batch] if signals else [] for batch in batches]
    take_in(project=project, source=TrafficSource.REST, requests=batches[0], signals=feedback[0])
    gc.collect()
    gc.freeze()  # the rows of all batches, which a site never holds at once
    memory = psutil.Process().memory_info().rss
    cpu, of_postgres, start = process_time(), worked_s(postgres), perf_counter()
    for batch, about in zip(batches[1:], feedback[1:], strict=True):
        result = take_in(project=project, source=TrafficSource.REST, requests=batch, signals=about)
        assert (result.requests, result.waiting) == (len(batch), 0)
    count -= len(batches[0])
    mine, theirs = process_time() - cpu, worked_s(postgres) - of_postgres
    more = (psutil.Process().memory_info().rss - memory) / 2**20
    costs(what, count, mine, theirs, perf_counter() - start)
    say(f"  memory of this process: {more:+.1f} MiB over {count:,} requests")


def bare_copy(options: Any, postgres: psutil.Process) -> None:
    """The same values by COPY, into a table with the same indexes and into one without any."""
    from django.db import connection

    columns = "project_id, day, key, time, model_name, user_hash, conversation, turn, prompt_tokens"
    columns += ", completion_tokens, cached_tokens, reasoning_tokens, latency_ms, first_token_ms"
    columns += ", cost_usd, error_type, aborted, finish_reason, response_id, trace_id, digest"
    columns += ", source, route, tags, language, arm, mirror_of, has_text, masked"
    with connection.cursor() as cursor:
        for what, including in (("with the same indexes", "INCLUDING ALL"), ("without any", "")):
            cursor.execute("DROP TABLE IF EXISTS peer")
            cursor.execute(f"CREATE TABLE peer (LIKE traffic_request {including})")
            cursor.execute(
                f"SELECT {columns} FROM traffic_request WHERE project_id = "
                "(SELECT min(project_id) FROM traffic_request) ORDER BY time"
            )
            values = [(*row[:23], "[]", *row[24:]) for row in cursor.fetchall()]
            cpu, of_postgres, start = process_time(), worked_s(postgres), perf_counter()
            for first in range(0, len(values), options.batch):
                with cursor.copy(f"COPY peer ({columns}) FROM STDIN") as copy:
                    for row in values[first : first + options.batch]:
                        copy.write_row(row)
            mine, theirs = process_time() - cpu, worked_s(postgres) - of_postgres
            costs(f"COPY, {what}", len(values), mine, theirs, perf_counter() - start)


def read_page() -> None:
    """A month of one project's roll-ups by the hour, as a page reads them: p95 of 40 readings."""
    from evalhub.features.traffic.models import RollUp
    from evalhub.features.traffic.storage.histogram import Histogram

    project = a_project("page")
    recent = RollUp.objects.order_by("-requests").filter(slice_kind="all")[0]
    hour = recent.hour - timedelta(days=PAGE_DAYS)
    kinds = [("all", "")]
    kinds += [("language", code) for code in ("", "de", "en", "fr", "it")]
    kinds += [("route", route) for route in ROUTES] + [("tag", tag) for tag in TAGS]
    kinds += [("length", f"{2**n}-{2 ** (n + 1) - 1}") for n in range(4, 14)]
    for n in range(24 * PAGE_DAYS):
        RollUp.objects.bulk_create(
            RollUp(
                project=project,
                hour=hour + timedelta(hours=n),
                model_name=model,
                slice_kind=kind,
                slice_value=value,
                requests=recent.requests,
                latency=recent.latency,
                first_token=recent.first_token,
            )
            for model in MODELS
            for kind, value in kinds
        )
    for kind in ("all", "language"):
        times = []
        for _ in range(40):
            start, days = perf_counter(), defaultdict[Any, list[Histogram]](list)
            of_kind = RollUp.objects.filter(project=project, slice_kind=kind, hour__gte=hour)
            columns = ("hour", "model_name", "slice_value", "requests", "errors", "latency")
            for time, model, value, *_, latency in of_kind.values_list(*columns):
                days[time.date(), model, value].append(Histogram.from_bytes(latency))
            assert all(first.merge(*rest).quantile(0.95) for first, *rest in days.values())
            times.append((perf_counter() - start) * 1000)
        say(
            f"a page's {PAGE_DAYS} days, slice {kind}: {of_kind.count():,} roll-ups of "
            f"{RollUp.objects.count():,}, p95 {np.quantile(times, 0.95):.0f} ms"
        )


def drop_day(count: int, folder: Path) -> None:
    """A day of so many requests, filled by the database itself, and dropped; beside it a file of as
    many bytes in a folder of the same disk, removed."""
    from django.db import connection
    from django.utils import timezone

    from evalhub.database.partitions import drop_days, make_days
    from evalhub.features.traffic.models import Request

    table, day = Request._meta.db_table, timezone.now().date() - timedelta(days=100)
    make_days([table], [day])
    columns = [field.column for field in Request._meta.concrete_fields]
    fresh = {
        "day": "date %s",
        "key": "md5(n::text)",
        "time": "%s::timestamptz + n * interval '1 ms' * (86000000.0 / %s)",
        "user_hash": "md5((n / 50)::text)",
        "trace_id": "md5((-n)::text)",
        "response_id": "md5((n * 7)::text)",
        "conversation": "md5((n / 4)::text)",
    }
    values = ", ".join(fresh.get(column, f'r."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    literals = {"day": [str(day)], "time": [str(day), count]}
    parameters = [value for column in columns for value in literals.get(column, [])]
    start = perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {values.replace('date %s', '%s::date')} "
            f"FROM generate_series(1, {count}) AS n, (SELECT * FROM {table} LIMIT 1) AS r",
            parameters,
        )
        cursor.execute("CHECKPOINT")
        cursor.execute(f"SELECT pg_total_relation_size('{table}_{day:%Y%m%d}')")
        size = cursor.fetchone()[0]
    filled, start = perf_counter() - start, perf_counter()
    assert drop_days(table, before=day + timedelta(days=1)) == 1
    dropped = perf_counter() - start
    say(
        f"a day of {count:,} requests, {size / 2**20:,.0f} MiB, filled in {filled:.0f} s: "
        f"dropped in {dropped:.2f} s, a file as large in {remove(folder / 'peer', size):.2f}"
    )


def remove(path: Path, size: int) -> float:
    """Seconds that removing a file of that size takes, once it is on the disk."""
    with path.open("wb") as file:
        for _ in range(size // 2**20):
            file.write(os.urandom(2**20))
        file.flush()
        os.fsync(file.fileno())
    start = perf_counter()
    path.unlink()
    return perf_counter() - start


def costs(what: str, count: int, mine: float, theirs: float, seconds: float) -> None:
    say(
        f"{what}: {mine / count * 1e6:.1f} µs here and {theirs / count * 1e6:.1f} in PostgreSQL a "
        f"request, {count / seconds:,.0f} a second"
    )


def a_project(name: str) -> Any:
    from evalhub.accounts.models import Project

    return Project.objects.create(slug=name.replace(" ", "-")[:80], name=name)


def rows(what: str, latencies: Sequence[float], text: str) -> Iterator[tuple[int, Any]]:
    """Requests of the last two hours, as a door hands them on, in the order in which they came."""
    from django.utils import timezone

    from evalhub.features.traffic.rows import RequestRow

    draws, begin = random.Random(what), timezone.now() - timedelta(hours=2)
    for n, latency in enumerate(latencies):
        yield (
            n + 1,
            RequestRow(
                id=f"req-{draws.getrandbits(96):024x}",
                time=begin + timedelta(seconds=7000 * n / len(latencies)),
                model=draws.choice(MODELS),
                user=f"user-{n // 7}",
                conversation=f"conversation-{n // 4}",
                turn=n % 4,
                prompt_tokens=int(draws.lognormvariate(6, 1)),
                completion_tokens=int(draws.lognormvariate(4, 1)),
                latency_ms=latency,
                first_token_ms=latency / 5,
                cost_usd=0.00042,
                finish_reason="stop",
                response_id=f"chatcmpl-{draws.getrandbits(96):024x}",
                trace_id=f"{draws.getrandbits(128):032x}",
                route=draws.choice(ROUTES),
                tags=(draws.choice(TAGS),),
                language=draws.choice(("de", "en", "fr", "")),
                messages=({"role": "user", "content": text},) if text else None,
                output=text or None,
            ),
        )


def a_signal(line: int, row: Any) -> tuple[int, Any]:
    from evalhub.features.traffic.rows import SignalRow

    time: datetime = row.time + timedelta(seconds=30)
    return line, SignalRow(id=row.id, time=time, name="thumb", value=1.0, request=row.response_id)


def in_batches(rows: Iterator[Any], size: int) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


if __name__ == "__main__":
    main()
