"""How fast the pages of production are on a quarter's roll-ups: medians and p95 by page.

90 days × 24 hours × 3 served names × 20 slice values, some 130,000 rows that stand for 10 million
requests, beside a bare sum over the hours of all requests.

python -m tests.benchmarks.production_pages [--postgresql]
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import numpy as np

DAYS, ROUNDS = 90, 40
NAMES = ("support-large", "support-small", "support-eu")
SLICES = {
    "language": ["de", "en", "fr", "es", ""],
    "route": [f"route-{n}" for n in range(6)],
    "tag": [f"tag-{n}" for n in range(3)],
    "length": [f"{2**n}-{2 ** (n + 1) - 1}" for n in range(5, 10)],
}
AN_HOUR = 10_000_000 // (DAYS * 24 * len(NAMES))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", action="store_true", help="in place of SQLite")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="evalhub-production-"))
        url = ""
        if parser.parse_args().postgresql:
            from tests.services import postgresql_server

            url = stack.enter_context(postgresql_server()).url
        os.environ |= {
            "EVALHUB_HOME": folder,
            "EVALHUB_DATABASE_URL": url,
            "EVALHUB_ALLOWED_HOSTS": "testserver",
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        measure()


def measure() -> None:
    from tests.migrated import set_up_migrated

    set_up_migrated()

    from django.db import connection
    from django.db.models import Sum
    from django.urls import reverse
    from django.utils import timezone

    from evalhub.features.traffic.models import RollUp, SignalRollUp
    from evalhub.features.traffic.served import name_served_version
    from evalhub.features.traffic.storage.roll_ups import hour_of
    from tests.cast import a_team, a_version
    from tests.features.traffic.rows_of import a_request, taken

    team, now = a_team(), hour_of(timezone.now())
    RollUp.objects.bulk_create(roll_ups(team.project, now), batch_size=2000)
    SignalRollUp.objects.bulk_create(signal_roll_ups(team.project, now), batch_size=2000)
    for name in NAMES[:2]:
        name_served_version(
            project=team.project,
            by=team.olga,
            name=name,
            version=a_version(team, name),
            since=now - timedelta(days=DAYS),
        )
    newest = [a_request(f"r{n}", time=now - timedelta(seconds=n)) for n in range(3000)]
    taken(team.project, newest)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = team.signed_in(team.olga)

    def page(name: str, **query: str) -> Callable[[], None]:
        address = reverse(f"site:production_{name}", args=[team.project.slug], query=query)

        def get() -> None:
            assert client.get(address).status_code == 200, address

        return get

    def bare_sum() -> None:
        RollUp.objects.overall(team.project).aggregate(Sum("requests"))

    print(f"{RollUp.objects.count():,} roll-ups on {connection.vendor}")  # noqa: T201
    pages = {
        "the bare sum of the requests": bare_sum,
        "figures, 35 days": page("figures"),
        "figures, 90 days": page("figures", days="90"),
        "figures, 90 days, one language": page("figures", days="90", slice="language:de"),
        "slices by route, 35 days": page("slices", by="route"),
        "slices by route, 90 days": page("slices", by="route", days="90"),
        "signals, 35 days": page("signals"),
        "signals, 90 days": page("signals", days="90"),
        "requests": page("requests"),
        "requests of one route": page("requests", slice="route:route-1", days="90"),
    }
    for name, get in pages.items():
        times = sorted(elapsed(get) for _ in range(ROUNDS))
        median, p95 = times[ROUNDS // 2], times[ROUNDS * 95 // 100]
        print(f"{name:<32} median {median:6.1f} ms, p95 {p95:6.1f} ms")  # noqa: T201


def elapsed(call: Callable[[], None]) -> float:
    """Milliseconds of a call."""
    start = perf_counter()
    call()
    return 1000 * (perf_counter() - start)


def hours(now: datetime) -> Iterator[datetime]:
    return (now - timedelta(hours=n) for n in range(DAYS * 24))


def roll_ups(project: Any, now: datetime) -> Iterator[Any]:
    from evalhub.features.traffic.models import RollUp
    from evalhub.features.traffic.storage.histogram import Histogram

    rng = np.random.default_rng(26)
    slices = [(kind, value, 1 / len(values)) for kind, values in SLICES.items() for value in values]
    for hour in hours(now):
        whole_day = [("day", "", 24.0)] if hour.hour == 0 else []
        for name in NAMES:
            for kind, value, share in [("all", "", 1.0), *slices, *whole_day]:
                count = int(share * AN_HOUR)
                yield RollUp(
                    project=project,
                    hour=hour,
                    model_name=name,
                    slice_kind=kind,
                    slice_value=value,
                    requests=count,
                    errors=count // 80,
                    prompt_tokens=600 * count,
                    completion_tokens=120 * count,
                    with_tokens=count,
                    cost_usd=0.003 * count,
                    with_cost=count,
                    latency=Histogram.of(rng.lognormal(6.4, 0.7, count)).to_bytes(),
                )


def signal_roll_ups(project: Any, now: datetime) -> Iterator[Any]:
    from evalhub.features.traffic.models import SignalRollUp

    for hour in hours(now):
        for name in NAMES:
            for signal, label in (("resolved", ""), ("thumb", "up"), ("thumb", "down")):
                yield SignalRollUp(
                    project=project, hour=hour, model_name=name, name=signal, label=label,
                    by="person", signals=20, with_value=20, total=14,
                )  # fmt: skip


if __name__ == "__main__":
    main()
