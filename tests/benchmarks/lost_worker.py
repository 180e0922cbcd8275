"""How long a killed worker's shards wait for another, and how many questions are asked again.

python -m tests.benchmarks.lost_worker [--times N] [--concurrency N] [--latency S]
    [--latencies lognormal]

Two workers are at a run; one of them is killed (SIGKILL) at a moment of chance. It is measured
until all that it held is another's, and counted what was asked twice: what was under way, and what
had come since it wrote last. Prints a line for each time, and the medians.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.latencies import KINDS, latencies
from tests.fakes.openai_server import OpenAIServer
from tests.runners.workers import WORKER, Ask, launched, processes, state, wait_until
from tests.services import a_free_port, postgresql_server, redis_server

LOST = "SELECT count(*) FROM registry_shard WHERE claim = ANY('{%s}'::uuid[])"
CLAIMS = "SELECT string_agg(claim::text, ',') FROM registry_shard WHERE state = 'claimed'"


@dataclass(frozen=True)
class Loss:
    waited_s: float
    shards: int
    asked_again: int

    def __str__(self) -> str:
        return (
            f"{self.shards} shards were another's after {self.waited_s:.1f} s, and "
            f"{self.asked_again} questions were asked again"
        )


def lose_a_worker(*, concurrency: int, latency_s: float, kind: str, seed: int) -> Loss:
    """One worker alone claims what it can hold, is killed, and another one is there meanwhile."""
    chance, port = random.Random(seed), a_free_port()
    with (
        OpenAIServer(latencies=latencies(kind, 4000, latency_s)) as server,
        postgresql_server() as database,
        redis_server(port) as url,
        tempfile.TemporaryDirectory() as folder,
        processes(database.url, url, Path(folder)) as python,
    ):
        ask = Ask(database.url)
        items = int(40 * concurrency * 0.5 / latency_s)
        first = python(WORKER)
        launched(python, server, items=min(items, 4000), concurrency=concurrency)
        wait_until(lambda: ask("SELECT count(*) FROM registry_output") > 0, within_s=60)
        python(WORKER)
        time.sleep(3 + chance.random())
        first.kill()
        first.wait()
        killed = time.monotonic()
        claims = ask(CLAIMS) or ""
        lost = _never_renewed(ask, claims.split(","))
        wait_until(lambda: ask(LOST % ",".join(lost)) == 0, within_s=60)
        waited = time.monotonic() - killed
        wait_until(lambda: state(ask) not in ("pending", "running"), within_s=300)
        again = len(server.requests) - ask("SELECT count(*) FROM registry_output")
    return Loss(waited, len(lost), again)


def _never_renewed(ask: Ask, claims: list[str]) -> list[str]:
    """The claims of the dead: after five seconds their leases end when they did."""
    lease = "SELECT lease_until FROM registry_shard WHERE claim = '%s'"
    then = {claim: ask(lease % claim) for claim in claims if claim}
    time.sleep(5)
    return [claim for claim, until in then.items() if until and ask(lease % claim) == until]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--latencies", choices=KINDS, default="constant")
    given = parser.parse_args()
    losses = []
    for seed in range(given.times):
        loss = lose_a_worker(
            concurrency=given.concurrency,
            latency_s=given.latency,
            kind=given.latencies,
            seed=seed,
        )
        sys.stdout.write(f"{loss}\n")
        sys.stdout.flush()
        losses.append(loss)
    waited = statistics.median(loss.waited_s for loss in losses)
    again = statistics.median(loss.asked_again for loss in losses)
    sys.stdout.write(
        f"median of {len(losses)}, {given.concurrency} at once, {given.latency:g} s an answer: "
        f"{waited:.1f} s, {again:g} asked again\n"
    )


if __name__ == "__main__":
    main()
