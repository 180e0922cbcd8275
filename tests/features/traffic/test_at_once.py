"""Real processes: the same batch from two of them at once, and one that is killed in its midst."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.database.homes import ROOT
from tests.migrated import a_migrated_database

pytestmark = [pytest.mark.heavy, pytest.mark.paired, pytest.mark.services]

type Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(params=["sqlite", "postgresql"])
def sender(request: pytest.FixtureRequest, tmp_path: Path, postgres_url: str) -> Iterator[Start]:
    """Starts `tests.features.traffic.sender`, once it is ready; what is left is killed."""
    variables = {name: value for name, value in os.environ.items() if name.startswith("PATH")}
    variables |= {
        "EVALHUB_HOME": str(tmp_path / "home"),
        "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        "EVALHUB_SECRET_KEY": "for this test",
    }
    if request.param == "postgresql":
        name = f"traffic_{time.monotonic_ns()}"
        variables["EVALHUB_DATABASE_URL"] = a_migrated_database(postgres_url, name)
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.features.traffic.sender", *map(str, arguments)],
            cwd=ROOT,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go(process: subprocess.Popen[str]) -> None:
    """Lets it send its next batch."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def stored(sender: Start) -> list[int]:
    """How many requests and signals are stored, with roll-ups that are a count of them."""
    numbers: list[int] = json.loads(line(sender("check")))
    return numbers


def test_the_same_batch_from_two_processes_at_once_is_taken_once(sender: Start) -> None:
    processes = [sender("send", 0, 300), sender("send", 0, 300, "reversed")]
    assert [line(process) for process in processes] == ["ready", "ready"]
    batches = 8
    for _ in range(batches):
        for process in processes:
            go(process)
        assert [line(process) for process in processes] == ["begun", "begun"]
        results = [json.loads(line(process)) for process in processes]
        assert [sum(counts) for counts in zip(*results, strict=True)] == [300, 300, 600, 0]
    assert stored(sender) == [300 * batches, 300 * batches]


def test_batches_that_share_an_hour_are_all_counted(sender: Start) -> None:
    processes = [sender("send", first, 100) for first in (0, 100, 200)]
    assert {line(process) for process in processes} == {"ready"}
    for _ in range(10):
        for process in processes:
            go(process)
    for process in processes:
        for _ in range(10):
            assert line(process) == "begun"
            assert json.loads(line(process)) == [100, 100, 0, 0]
    assert stored(sender) == [3000, 3000]


def test_a_batch_in_whose_midst_the_process_is_killed_is_there_whole_or_not_at_all(
    sender: Start,
) -> None:
    size = 2000
    first = sender("send", 0, size)
    assert line(first) == "ready"
    go(first)
    assert line(first) == "begun"
    start = time.perf_counter()
    assert json.loads(line(first)) == [size, size, 0, 0]
    duration = time.perf_counter() - start
    for n, share in enumerate((0.3, 0.5, 0.7, 0.9), 1):
        process = sender("send", n, size)
        assert line(process) == "ready"
        go(process)
        assert line(process) == "begun"
        time.sleep(duration * share)
        process.kill()
        process.wait()
    requests, signals = stored(sender)
    assert requests == signals
    assert requests % size == 0
    assert size <= requests < 5 * size
    again = sender("send", 1, size)
    assert line(again) == "ready"
    go(again)
    assert line(again) == "begun"
    taken, _, there, _ = json.loads(line(again))
    assert (taken, there) in ((size, 0), (0, 2 * size))
