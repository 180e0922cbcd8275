"""How many answers a second are asked for, scored and stored where the model takes next to no time:
on SQLite with the worker in the command itself, and on PostgreSQL with two worker processes.

python -m tests.benchmarks.throughput [--items 100000] [--latencies lognormal]

The model answers after 1 ms, on average where other latencies are named, 64 requests at once in
all, from a process on the same machine; so do PostgreSQL, which keeps what it has committed, and
Redis. Each from a fresh home. The seconds are those from the first request to the end of the
command; processor time and memory (of the largest process) are those of the command, or of the
workers.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.latencies import KINDS
from tests.benchmarks.live_run import AT_ONCE, EVALHUB, Homes, Taken, a_model, ours, say
from tests.migrated import migrated
from tests.services import postgresql_server, redis_server

LATENCY_S = 0.001
WORKERS = 2
GOALS = {"SQLite, embedded": (993, 221), "PostgreSQL, two workers": (1174, None)}
"""Answers a second at least, and MB of memory at most."""
LINE = "{:26}{:>10}{:>10}{:>9}{:>14}{:>9}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--latencies", choices=KINDS, default="constant")
    given = parser.parse_args()
    items = given.items
    say(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    say(LINE.format(f"{items:,} answers", "seconds", "a second", "cpu", "ms an answer", "memory"))
    missed = []
    for (name, (least, most)), measure in zip(GOALS.items(), (embedded, apart), strict=True):
        with (
            tempfile.TemporaryDirectory(prefix="evalhub-rate-") as folder,
            a_model(LATENCY_S, given.latencies, items) as at,
        ):
            found = measure(Path(folder), at, items)
        took, memory = found.wall - found.to_first, found.memory * 2**20 / 1e6
        rate, each = items / took, found.cpu / items * 1000
        figures = (f"{took:.1f}s", f"{rate:,.0f}", f"{found.cpu:.1f}s", f"{each:.2f}")
        say(LINE.format(name, *figures, f"{memory:.0f} MB"))
        if rate < least:
            missed.append(f"{name}: {rate:,.0f} a second, goal {least:,}")
        if most is not None and memory > most:
            missed.append(f"{name}: {memory:.0f} MB, goal {most}")
    sys.exit(f"missed: {'; '.join(missed)}" if missed else 0)


def embedded(folder: Path, port: int, items: int) -> Taken:
    return ours(Homes(folder), port, items)


def apart(folder: Path, port: int, items: int) -> Taken:
    with postgresql_server() as server, redis_server() as redis:
        site = {"EVALHUB_DATABASE_URL": migrated(server.url), "EVALHUB_REDIS_URL": redis}
        command = [str(EVALHUB), "worker", "--processes", str(WORKERS)]
        environment = {**os.environ, **site, "EVALHUB_HOME": str(folder / "worker")}
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        worker = subprocess.Popen(command, env=environment, **silent)
        try:
            found = ours(Homes(folder, AT_ONCE // WORKERS), port, items, **site)
        finally:
            worker.terminate()
            _, status, used = os.wait4(worker.pid, 0)
            worker.returncode = os.waitstatus_to_exitcode(status)
    cpu = used.ru_utime + used.ru_stime
    return replace(found, cpu=cpu, memory=used.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
