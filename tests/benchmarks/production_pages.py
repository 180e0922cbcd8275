"""How fast the pages of production are on a quarter's requests, stored in fact: medians and p95.

python -m tests.benchmarks.production_pages [--requests 1000000] [--postgresql] [--only NAME]

`tests.benchmarks.stored_quarter` says how the rows get there. On a machine that others use the
clock says little, so each round reads all pages and a peer in turn, the bare sum over the hours of
all requests, and the processor time of this process and PostgreSQL's is given beside the clock's:
what a page takes where processors are free.
On PostgreSQL the oldest day is dropped at the end.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from time import perf_counter, process_time
from typing import Any

import numpy as np
import psutil

from tests.benchmarks.ingestion_speed import say, worked_s
from tests.benchmarks.stored_quarter import DAYS, NAMES, RARE_ROUTE, store_quarter

ROUNDS = 40
MOST_MS = 150
"""What the 95th percentile of a page may be."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--postgresql", action="store_true", help="in place of SQLite")
    parser.add_argument("--only", default="", help="pages whose name holds this text")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="evalhub-production-"))
        url, postgres = "", None
        if options.postgresql:
            from tests.services import postgresql_server

            server = stack.enter_context(postgresql_server("-c max_wal_size=8GB"))
            url, postgres = server.url, server.process()
        os.environ |= {
            "EVALHUB_HOME": folder,
            "EVALHUB_DATABASE_URL": url,
            "EVALHUB_ALLOWED_HOSTS": "testserver",
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        from tests.migrated import set_up_migrated

        set_up_migrated()
        measure(options.requests, options.only, postgres)


def measure(requests: int, only: str, postgres: psutil.Process | None) -> None:
    from django.db import connection
    from django.utils import timezone

    from evalhub.features.traffic.models import RollUp
    from tests.cast import a_team

    team, now, start = a_team(), timezone.now(), perf_counter()
    a_team("Sales", "sales")  # of one project alone, the page of all projects goes on to it
    store_quarter(team, requests, now)
    say(
        f"{requests:,} requests and {RollUp.objects.count():,} roll-ups on {connection.vendor}, "
        f"stored in {perf_counter() - start:.0f} s"
    )
    pages = {name: get for name, get in pages_of(team, now).items() if only in name}
    read_in_turn(pages, lambda: process_time() + (worked_s(postgres) if postgres else 0.0))
    if postgres:
        drop_oldest_day(now)


def read_in_turn(pages: Mapping[str, Callable[[], None]], worked: Callable[[], float]) -> None:
    """Says how long each took; `worked` is the processor time up to now, in seconds."""
    clocks, processors = ({name: list[float]() for name in pages} for _ in range(2))
    for get in pages.values():
        get()
    for _ in range(ROUNDS):
        for name, get in pages.items():
            before, begin = worked(), perf_counter()
            get()
            clocks[name].append(1000 * (perf_counter() - begin))
            processors[name].append(1000 * (worked() - before))
    say(f"{'milliseconds: median and p95':<36} of the clock   of the processors")
    for name in pages:
        clock, processor = (np.quantile(of[name], (0.5, 0.95)) for of in (clocks, processors))
        both = "    ".join(f"{median:5.0f} {p95:5.0f}" for median, p95 in (clock, processor))
        late = f"  above {MOST_MS}" if processor[1] > MOST_MS else ""
        say(f"{name:<36} {both}{late}")


def pages_of(team: Any, now: datetime) -> Mapping[str, Callable[[], None]]:
    """Reads of each page by a person who is signed in, and the peer."""
    from django.db.models import Sum
    from django.urls import reverse

    from evalhub.features.traffic.models import Request, RollUp, ServedModel

    client = team.signed_in(team.olga)

    def read(address: str) -> Callable[[], None]:
        def get() -> None:
            assert client.get(address).status_code == 200, address

        return get

    def page(name: str, **query: str) -> Callable[[], None]:
        return read(reverse(f"site:production_{name}", args=[team.project.slug], query=query))

    def one_request(day: date) -> Callable[[], None]:
        request = Request.objects.filter(project=team.project, day=day).order_by("key")[0]
        args = [team.project.slug, day.isoformat()]
        return read(reverse("site:production_request", args=args, query={"key": request.key}))

    old = (now - timedelta(days=60)).isoformat()
    version = str(ServedModel.objects.get(name=NAMES[0]).version_id)
    return {
        "the peer, a bare sum": lambda: RollUp.objects.overall(team.project).aggregate(
            Sum("requests")
        ),
        "figures, 35 days": page("figures"),
        "figures, 90 days": page("figures", days="90"),
        "figures, 24 hours": page("figures", days="1"),
        "figures, 90 days, a language": page("figures", days="90", slice="language:de"),
        "figures, 90 days, a route": page("figures", days="90", slice="route:route-1"),
        "figures, 90 days, a tag": page("figures", days="90", slice="tag:tag-1"),
        "figures, 90 days, a version": page("figures", days="90", version=version),
        "figures, 90 days, version and route": page(
            "figures", days="90", version=version, slice="route:route-1"
        ),
        "slices by language, 90 days": page("slices", days="90"),
        "slices by route, 35 days": page("slices", by="route"),
        "slices by route, 90 days": page("slices", by="route", days="90"),
        "slices by tag, 90 days": page("slices", by="tag", days="90"),
        "slices by length, 90 days": page("slices", by="length", days="90"),
        "signals, 35 days": page("signals"),
        "signals, 90 days": page("signals", days="90"),
        "requests": page("requests"),
        "requests, 60 days ago": page("requests", days="90", before=old),
        "requests of a route": page("requests", slice="route:route-1", days="90"),
        "requests of a rare route": page("requests", slice=f"route:{RARE_ROUTE}", days="90"),
        "requests of a tag": page("requests", slice="tag:tag-1", days="90"),
        "requests of a length": page("requests", slice="length:4096-8191", days="90"),
        "requests of a version": page("requests", version=version, days="90"),
        "requests of a name, 60 days ago": page("requests", model=f"{NAMES[0]}-6", days="90"),
        "requests with an error": page("requests", outcome="errors", days="90"),
        "requests, aborted, of a rare route": page(
            "requests", outcome="aborted", slice=f"route:{RARE_ROUTE}", days="90"
        ),
        "requests with texts": page("requests", outcome="texts", days="90"),
        "one request of yesterday": one_request((now - timedelta(days=1)).date()),
        "one request of 80 days ago": one_request((now - timedelta(days=80)).date()),
        "what wasn't taken": page("refused", days="90"),
        "what is kept": page("keeping"),
        "samples": page("samples"),
        "all projects": read(reverse("site:production")),
    }


def drop_oldest_day(now: datetime) -> None:
    """As retention does once a day."""
    from evalhub.database.partitions import drop_days
    from evalhub.features.traffic.models import Request

    table, start = Request._meta.db_table, perf_counter()
    assert drop_days(table, before=(now - timedelta(days=DAYS - 1)).date()) == 1
    say(f"the oldest day dropped in {perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
