"""A million outputs on a real PostgreSQL that keeps what it has committed: how long each step
takes, what it leaves on the disk, and how fast its pages are then.

python -m tests.benchmarks.million_outputs [--items 500000]

Two arms answer the same items from files; the study is registered, scored and decided by one
process, as `evalhub study run` does it, and its pages are asked of an `evalhub up` of its own.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter, sleep

import numpy as np
import psycopg

EVALHUB = Path(sys.executable).with_name("evalhub")
ROUNDS = 40
LIMIT_MS = 150
WORDS = "The parcel left the depot on Tuesday and should reach the customer in three days. "
"""82 characters; a prompt has five of them and an answer three."""
DEEP = ("", "?page=20000")
OF_RUN = (*DEEP, "?show=errors", "?show=unscored")
PARTITIONED = """
    CREATE TABLE parted (LIKE registry_output INCLUDING DEFAULTS) PARTITION BY LIST (run_id);
    CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
    CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
    INSERT INTO parted SELECT * FROM registry_output WHERE run_id IN (1, 2);
    CREATE INDEX ON parted (run_id, item_id, sample);
    CREATE INDEX ON parted (item_id);
    CREATE INDEX ON parted (id)"""
DELETED = """
    DELETE FROM registry_score s USING registry_output o WHERE o.id = s.output_id AND o.run_id = 1;
    DELETE FROM registry_output WHERE run_id = 1"""
SOURCES = 5000
"""Clusters of items."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=500_000, help="each is answered by two arms")
    items = parser.parse_args().items
    from tests.services import postgresql_server

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="evalhub-million-")))
        server = stack.enter_context(postgresql_server())
        os.environ |= {
            "EVALHUB_HOME": str(folder / "home"),
            "EVALHUB_DATABASE_URL": server.url,
            "EVALHUB_REDIS_URL": "",
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        say(f"{os.cpu_count()} cores, {items:,} items, {2 * items:,} outputs")
        with clock("the files written"):
            study = written(folder, items)
        addresses = studied(study)
        left(server.url, 2 * items)
        pages(server.url, addresses)
        taken_out(server.url)


def written(folder: Path, items: int) -> Path:
    """A study of two arms; the tuned one is right on 62 of 100 items, the base on 60."""
    right = np.random.default_rng(1).random((2, items)) < [[0.60], [0.62]]
    with (folder / "items.jsonl").open("w") as file:
        for i in range(items):
            row = {
                "id": f"q{i}",
                "input": f"{WORDS * 5}Question {i}?",
                "reference": f"answer {i}",
                "cluster": f"source {i % SOURCES}",
                "tags": [f"tag {i % 12}"],
            }
            file.write(json.dumps(row) + "\n")
    for arm, said in zip(("base", "tuned"), right, strict=True):
        with (folder / f"{arm}.jsonl").open("w") as file:
            for i in range(items):
                word = "answer" if said[i] else "no"
                row = {
                    "id": f"q{i}",
                    "output": f"{WORDS * 3}{word} {i}",
                    "latency_ms": 200.0 + i % 100,
                    "prompt_tokens": 100,
                    "completion_tokens": 60,
                }
                file.write(json.dumps(row) + "\n")
    arms = {
        "base": {"kind": "base", "backend": {"recorded": "base.jsonl"}},
        "tuned": {"kind": "lora", "parent": "base", "backend": {"recorded": "tuned.jsonl"}},
    }
    metric = {"name": "exact_match", "extract": "((?:answer|no) [0-9]+)$"}
    study = {
        "schema": "evalhub.study/1",
        "project": "million",
        "name": "A million outputs",
        "baseline": "base",
        "arms": arms,
        "test_sets": {"task": {"file": "items.jsonl", "role": "primary", "metric": metric}},
    }
    file = folder / "study.json"
    file.write_text(json.dumps(study))
    return file


def studied(file: Path) -> list[str]:
    """Registers, scores and decides; the addresses of the pages that show it."""
    from tests.migrated import set_up_migrated

    with clock("empty tables made"):
        set_up_migrated()
    from django.db import connection
    from django.urls import reverse

    from evalhub.ledger.models import Decision
    from evalhub.registry.models import Item, Run, Study, TestSet
    from evalhub.studies.file.origin import OperatorFile
    from evalhub.studies.file.spec import read_study
    from evalhub.studies.run.advance import advance
    from evalhub.studies.run.register import register_study
    from evalhub.workers.embedded import embedded_worker

    with clock("registered: items and answers read, checked and written"):
        study = register_study(read_study(file, OperatorFile()))
    with clock("scored"), embedded_worker(threads=os.cpu_count() or 1):
        while Run.objects.unfinished().exists():
            sleep(0.2)
    with connection.cursor() as cursor, clock("ANALYZE, which autovacuum does by itself"):
        cursor.execute("ANALYZE")
    study = Study.objects.get(pk=study.pk)
    with clock("compared and decided"):
        status = advance(study=study, by=None)
    say(f"  verdict: {status.decisions[0].verdict}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"  memory of this process, at most: {memory:,.0f} MiB")
    runs = list(Run.objects.order_by("pk"))
    assert Item.objects.count() * 2 == sum(run.outputs.count() for run in runs)
    decision = Decision.objects.get()
    return [
        reverse("site:studies"),
        reverse("site:study", args=[study.pk]),
        reverse("site:criterion", args=[decision.pk, 1]),
        reverse("site:runs"),
        *(reverse("site:run", args=[runs[1].pk]) + query for query in OF_RUN),
        *(reverse("site:test_set", args=[TestSet.objects.get().pk]) + each for each in DEEP),
        reverse("site:version", args=[runs[1].version_id]),
    ]


def left(url: str, outputs: int) -> None:
    """Rows and bytes by table, with the indexes, and bytes an output of all that belongs to it."""
    query = """
        SELECT relname, n_live_tup, pg_table_size(relid), pg_indexes_size(relid)
        FROM pg_stat_user_tables ORDER BY pg_total_relation_size(relid) DESC LIMIT 4"""
    with psycopg.connect(url) as connection:
        rows = connection.execute(query).fetchall()
    for name, count, table, indexes in rows:
        say(f"  {name}: {count:,} rows, {table / 1e6:,.0f} MB, indexes {indexes / 1e6:,.0f} MB")
    total = sum(table + indexes for _, _, table, indexes in rows)
    say(f"  {total / outputs:,.0f} bytes an output, its item and its score included")


def pages(url: str, addresses: list[str]) -> None:
    """ROUNDS requests of each page by one reader: the median and the 95th percentile."""
    with site(url) as connection:
        cookie = signed_in(connection)
        for address in addresses:
            took = []
            for _ in range(ROUNDS + 1):
                started = perf_counter()
                connection.request("GET", address, headers={"Cookie": cookie, "HX-Request": "true"})
                response = connection.getresponse()
                response.read()
                assert response.status == 200, (address, response.status)
                took.append((perf_counter() - started) * 1000)
            first, rest = took[0], took[1:]
            middle, p95 = np.quantile(rest, [0.5, 0.95])
            mark = "" if p95 <= LIMIT_MS else f"  over {LIMIT_MS}"
            say(f"  {address}: {middle:,.0f} ms, p95 {p95:,.0f}, the first {first:,.0f}{mark}")


def taken_out(url: str) -> None:
    """A run's answers deleted row by row, beside a table of them that is dropped."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(PARTITIONED)
        with clock("a run's answers dropped, as a partition of a table of runs"):
            connection.execute("DROP TABLE parted_1")
        before = connection.execute("SELECT pg_current_wal_lsn()").fetchone()
        with clock("a run's answers and scores deleted, as they are"), connection.transaction():
            connection.execute(DELETED)
        wal = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), %s) / 1e6"
        row = connection.execute(wal, before).fetchone()
        say(f"  {row[0] if row else 0:,.0f} MB of write-ahead log")


@contextmanager
def site(url: str) -> Iterator[HTTPConnection]:
    with subprocess.Popen(
        [EVALHUB, "up", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"EVALHUB_DATABASE_URL": url, "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            said = iter(process.stdout or ())
            found = next(filter(None, (re.search(r"http://\S+:(\d+)", line) for line in said)))
            yield HTTPConnection("127.0.0.1", int(found[1]), timeout=600)
        finally:
            process.terminate()


def signed_in(connection: HTTPConnection) -> str:
    """The cookie of the superuser, who sees it all."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from evalhub.accounts.models import User

    owner = User.objects.filter(is_superuser=True).first()
    assert owner is not None
    session = SessionStore()
    session[SESSION_KEY] = str(owner.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = owner.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


@contextmanager
def clock(what: str) -> Iterator[None]:
    started = perf_counter()
    yield
    say(f"{perf_counter() - started:8.1f} s  {what}")


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
