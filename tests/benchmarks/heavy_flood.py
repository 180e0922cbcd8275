"""What reviewers notice of an evaluator who sends the heaviest requests of every kind.

python -m tests.benchmarks.heavy_flood [--count 200] [--items 4900] [--report FILE]
    [--writer-log FILE] [-- …]

The kinds are the operations of the OpenAPI document, each as heavy as it may be without becoming a
job, and those that become one besides. First each is sent once, alone, and the processor time that
the site's own process takes for it is printed. Then reviewers judge alone, and again while COUNT
requests of each kind come on sixteen connections; the promise is a 95th percentile under 150 ms.
The load comes from this machine, so it takes part of the same cores. With a writer's log
(`tests.watched_sqlite`) the longest transaction is told too, by its processor time. What follows --
is for `evalhub up`.
"""

import argparse
import asyncio
import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles

import psutil

from tests.benchmarks.heavy_requests import Kind, heavy_kinds
from tests.benchmarks.heavy_traffic import Caller
from tests.benchmarks.review_load import Reviewer, database, prepare, run, say, site

ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = 16
REVIEWERS = 4
THINK_S = 0.2
ALONE_S = 15.0
WARM_S = 3.0


def measured_alone(caller: Caller, kinds: list[Kind], process: psutil.Process) -> None:
    """Sends each kind once and keeps the processor time that the site's process took for it."""
    for kind in kinds:
        path, body = kind.make(-1)
        before = sum(process.cpu_times()[:2])
        status, said = caller.ask(kind.method, path, body, **kind.headers)
        kind.cpu_ms = 1000 * (sum(process.cpu_times()[:2]) - before)
        kind.statuses[status] += 1
        refused = f"  {said[:160].decode(errors='replace')}" if status >= 400 else ""
        say(f"  {kind.cpu_ms:8.0f} ms  {status}  {kind.name}{refused}")


class Flood:
    """COUNT requests of each kind, in turns, on CONNECTIONS connections, while the block runs."""

    def __init__(self, caller: Caller, kinds: list[Kind], count: int) -> None:
        self._caller = caller
        self._left = iter([(kind, n) for n in range(count) for kind in kinds])
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.sent = 0

    def __enter__(self) -> "Flood":
        self._threads = ThreadPoolExecutor(CONNECTIONS)
        self._done = [self._threads.submit(self._send) for _ in range(CONNECTIONS)]
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._threads.shutdown()
        for done in self._done:
            done.result()

    @property
    def is_over(self) -> bool:
        return all(done.done() for done in self._done)

    def _send(self) -> None:
        while not self._stopped.is_set():
            with self._lock:
                kind, n = next(self._left, (None, 0))
                self.sent += 1
            if kind is None:
                return
            path, body = kind.make(n)
            status, _ = self._caller.ask(kind.method, path, body, **kind.headers)
            with self._lock:
                kind.statuses[status] += 1


def judging(
    host: str, port: int, campaign: int, sessions: list[str], seconds: float
) -> list[float]:
    """Seconds that each answer took with its next page. Raises where one failed."""
    people = [Reviewer(host, port, campaign, each, n) for n, each in enumerate(sessions)]
    asyncio.run(run(people, seconds, THINK_S))
    if failed := sum(each.failed for each in people):
        raise RuntimeError(f"{failed} of the reviewers' answers failed")
    return sorted(took for each in people for took in each.took)


def p95(seconds: list[float]) -> float:
    """In milliseconds."""
    return 1000 * quantiles(seconds, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="requests of each kind")
    parser.add_argument("--items", type=int, default=4_900, help="just below what is a job")
    parser.add_argument("--pairs", type=int, default=2_000, help="of the review")
    parser.add_argument("--seconds", type=float, default=600.0, help="of the flood, at most")
    parser.add_argument("--report", type=Path, help="where to write the figures, as JSON")
    parser.add_argument("--writer-log", type=Path, help="where each transaction is written to")
    parser.add_argument("up", nargs="*", help="after --, arguments for `evalhub up`")
    arguments = parser.parse_args()
    watched = {} if arguments.writer_log is None else _watched(arguments.writer_log)
    with database("sqlite") as environment:
        campaign, sessions = prepare(environment, arguments.pairs, REVIEWERS)
        secret = _token()
        with site(environment | watched, arguments.up) as (host, port, process):
            caller = Caller(host, port, secret)
            kinds = heavy_kinds(caller, arguments.items)
            say(f"processor time of the site's process for one request alone ({len(kinds)} kinds):")
            measured_alone(caller, kinds, process)
            alone = judging(host, port, campaign, sessions, min(ALONE_S, arguments.seconds))
            say(f"reviewers alone: 95th percentile {p95(alone):.0f} ms of {len(alone)}")
            flooded: list[float] = []
            until = time.monotonic() + arguments.seconds
            with Flood(caller, kinds, arguments.count) as flood:
                time.sleep(WARM_S)
                while not flood.is_over and time.monotonic() < until:
                    flooded += judging(host, port, campaign, sessions, 10.0)
            statuses = sum((kind.statuses for kind in kinds), Counter[int]())
            say(f"with {flood.sent:,} requests of an evaluator, answered {dict(statuses)}:")
            say(f"reviewers: 95th percentile {p95(flooded):.0f} ms of {len(flooded)}, "
                f"most {1000 * max(flooded):.0f} ms")  # fmt: skip
            if longest_s := _longest_s(arguments.writer_log):
                say(f"a transaction took at most {1000 * longest_s:.0f} ms of CPU")
            if arguments.report:
                arguments.report.write_text(json.dumps({
                    "alone_p95_ms": p95(alone),
                    "flooded_p95_ms": p95(flooded),
                    "judgments": len(flooded),
                    "longest_transaction_cpu_s": longest_s,
                    "kinds": {k.name: {"cpu_ms": k.cpu_ms, "statuses": k.statuses} for k in kinds},
                }))  # fmt: skip


def _watched(log: Path) -> dict[str, str]:
    log.write_text("")
    return {
        "DJANGO_SETTINGS_MODULE": "tests.watched_settings",
        "PYTHONPATH": str(ROOT),
        "WRITER_LOG": str(log.resolve()),
    }


def _longest_s(log: Path | None) -> float | None:
    """Of the transactions of that log, by CPU; None without one."""
    if log is None:
        return None
    return max(json.loads(line)["cpu_s"] for line in log.read_text().splitlines())


def _token() -> str:
    from evalhub.accounts.models import Project, Role, Scope, User
    from evalhub.accounts.tokens import add_token

    project = Project.objects.get(slug="support-desk")
    owner = User.objects.filter(memberships__project=project, memberships__role=Role.OWNER)[0]
    return add_token(project=project, user=owner, name="flood", scopes=list(Scope), by=None).secret


if __name__ == "__main__":
    main()
