"""What the limit on requests costs where answers take as long as they do in fact: `evalhub record`
beside a client with the best limit that stays the same, and beside one with none.

python -m tests.benchmarks.request_limit [--items 2000] [--mean 0.2] [--runs 1]

A model server in a process of its own, whose answers take lognormal, sorted, drifting times and so
on (`tests.benchmarks.latencies`), and two arms at one address of which one takes three times as
long. Told are the seconds from the first request to the last answer, by the server's clock, so that
starting a program counts for nothing; and the ratio to the best fixed limit, at most 1.3.

The best limit is found by asking with aiohttp alone, 16, 32 and 64 at a time; with none all are
asked at once. Servers that refuse, collapse or restart are simulated:
tests/runners/backends/test_limits_of_servers.py.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.benchmarks.latencies import ARMS, KINDS
from tests.benchmarks.live_run import AT_ONCE, Homes, a_model, bare_client, ours, say

WITHIN = 1.3
LINE = "{:12}{:>10}{:>12}{:>12}{:>10}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--mean", type=float, default=0.2, help="seconds of an answer")
    parser.add_argument("--runs", type=int, default=1)
    given = parser.parse_args()
    say(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    say(LINE.format("latencies", "evalhub", "best fixed", "no limit", "× best"))
    over = []
    for kind in (*KINDS, ARMS):
        arms = 2 if kind == ARMS else 1
        with (
            tempfile.TemporaryDirectory() as folder,
            a_model(given.mean, kind, given.items) as port,
        ):
            homes, rounds = Homes(Path(folder)), range(given.runs)
            took = median(ours(homes, port, given.items, arms=arms).asking for _ in rounds)
            best = min(
                median(bare_client(port, given.items, limit, arms).asking for _ in rounds)
                for limit in (16, 32, AT_ONCE)
            )
            free = bare_client(port, given.items, given.items * arms, arms).asking
        say(
            LINE.format(
                kind, *(f"{each:.2f}s" for each in (took, best, free)), f"{took / best:.2f}"
            )
        )
        if took > WITHIN * best:
            over.append(f"{kind}: {took / best:.2f}")
    sys.exit(f"over {WITHIN} times the best fixed limit: {', '.join(over)}" if over else 0)


if __name__ == "__main__":
    main()
