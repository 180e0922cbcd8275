"""How long prompts take to be answered, scored and stored, as whole processes from a fresh home,
beside aiohttp alone, which keeps nothing, and lm-evaluation-harness where the extra is installed.

python -m tests.benchmarks.live_run [--items 2000 --items 10000] [--runs 3] [--memory 200000]
    [--latencies lognormal]

The model answers after 50 ms, on average where other latencies are named, 64 requests at once, from
a process on the same machine. All take turns, so that other work on the machine slows each alike;
medians are told, and the ratio within each turn. "idle" is how long the endpoint had nothing to do
between the first request and the last.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, time
from typing import Any
from urllib.request import urlopen

import yaml

from tests.benchmarks.latencies import KINDS
from tests.benchmarks.live_peers import INSTALLED, lm_eval_command, lm_eval_environment

EVALHUB = Path(sys.executable).with_name("evalhub")
LATENCY_S = 0.05
AT_ONCE = 64
GOALS = {2_000: 1.5, 10_000: 1.3}
"""Times bare aiohttp, by requests."""
CPU_MS = 0.5
"""Of processor time that an item may take beyond start-up."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One process: its wall time and processor time in seconds, its most memory in MiB; seconds
    to the first request and of the endpoint's idleness."""

    wall: float
    cpu: float
    memory: float
    to_first: float
    idle: float
    asking: float = 0.0
    """Seconds from the first request to the last answer."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, action="append")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--memory", type=int, default=0, help="items of one more run, of 1 ms each")
    parser.add_argument("--latencies", choices=KINDS, default="constant")
    asked = parser.parse_args()
    say(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    line = "{:>9} {:24}{:>8}{:>8}{:>9}{:>9}{:>8}{:>8}"
    say(line.format("prompts", "", "wall", "× bare", "cpu", "memory", "first", "idle"))

    def told(items: int, what: str, all_: list[Taken], bare: list[Taken]) -> None:
        ratio = median(one.wall / other.wall for one, other in zip(all_, bare, strict=True))
        seconds = [f"{median(getattr(each, name) for each in all_):.2f}s" for name in ("wall",)]
        cpu = f"{median(each.cpu for each in all_):.2f}s"
        memory = f"{max(each.memory for each in all_):.0f}MiB"
        first = f"{median(each.to_first for each in all_):.2f}s"
        idle = f"{median(each.idle for each in all_):.2f}s"
        say(line.format(f"{items:,}", what, *seconds, f"{ratio:.2f}", cpu, memory, first, idle))

    over = []
    most = max(asked.items or GOALS)
    with (
        tempfile.TemporaryDirectory() as folder,
        a_model(LATENCY_S, asked.latencies, most) as port,
    ):
        home = Homes(Path(folder))
        ours(home, port, 1)  # bytecode
        nothing = [ours(home, port, 1) for _ in range(asked.runs)]
        told(1, "evalhub record", nothing, nothing)
        for items in asked.items or [*GOALS]:
            bare, recorded, peer = list[Taken](), list[Taken](), list[Taken]()
            for _ in range(asked.runs):
                bare.append(bare_client(port, items))
                recorded.append(ours(home, port, items))
                if INSTALLED:
                    peer.append(lm_eval(home, port, items))
            told(items, "aiohttp alone", bare, bare)
            told(items, "evalhub record", recorded, bare)
            if peer:
                told(items, "lm-eval", peer, bare)
            more = median(each.cpu for each in recorded) - median(each.cpu for each in nothing)
            say(f"{'':>9} cpu an item beyond start-up: {more / items * 1000:.2f} ms")
            ratio = median(one.wall / two.wall for one, two in zip(recorded, bare, strict=True))
            if asked.latencies == "constant" and ratio > GOALS.get(items, 99):
                over.append(f"{items:,} prompts: {ratio:.2f} × bare, goal {GOALS[items]}")
            if more / items * 1000 > CPU_MS:
                over.append(f"{items:,} prompts: {more / items * 1000:.2f} ms of cpu an item")
    if asked.memory:
        with tempfile.TemporaryDirectory() as folder, a_model(0.001) as port:
            taken = [ours(Homes(Path(folder)), port, asked.memory)]
            told(asked.memory, "evalhub record, 1 ms", taken, taken)
    sys.exit(f"over the goal: {'; '.join(over)}" if over else 0)


class Homes:
    """Folders, each with a study and no home yet."""

    def __init__(self, folder: Path, at_once: int = AT_ONCE) -> None:
        self._folder, self._at_once, self._count = folder, at_once, 0

    def fresh(self, port: int, items: int) -> tuple[Path, Path]:
        """A study file of so many items, and where its home will be."""
        self._count += 1
        place = self._folder / str(self._count)
        place.mkdir()
        rows = (
            {"id": f"q{i}", "input": f"Question {i}?", "reference": "right"} for i in range(items)
        )
        (place / "items.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        backend = {
            "url": f"http://127.0.0.1:{port}/v1",
            "model": "slow",
            "concurrency": self._at_once,
        }
        study = {
            "schema": "evalhub.study/1",
            "project": "desk",
            "name": "How fast?",
            "baseline": "base",
            "arms": {
                "base": {"kind": "base", "backend": {"openai": backend}},
                "tuned": {"kind": "prompted", "backend": {"openai": backend | {"model": "other"}}},
            },
            "test_sets": {
                "items": {
                    "file": "items.jsonl",
                    "role": "primary",
                    "metric": {"name": "exact_match"},
                }
            },
        }
        (place / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
        return place / "study.yaml", place / "home"


def ours(homes: Homes, port: int, items: int, *, arms: int = 1, **variables: str) -> Taken:
    study, home = homes.fresh(port, items)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EVALHUB_")}
    command = [str(EVALHUB), "record", str(study), "--yes"]
    command += [part for arm in ("base", "tuned")[:arms] for part in ("--arm", arm)]
    return taken(command, port, items * arms, {**kept, "EVALHUB_HOME": str(home), **variables})


def lm_eval(homes: Homes, port: int, items: int) -> Taken:
    study, _ = homes.fresh(port, items)
    folder = study.parent
    command = lm_eval_command(folder, folder / "items.jsonl", port, AT_ONCE)
    return taken(command, port, items, lm_eval_environment(folder))


def bare_client(port: int, items: int, at_once: int = AT_ONCE, arms: int = 1) -> Taken:
    command = [sys.executable, "-m", "tests.benchmarks.bare_client"]
    command += [f"http://127.0.0.1:{port}/v1", str(items), str(at_once), str(arms)]
    return taken(command, port, items * arms, dict(os.environ))


def taken(command: list[str], port: int, requests: int, environment: dict[str, str]) -> Taken:
    """Runs a process, with bytecode cached, and asks the model what it has seen of it."""
    environment = {**environment}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began, start = time(), perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    counts = seen(port)
    if process.returncode or counts["requests"] != requests:
        raise RuntimeError(f"{command}: {process.returncode}, {counts}: {said.decode()[-2000:]}")
    return Taken(
        wall=wall,
        cpu=used.ru_utime + used.ru_stime,
        memory=used.ru_maxrss / 1024,
        to_first=counts["first"] - began,
        idle=counts["idle_s"],
        asking=counts["last"] - counts["first"],
    )


@contextmanager
def a_model(latency_s: float, kind: str = "constant", items: int = 1) -> Iterator[int]:
    """The port of a model server that runs meanwhile, with latencies of that kind and mean."""
    command = [sys.executable, "-m", "tests.benchmarks.slow_model", str(latency_s)]
    command += [kind, str(items)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def seen(port: int) -> dict[str, Any]:
    """What the model was asked since this was asked before."""
    with urlopen(f"http://127.0.0.1:{port}/counts", timeout=30) as told:
        counts: dict[str, Any] = json.load(told)
    return counts


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
