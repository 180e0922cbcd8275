"""What a bad night does to a run: workers are killed, the database and the queue start anew, the
run is cancelled and taken up again, messages come in floods. At its end it is counted what was
lost, doubled, and paid for twice.

python -m tests.benchmarks.rehearsal [--seed N] [--blows N] [--workers N] [--items N]

It has a PostgreSQL, a Redis-protocol server, a site and workers of its own, and takes about two
minutes. What is paid for twice is what was asked and not yet written when a worker was killed (its
requests under way, and what came within half a second), and what was under way when the run was
cancelled.
"""

import argparse
import json
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.e2e.test_growing_up import BIN
from tests.fakes.openai_server import OpenAIServer
from tests.runners.workers import (
    ROOT,
    WORKER,
    Ask,
    Processes,
    processes,
    site,
    wait_until,
)
from tests.services import PostgreSQL, a_free_port, postgresql_server, redis_server

CONCURRENCY = 8
LATENCY_S = 0.1
IN_HALF_A_SECOND = int(0.5 / LATENCY_S + 1) * CONCURRENCY
OPEN = ("pending", "running")
LAUNCH = """
import django; django.setup()
from evalhub.accounts.models import Scope
from evalhub.accounts.tokens import add_token
from runners.launch import launch
from tests.cast import OPERATOR, a_metric, a_team, a_test_set, a_version
team = a_team()
run = launch(
    version=a_version(team, backend={backend!r}, sampling={{"samples": 2}}),
    test_set_version=a_test_set(team, items={items}),
    metrics=[a_metric("length"), a_metric("exact_match")],
    reach=OPERATOR,
)
token = add_token(
    project=team.project, user=team.olga, name="night", scopes=[Scope.RUN, Scope.READ], by=None
)
print(run.pk, team.project.slug, token.secret)
"""
TWICE = """
import django; django.setup()
from runners.queue import _redis, _queues
with _redis() as redis:
    for queue in _queues():
        for message in redis.lrange(queue, 0, -1) * 20:
            redis.lpush(queue, message)
"""
ANSWERS = "SELECT id, item_id, sample, md5(coalesce(text, '')) FROM registry_output"


@dataclass
class Outcome:
    blows: Counter[str] = field(default_factory=Counter)
    items: int = 0
    answers: int = 0
    distinct: int = 0
    errors: int = 0
    scores: int = 0
    lost: int = 0
    requests: int = 0
    paid_again_at_most: int = 0
    state: str = ""
    said: str = ""
    tracebacks: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def paid_again(self) -> int:
        return self.requests - 2 * self.items

    def __str__(self) -> str:
        blows = ", ".join(f"{count} × {name}" for name, count in sorted(self.blows.items()))
        return (
            f"{blows}\n"
            f"{self.state} after {self.seconds:.0f} s {self.said}\n"
            f"answers {self.answers} of {2 * self.items} ({self.distinct} distinct, {self.errors} "
            f"errors), scores {self.scores} of {4 * self.items}\n"
            f"acknowledged answers that were lost or changed: {self.lost}\n"
            f"requests {self.requests}: {self.paid_again} paid for again, at most "
            f"{self.paid_again_at_most} as documented\n"
            f"tracebacks in the workers' logs: {len(self.tracebacks)}\n"
            + "\n".join(self.tracebacks)
        )


