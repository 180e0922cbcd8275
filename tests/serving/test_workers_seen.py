"""Workers, sites and their counts as those see them who watch: real processes, stuck and killed."""

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from evalhub.serving.workers import NONE
from tests.migrated import a_migrated_database
from tests.runners.workers import Ask, a_queue, wait_until
from tests.serving.site import BIN, Site, ask, environment, up

TOKEN = "metrics-token-1"
LONG_AGO = "UPDATE runners_worker SET seen = now() - interval '1 minute'"

pytestmark = [pytest.mark.heavy, pytest.mark.services]


def ready(site: Site) -> tuple[int, Any]:
    """The status of /readyz, and its warnings."""
    page = ask(site.port, "/readyz")
    return page.status, json.loads(page.text)["warnings"]


def metrics(site: Site) -> str:
    return ask(site.port, "/metrics", Authorization=f"Bearer {TOKEN}").text


def evalhub(*words: str, home: Path, variables: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        [BIN / "evalhub", *words],
        env=environment(home, variables),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@contextmanager
def a_worker(home: Path, variables: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [BIN / "evalhub", "worker", "--queues", "cpu,api"],
        env=environment(home, variables),
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_sites_are_told_apart_and_a_dead_worker_is_said_wherever_somebody_looks(
    tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    database = Ask(a_migrated_database(postgres_url, f"seen_{os.getpid()}"))
    here = {"EVALHUB_DATABASE_URL": database.url, "EVALHUB_REDIS_URL": a_queue(redis_url)}
    here["EVALHUB_METRICS_TOKEN"] = TOKEN
    for name in ("first", "second", "worker"):
        (tmp_path / name).mkdir()
    at_work = tmp_path / "worker" / "home"

    def check() -> tuple[int, str]:
        return evalhub("worker", "--check", home=at_work, variables=here)

    with up(tmp_path / "first", **here) as one, up(tmp_path / "second", again=True, **here) as two:
        assert ready(one) == (200, [NONE])
        with a_worker(at_work, here) as worker:
            wait_until(lambda: ready(two) == (200, []), within_s=120)
            assert "\nevalhub_workers_alive 1.0\n" in metrics(one)
            assert '\nevalhub_workers{kind="gpu"} 0.0\n' in metrics(two)
            assert "\nevalhub_queue_answers 1.0\n" in metrics(one)
            assert "\nevalhub_queue_messages 0.0\n" in metrics(one)
            code, seen = check()
            assert (code, f"process {worker.pid} works" in seen) == (0, True), seen
            assert check_of_another_home(tmp_path, here) == 69

            worker.send_signal(signal.SIGSTOP)
            [file] = (at_work / "workers").iterdir()
            os.utime(file, (0, 0))
            database(LONG_AGO)
            code, seen = check()
            assert (code, f"process {worker.pid} hangs" in seen) == (69, True), seen
            assert ready(one) == (200, [NONE])
            worker.send_signal(signal.SIGCONT)
            wait_until(lambda: ready(one) == (200, []), within_s=60)
            worker.kill()
            worker.wait()
        code, seen = check()
        assert (code, "No worker of the home" in seen) == (69, True), seen
        database(LONG_AGO)
        assert ready(one) == ready(two) == (200, [NONE])
        assert "\nevalhub_workers_alive 0.0\n" in metrics(two)
        code, seen = evalhub("doctor", home=tmp_path / "first" / "home", variables=here)
        assert code == 69
        assert "workers: no worker is alive" in seen
        assert "Start `evalhub worker`, on any machine" in " ".join(seen.split())

        for site, requests in ((one, 7), (two, 3)):
            for _ in range(requests):
                assert ask(site.port, "/accounts/login/").status == 200
        counts = [counted(metrics(site), site) for site in (one, two)]
        again = [counted(metrics(site), site) for site in (one, two)]
        assert all(later == first + 1 for first, later in zip(counts, again, strict=True))


def counted(text: str, site: Site) -> float:
    """The requests that a site says it answered well, all of them under its own name."""
    names = set(re.findall(r'^evalhub_requests_total\{.*site="([^"]+)"', text, re.MULTILINE))
    assert names == {f"{socket.gethostname()}:{site.port}"}
    line = rf'^evalhub_requests_total\{{method="GET",site="{names.pop()}",status="2xx"\}} (\S+)$'
    match = re.search(line, text, re.MULTILINE)
    assert match
    return float(match[1])


def check_of_another_home(folder: Path, variables: dict[str, str]) -> int:
    code, _ = evalhub("worker", "--check", home=folder / "elsewhere", variables=variables)
    return code
