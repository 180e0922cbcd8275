"""How long a live experiment's day takes to be counted, beside `SELECT count(*)` of the same day.

python -m tests.benchmarks.experiment_counting [--postgresql] [--requests 60000] [--each 3]

So many requests of one day, `--each` a user, are taken in by the product's own verb, a tenth of
them with a thumb. The day is counted for the first time, when all its rows are written; again after
a hundredth more has come; and again though nothing differs. Then it is followed: counted, judged,
and the verdict kept. The peer is timed after each: the clock
says little on a machine that others use, so the processors' time stands beside it.
"""

import argparse
import os
import random
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter, process_time
from typing import Any

import psutil

from tests.benchmarks.ingestion_speed import say, worked_s

BATCH = 5_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=60_000)
    parser.add_argument("--each", type=int, default=3, help="requests a user")
    parser.add_argument("--postgresql", action="store_true", help="in place of SQLite")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="evalhub-counting-"))
        url, postgres = "", None
        if options.postgresql:
            from tests.services import postgresql_server

            server = stack.enter_context(postgresql_server("-c max_wal_size=8GB"))
            url, postgres = server.url, server.process()
        os.environ |= {
            "EVALHUB_HOME": folder,
            "EVALHUB_DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        from tests.migrated import set_up_migrated

        set_up_migrated()
        measure(options.requests, options.each, postgres)


def measure(requests: int, each: int, postgres: psutil.Process | None) -> None:
    from django.db import connection
    from django.utils import timezone

    from evalhub.features.experiments.counting.due import count_arrivals
    from evalhub.features.experiments.following import follow
    from evalhub.features.experiments.models import UserDay
    from evalhub.features.traffic.models import Request
    from tests.cast import a_team
    from tests.features.experiments.experiments_of import an_experiment, since
    from tests.features.traffic.rows_of import noon

    team = a_team()
    experiment = since(an_experiment(team), noon(2))
    midnight, begun = noon(1) - timedelta(hours=12), perf_counter()
    send(team, midnight, range(requests), requests, each)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    say(
        f"{requests:,} requests of {requests // each:,} users on {connection.vendor}, taken in "
        f"in {perf_counter() - begun:.0f} s"
    )
    of_day = Request.objects.filter(project=team.project, day=midnight.date())
    now, peer = timezone.now(), partial(of_day.count)
    peer()
    beside("counted for the first time", lambda: count(experiment, now), peer, postgres)
    send(team, midnight, range(requests, requests + requests // 100), requests, each)
    beside("again, a hundredth more", lambda: count(experiment, now), peer, postgres)
    beside("whose first day it is", lambda: count_arrivals(experiment), peer, postgres)
    beside("again, the same", lambda: count(experiment, now, anyway=True), peer, postgres)
    beside("looked at, nothing new", lambda: count(experiment, now), peer, postgres)
    beside("followed for the first time", lambda: follow(experiment), peer, postgres)
    more = requests + requests // 100
    send(team, midnight, range(more, more + requests // 100), requests, each)
    beside("followed, a hundredth more", lambda: follow(experiment), peer, postgres)
    say(f"{UserDay.objects.count():,} rows")


def count(experiment: Any, now: datetime, *, anyway: bool = False) -> None:
    """Counts what is due; `anyway`, what was counted already."""
    from evalhub.features.experiments.counting.due import count_days, due_days
    from evalhub.features.experiments.models import CountedDay

    if anyway:
        CountedDay.objects.update(counted=None)
    count_days(experiment, due_days(experiment, now), now)


def beside(what: str, act: Callable[[], object], peer: Callable[[], object], postgres: Any) -> None:
    """Says how long both took, by the clock and by the processors."""
    ours, theirs = timed(act, postgres), timed(peer, postgres)
    say(
        f"{what:<28} {ours[0]:8.2f} s of the clock, {ours[1]:6.2f} s of the processors; "
        f"count(*) {theirs[0]:.3f} s, {theirs[1]:.3f} s: {ours[0] / theirs[0]:.0f} times"
    )


def timed(act: Callable[[], object], postgres: Any) -> tuple[float, float]:
    def worked() -> float:
        return process_time() + (worked_s(postgres) if postgres else 0.0)

    before, begun = worked(), perf_counter()
    act()
    return perf_counter() - begun, worked() - before


def send(team: Any, midnight: datetime, numbers: range, of: int, each: int) -> None:
    """Requests with these numbers, evenly over the day; every tenth with a thumb."""
    from evalhub.features.traffic.rows import RequestRow, SignalRow
    from tests.features.experiments.experiments_of import CHALLENGER, CHAMPION
    from tests.features.traffic.rows_of import taken

    draw = random.Random(numbers.start)
    users = of // each
    for first in range(numbers.start, numbers.stop, BATCH):
        some = range(first, min(first + BATCH, numbers.stop))
        rows = [
            RequestRow(
                id=f"req-{number:09}",
                time=midnight + timedelta(days=(number % of) / of),
                model=draw.choice([CHAMPION, CHALLENGER]),
                user=f"user-{draw.randrange(users)}",
                latency_ms=draw.lognormvariate(6.4, 0.7),
                cost_usd=0.003,
                error_type="timeout" if draw.random() < 0.01 else "",
                finish_reason="stop",
                route="chat",
                language=draw.choice(["de", "en"]),
                tags=(draw.choice(["a", "b"]),),
            )
            for number in some
        ]
        signals = [
            SignalRow(id=row.id, time=row.time, name="thumb", value=1.0, request=row.id)
            for row in rows[::10]
        ]
        taken(team.project, rows, signals)


if __name__ == "__main__":
    main()
