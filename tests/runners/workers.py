"""Worker processes on a real PostgreSQL and a real Redis-protocol server, for tests of runs."""

import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.e2e.test_growing_up import BIN, environment
from tests.fakes.openai_server import OpenAIServer
from tests.migrated import a_migrated_database

ROOT = Path(__file__).resolve().parents[2]
WORKER = """
import django; django.setup()
from evalhub.workers.tasks import finder, start_worker
with finder():
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
MIGRATE = """
from tests.migrated import set_up_migrated
set_up_migrated()
"""

type Start = Callable[[str], subprocess.Popen[str]]

QUEUES = itertools.cycle(range(1, 16))
"""A queue of its own for each test: what the one before left waits in another."""
NAMES = itertools.count()


@dataclass(frozen=True)
class Ask:
    """Asks a database: the first value that a query gives."""

    url: str

    def __call__(self, query: str) -> Any:
        with psycopg.connect(self.url, autocommit=True) as connection:
            done = connection.execute(query)
            row = done.fetchone() if done.description else None
        return row[0] if row else None


def a_database(postgres_url: str) -> Ask:
    """A database of its own in the server, still empty."""
    name = f"runs_{os.getpid()}_{next(NAMES)}"
    Ask(postgres_url)(f"CREATE DATABASE {name}")
    return Ask(postgres_url.replace("/postgres?", f"/{name}?"))


def a_database_with_tables(postgres_url: str) -> Ask:
    """Another, with this version's tables."""
    return Ask(a_migrated_database(postgres_url, f"runs_{os.getpid()}_{next(NAMES)}"))


@dataclass
class Processes:
    """Python processes that share a database and a queue.

    They sign nothing: there is no session key, nor can one be read or made.
    """

    database_url: str
    redis_url: str
    home: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        plain = {k: v for k, v in os.environ.items() if not k.startswith("EVALHUB_")}
        return plain | {
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
            "EVALHUB_HOME": str(self.home),
            "EVALHUB_DATABASE_URL": self.database_url,
            "EVALHUB_REDIS_URL": self.redis_url,
        }

    def __call__(self, code: str) -> subprocess.Popen[str]:
        """Starts one, whose output is piped."""
        return self.command(sys.executable, "-c", code)

    def command(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Starts any program in the same environment, whose output is piped."""
        process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def said(self, code: str, within_s: float = 60) -> str:
        """What one prints that ends well."""
        process = self(code)
        output, _ = process.communicate(timeout=within_s)
        assert process.returncode == 0, output
        return output


@contextmanager
def processes(database_url: str, redis_url: str, home: Path) -> Iterator[Processes]:
    """Processes on a database whose tables are made; they end with the block."""
    (home / "secret_key").mkdir()
    running = Processes(database_url, redis_url, home)
    try:
        running.said(MIGRATE)
        yield running
    finally:
        for process in running.started:
            process.kill()
            process.wait()


@contextmanager
def site(at: Path, **variables: str) -> Iterator[str]:
    """`evalhub up`: its address."""
    with subprocess.Popen(
        [BIN / "evalhub", "up", "--port", "0", "--threads", "4"],
        env=environment(at, variables),
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        assert started.stdout
        found = re.search(r"http://\S+", started.stdout.readline())
        assert found
        try:
            yield found[0]
        finally:
            started.kill()


def a_queue(redis_url: str) -> str:
    """The address of a queue of its own in the server, where that address names none."""
    alone = urlsplit(redis_url).path in ("", "/")
    return f"{redis_url.rstrip('/')}/{next(QUEUES)}" if alone else redis_url


def wait_until(there: Callable[[], bool], within_s: float) -> float:
    """Seconds that it took."""
    start = time.monotonic()
    while not there():
        assert time.monotonic() - start < within_s, f"it did not happen within {within_s} s"
        time.sleep(0.05)
    return time.monotonic() - start


def launched(python: Processes, server: OpenAIServer, items: int, concurrency: int = 8) -> int:
    """A run of that many items is launched: its number."""
    backend = server.backend(concurrency=concurrency)
    return int(python.said(LAUNCH.format(backend=backend, items=items)))


def state(ask: Ask) -> str:
    """Of the only run."""
    return str(ask("SELECT state FROM registry_run"))


def killed_while_it_holds_a_shard(worker: "subprocess.Popen[str]", ask: Ask) -> None:
    """It is stopped to be looked at, since between two shards it holds none."""

    def holds_one() -> bool:
        worker.send_signal(signal.SIGSTOP)
        if ask("SELECT count(*) FROM registry_shard WHERE state = 'claimed'"):
            return True
        worker.send_signal(signal.SIGCONT)
        return False

    wait_until(holds_one, within_s=30)
    worker.kill()
    worker.wait()
