"""A simulated year of traffic through the product's own doors: which alarms were raised, and when.

python -m tests.benchmarks.monitored_year [--postgresql] [--days 365] [--requests 600]
    [--launch DAY] [--change KIND:DAY:SIZE …] [--years 1] [--share 1] [--seed 0] [--peers]

Each day's requests and signals are taken in, and the morning after a monitor of operations looks,
by the clock of the simulated day: so often as there are days, as the worker's timer would. Traffic
has seasons, weekends and users who are alike with themselves; a change is one that
tests/features/monitoring/simulated_traffic.py knows: provider, retriever, latency, thumbs, drift or
silence. An alarm before the first change is false: it is resolved, so that the next can be raised.
With `--years` so many years, of a project each, say how many there are, with the error of their
mean. With `--peers` a fixed threshold and Evidently judge the same requests.
"""

import argparse
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from math import sqrt
from time import perf_counter
from typing import Any

from tests.benchmarks.ingestion_speed import say

MARGINS = {
    "errors": 0.01,
    "slow": 0.03,
    "requests": 0.5,
    "tokens": 0.1,
    "cost": 0.1,
    "thumbs_down": 0.01,
    "retries": 0.01,
}
SLOW_MS = 2_500
"""More than 4.4% of the requests take, while nothing is wrong."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--requests", type=int, default=600, help="a workday, on average")
    parser.add_argument("--launch", type=int, metavar="DAY", help="threefold for three weeks")
    parser.add_argument("--change", action="append", default=[], metavar="KIND:DAY:SIZE")
    parser.add_argument("--years", type=int, default=1, help="each of a project of its own")
    parser.add_argument("--share", type=float, default=1.0, help="false alarms a year, at most")
    parser.add_argument("--slices", default="", help="language, route or tag")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peers", action="store_true", help="a threshold and Evidently besides")
    parser.add_argument("--postgresql", action="store_true", help="in place of SQLite")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="evalhub-year-"))
        url = ""
        if options.postgresql:
            from tests.services import postgresql_server

            url = stack.enter_context(postgresql_server("-c max_wal_size=8GB")).url
        os.environ |= {
            "EVALHUB_HOME": folder,
            "EVALHUB_DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        from tests.migrated import set_up_migrated

        set_up_migrated()
        live(options)


def live(options: argparse.Namespace) -> None:
    """Lives through the years, and says what was raised."""
    from django.db import connection
    from django.utils import timezone

    from tests.benchmarks.year_peers import RecordedTraffic, evidently_alarms, threshold_alarms
    from tests.features.monitoring.monitored_year import a_watched_project, live_through
    from tests.features.monitoring.simulated_traffic import TrafficYear

    changes = tuple(map(change_of, options.change))
    year = TrafficYear(
        days=options.days, requests=options.requests, launch=options.launch, changes=changes
    )
    first = timezone.now().date() - timedelta(days=options.days)
    days = sorted(change.day for change in changes) or [options.days + 1]
    begins = days[0]
    counts = []
    for number in range(options.years):
        begun = perf_counter()
        watched = a_watched_project(
            slug=f"year-{number}",
            first=first,
            plan=a_plan(options.slices),
            false_alarms_a_year=options.share,
        )
        traffic = RecordedTraffic(year, seed=options.seed + number)
        alarms = live_through(watched, traffic, resolve_before=begins)
        counts.append(sum(alarm.day <= begins for alarm in alarms))
        say(
            f"year {number} on {connection.vendor}: {len(alarms)} alarms, "
            f"{perf_counter() - begun:.0f} s"
        )
        for alarm in alarms:
            say(f"  day {alarm.day}, since {alarm.since}: {alarm.subject}: {alarm.sentence}")
        if options.peers:
            say_of("threshold", threshold_alarms(traffic, MARGINS, slow_ms=SLOW_MS), days)
            say_of("evidently", evidently_alarms(traffic), days)
    mean, error = rate(counts)
    say(
        f"before a change: {sum(counts)} alarms in {options.years} × "
        f"{min(begins, options.days)} days, {mean:.3f} ± {error:.3f}; at most "
        f"{options.share * min(begins, options.days) / 365:.3f} are stated"
    )


def say_of(peer: str, alarms: Mapping[str, list[int]], begins: Sequence[int]) -> None:
    """How often a peer's alarms began before the first change, and the first day of one after each
    change. The look at a day is the next morning, as a monitor's is."""
    from tests.benchmarks.monitor_rates import begun

    for metric, days in alarms.items():
        before = len(begun([day for day in days if day < begins[0]]))
        firsts = [next((f"{day + 1}" for day in days if day >= first), "none") for first in begins]
        say(f"  {peer}: {metric}: {before} before; then on days {', '.join(firsts)}")


def rate(counts: Sequence[int]) -> tuple[float, float]:
    """Mean, and its standard error; that of one year is 0."""
    mean = sum(counts) / len(counts)
    if len(counts) < 2:
        return mean, 0.0
    variance = sum((count - mean) ** 2 for count in counts) / (len(counts) - 1)
    return mean, sqrt(variance / len(counts))


def change_of(text: str) -> Any:
    """KIND:DAY:SIZE as a change of the traffic."""
    from tests.features.monitoring.simulated_traffic import Change

    kind, day, size = text.split(":")
    return Change(kind, int(day), float(size))  # type: ignore[arg-type]


def a_plan(slices: str = "") -> Any:
    """All metrics of operations but refusals."""
    from evalhub.declare.declaration import validate
    from evalhub.declare.monitor import OperationsPlan

    measures = [{"metric": name, "margin": margin} for name, margin in MARGINS.items()]
    return validate(OperationsPlan, {"measures": measures, "slow_ms": SLOW_MS, "slices": slices})


if __name__ == "__main__":
    main()