class Night:
    """The processes, and what can befall them."""

    def __init__(self, stack: ExitStack, server: OpenAIServer, seed: int, workers: int) -> None:
        self.stack, self.server, self.chance = stack, server, random.Random(seed)
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.database: PostgreSQL = stack.enter_context(postgresql_server())
        self.ask = Ask(self.database.url)
        self.port = a_free_port()
        self.redis = ExitStack()
        stack.callback(self.redis.close)
        url = self.redis.enter_context(redis_server(self.port))
        self.python: Processes = stack.enter_context(processes(self.ask.url, url, self.folder))
        self.logs = self.folder / "logs"
        self.logs.mkdir()
        self.workers = [self.a_worker() for _ in range(workers)]
        self.seen: dict[int, tuple[int, int, str]] = {}
        self.outcome = Outcome()

    def a_worker(self) -> "subprocess.Popen[bytes]":
        """One whose log is a file: nobody reads it before the end."""
        with (self.logs / f"{len(list(self.logs.iterdir()))}").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", WORKER],
                cwd=ROOT,
                env=self.python.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        return process

    def launch(self, items: int) -> None:
        backend = self.server.backend(concurrency=CONCURRENCY, retries=4)
        code = LAUNCH.format(backend=backend, items=items)
        self.run, self.project, self.token = self.python.said(code).split()
        variables = {
            "EVALHUB_DATABASE_URL": self.python.database_url,
            "EVALHUB_REDIS_URL": self.python.redis_url,
        }
        self.address = self.stack.enter_context(site(self.folder, **variables))

    def look(self) -> None:
        """What is there is acknowledged: it has to be there at the end as it is."""
        with suppress(psycopg.Error), psycopg.connect(self.ask.url) as connection:
            for key, item, sample, text in connection.execute(ANSWERS).fetchall():
                self.seen.setdefault(key, (item, sample, text))

    def kill_a_worker(self) -> None:
        at = self.chance.randrange(len(self.workers))
        self.workers[at].kill()
        self.workers[at] = self.a_worker()
        self.outcome.paid_again_at_most += CONCURRENCY + IN_HALF_A_SECOND

    def tell_a_worker_to_go(self) -> None:
        at = self.chance.randrange(len(self.workers))
        self.workers[at].send_signal(signal.SIGTERM)
        self.workers[at] = self.a_worker()
        self.outcome.paid_again_at_most += CONCURRENCY

    def restart_the_database(self) -> None:
        self.database.kill()
        time.sleep(self.chance.uniform(0, 3))
        self.database.start()

    def restart_the_queue(self) -> None:
        self.redis.close()
        time.sleep(self.chance.uniform(0, 3))
        self.redis.enter_context(redis_server(self.port))

    def flood(self) -> None:
        self.python.said(TWICE)

    def cancel_and_retry_by_command(self) -> None:
        for command in ("cancel", "retry"):
            done = self.python.command(BIN / "evalhub", "run", command, self.run)
            output, _ = done.communicate(timeout=60)
            assert done.returncode == 0, output
            time.sleep(self.chance.uniform(0, 2))
        self.outcome.paid_again_at_most += CONCURRENCY * len(self.workers)

    def cancel_and_retry_by_rest(self) -> None:
        for command in ("cancel", "resume"):
            self.post(command)
            time.sleep(self.chance.uniform(0, 2))
        self.outcome.paid_again_at_most += CONCURRENCY * len(self.workers)

    def post(self, command: str) -> None:
        request = urllib.request.Request(
            f"{self.address}/api/v1/projects/{self.project}/runs/{self.run}/{command}",
            data=b"{}",
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"night-{self.chance.random()}",
            },
        )
        with urllib.request.urlopen(request, timeout=60) as reply:
            assert json.load(reply)["id"] == int(self.run)


def rehearse(*, seed: int, blows: int, workers: int, items: int, every_s: float) -> Outcome:
    """Begins a run, strikes so many blows, each chance's, and waits for the run to end."""
    with ExitStack() as stack:
        server = stack.enter_context(OpenAIServer(latency_s=LATENCY_S))
        night = Night(stack, server, seed, workers)
        outcome, began = night.outcome, time.monotonic()
        outcome.items = items
        night.launch(items)
        wait_until(lambda: night.ask(f"SELECT count(*) FROM ({ANSWERS}) a") > 0, within_s=60)
        kinds: list[Callable[[], None]] = [
            night.kill_a_worker,
            night.tell_a_worker_to_go,
            night.restart_the_database,
            night.restart_the_queue,
            night.flood,
            night.cancel_and_retry_by_command,
            night.cancel_and_retry_by_rest,
        ]
        order = [kinds[at % len(kinds)] for at in range(blows)]
        night.chance.shuffle(order)
        for blow in order:
            time.sleep(night.chance.uniform(0, every_s))
            night.look()
            outcome.blows[blow.__name__.replace("_", " ")] += 1
            blow()
        state = "SELECT state FROM registry_run"
        with suppress(AssertionError):
            wait_until(lambda: night.ask(state) not in OPEN, within_s=120)
        outcome.seconds = time.monotonic() - began
        outcome.state, outcome.said = night.ask(state), night.ask("SELECT error FROM registry_run")
        count(night, outcome)
    return outcome


def count(night: Night, outcome: Outcome) -> None:
    with psycopg.connect(night.ask.url) as connection:
        rows = connection.execute(ANSWERS).fetchall()
    there = {key: (item, sample, text) for key, item, sample, text in rows}
    outcome.answers = len(rows)
    outcome.distinct = len({(item, sample) for item, sample, _ in there.values()})
    outcome.lost = sum(there.get(key) != row for key, row in night.seen.items())
    outcome.errors = night.ask("SELECT count(*) FROM registry_output WHERE text IS NULL")
    outcome.scores = night.ask("SELECT count(value) FROM registry_score")
    # samples of an item are asked for together
    outcome.requests = sum(asked.get("n", 1) for asked in night.server.requests)
    said = "\n".join(log.read_text() for log in sorted(night.logs.iterdir()))
    outcome.tracebacks = re.findall(r"Traceback \(.*?\n(?=\S)(?!Traceback)[^\n]*", said, re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--blows", type=int, default=28)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--items", type=int, default=6000)
    given = parser.parse_args()
    found = rehearse(
        seed=given.seed,
        blows=given.blows,
        workers=given.workers,
        items=given.items,
        every_s=3.0,
    )
    sys.stdout.write(f"{found}\n")


if __name__ == "__main__":
    main()
