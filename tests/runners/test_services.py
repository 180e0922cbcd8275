"""Worker processes on a real PostgreSQL and a real Redis-protocol server, and their deaths."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.fakes.openai_server import OpenAIServer

pytestmark = [pytest.mark.services, pytest.mark.heavy]

ROOT = Path(__file__).resolve().parents[2]
WORKER = """
import django; django.setup()
from runners.tasks import start_worker
raise SystemExit(start_worker(threads=2))
"""
LAUNCH = """
import django; django.setup()
from runners.launch import launch
from tests.cast import OPERATOR, a_metric, a_team, a_test_set, a_version
run = launch(
    version=a_version(a_team(), backend={backend!r}),
    test_set_version=a_test_set(a_team("Other", "other"), items={items}),
    metrics=[a_metric("length")],
    reach=OPERATOR,
)
print(run.pk)
"""

type Start = Callable[[str], subprocess.Popen[str]]
type Ask = Callable[[str], Any]


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(latency_s=0.05) as server:
        yield server


@pytest.fixture
def ask(postgres_url: str) -> Iterator[Ask]:
    """A database of its own in the server: the first value that a query gives."""
    name = f"runs_{time.monotonic_ns()}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = postgres_url.replace("/postgres?", f"/{name}?")
    with psycopg.connect(url, autocommit=True) as connection:

        def first(query: str) -> Any:
            row = connection.execute(query).fetchone()
            return row[0] if row else None

        first.url = url  # type: ignore[attr-defined]
        yield first


QUEUES = itertools.cycle(range(1, 16))
"""A queue of its own for each test: what the one before left waits in another."""


@pytest.fixture
def python(ask: Ask, redis_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts Python processes that share the database and the queue; ends them at the end.

    They sign nothing: there is no session key, nor can one be read or made.
    """
    (tmp_path / "secret_key").mkdir()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("EVALHUB_")
    } | {
        "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        "EVALHUB_HOME": str(tmp_path),
        "EVALHUB_DATABASE_URL": ask.url,  # type: ignore[attr-defined]
        "EVALHUB_REDIS_URL": f"{redis_url.rstrip('/')}/{next(QUEUES)}"
        if urlsplit(redis_url).path in ("", "/")
        else redis_url,
    }
    started: list[subprocess.Popen[str]] = []

    def start(code: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    migrating = start(
        "import django; django.setup(); from django.core.management import "
        "call_command; call_command('migrate', verbosity=0)"
    )
    assert migrating.wait(60) == 0, migrating.communicate()[0]
    yield start
    for process in started:
        process.kill()
        process.communicate()


def wait_until(there: Callable[[], bool], within_s: float) -> float:
    start = time.monotonic()
    while not there():
        assert time.monotonic() - start < within_s, f"it did not happen within {within_s} s"
        time.sleep(0.05)
    return time.monotonic() - start


def launched(python: Start, server: OpenAIServer, items: int) -> None:
    code = LAUNCH.format(backend=server.backend(concurrency=8), items=items)
    output, _ = (launching := python(code)).communicate(timeout=60)
    assert launching.returncode == 0, output


def state(ask: Ask) -> str:
    return str(ask("SELECT state FROM registry_run"))


def test_a_killed_worker_loses_nothing_and_doubles_nothing(
    python: Start, ask: Ask, server: OpenAIServer
) -> None:
    first = python(WORKER)
    launched(python, server, items=400)
    wait_until(lambda: ask("SELECT count(*) FROM registry_output") >= 50, within_s=30)
    first.send_signal(signal.SIGKILL)
    first.wait()
    there = ask("SELECT count(*) FROM registry_output")
    assert there < 400
    held = "SELECT count(*) FROM registry_shard WHERE state = 'claimed'"
    assert ask(held) > 0
    ask("SELECT 1 FROM registry_shard")
    # the leases run for half a minute; a test need not
    with psycopg.connect(ask.url, autocommit=True) as connection:  # type: ignore[attr-defined]
        connection.execute("UPDATE registry_shard SET lease_until = now() WHERE state = 'claimed'")
    asked = len(server.requests)
    python(WORKER)
    wait_until(lambda: state(ask) == "done", within_s=40)
    assert ask("SELECT count(*) FROM registry_output") == 400
    assert ask("SELECT count(DISTINCT item_id) FROM registry_output WHERE text <> ''") == 400
    assert ask("SELECT count(*) FROM registry_score WHERE value IS NOT NULL") == 400
    assert ask("SELECT scored FROM registry_runmetric") == 400
    assert ask("SELECT sum(done) FROM registry_shard") == 400
    assert len(server.requests) - asked == 400 - there


def test_two_workers_share_a_run_and_each_item_is_asked_once(
    python: Start, ask: Ask, server: OpenAIServer
) -> None:
    python(WORKER)
    python(WORKER)
    launched(python, server, items=600)
    wait_until(lambda: state(ask) == "done", within_s=40)
    assert ask("SELECT count(*) FROM registry_output") == 600
    assert len(server.requests) == 600
    assert server.most_at_once <= 16  # the bound holds in each process


def test_a_worker_told_to_go_gives_its_shards_back(
    python: Start, ask: Ask, server: OpenAIServer
) -> None:
    server.latency_s = 0.5
    worker = python(WORKER)
    launched(python, server, items=400)
    wait_until(lambda: len(server.requests) > 0, within_s=30)
    worker.send_signal(signal.SIGTERM)
    output, _ = worker.communicate(timeout=15)
    assert worker.returncode == 0, output
    assert ask("SELECT count(*) FROM registry_shard WHERE state = 'claimed'") == 0
    assert state(ask) == "running"
    server.latency_s = 0.0
    python(WORKER)
    wait_until(lambda: state(ask) == "done", within_s=40)
    assert ask("SELECT count(*) FROM registry_output") == 400


REQUEUE = """
import django; django.setup()
from runners.queue import queue_length
from runners.tasks import app, requeue_orphans
before = queue_length()
requeue_orphans()
waiting = queue_length()
app.control.purge()
requeue_orphans()
print(before, waiting, queue_length())
"""


def test_a_lost_message_is_sent_again_and_none_is_added_to_those_that_wait(
    python: Start, ask: Ask, server: OpenAIServer
) -> None:
    launched(python, server, items=130)  # three shards, so three messages
    output, _ = python(REQUEUE).communicate(timeout=60)
    assert output.split() == ["3", "3", "3"]
