"""Processes that are told to end, that begin together, or whose database was restarted."""

import json
import re
import signal
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.e2e.test_growing_up import BIN, environment
from tests.fakes.openai_server import OpenAIServer
from tests.migrated import migrated
from tests.runners.workers import (
    WORKER,
    Ask,
    Processes,
    a_database,
    a_database_with_tables,
    a_queue,
    launched,
    processes,
    wait_until,
)
from tests.services import postgresql_server

pytestmark = [pytest.mark.heavy, pytest.mark.paired, pytest.mark.services]
CLAIMED = "SELECT count(*) FROM registry_shard WHERE state = 'claimed'"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(latency_s=0.3) as server:
        yield server


@pytest.fixture
def ask(postgres_url: str) -> Ask:
    return a_database_with_tables(postgres_url)


@pytest.fixture
def python(ask: Ask, redis_url: str, tmp_path: Path) -> Iterator[Processes]:
    with processes(ask.url, a_queue(redis_url), tmp_path) as running:
        yield running


def test_a_worker_stopped_by_ctrl_c_ends_with_130_and_gives_its_shards_back(
    python: Processes, ask: Ask, server: OpenAIServer
) -> None:
    worker = python(WORKER)
    launched(python, server, items=400)
    wait_until(lambda: ask(CLAIMED) > 0 and len(server.requests) > 0, within_s=60)
    worker.send_signal(signal.SIGINT)
    output, _ = worker.communicate(timeout=60)
    assert worker.returncode == 130, output
    assert ask(CLAIMED) == 0


def a_study(server: OpenAIServer, tmp_path: Path) -> "subprocess.Popen[str]":
    """`study run` of two arms on 300 items, at work."""
    rows = [{"id": str(i), "input": f"{i}?", "reference": "x"} for i in range(300)]
    (tmp_path / "items.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    backend = f"{{openai: {{url: '{server.url}', model: m}}}}"
    (tmp_path / "study.yaml").write_text(
        "schema: evalhub.study/1\nproject: p\nname: Q\nbaseline: base\ncandidate: tuned\narms:\n"
        f"  base: {{kind: base, backend: {backend}}}\n"
        f"  tuned: {{kind: lora, parent: base, backend: {backend}}}\n"
        "test_sets:\n"
        "  t: {file: items.jsonl, role: primary, metric: {name: exact_match}}\n"
    )
    study = subprocess.Popen(
        [BIN / "evalhub", "study", "run", "study.yaml"],
        cwd=tmp_path,
        env=environment(tmp_path, {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_until(lambda: len(server.requests) > 0 or study.poll() is not None, within_s=60)
    return study


def test_a_study_that_is_told_to_end_gives_its_shards_back(
    server: OpenAIServer, tmp_path: Path
) -> None:
    study = a_study(server, tmp_path)
    study.send_signal(signal.SIGTERM)
    output, _ = study.communicate(timeout=60)
    assert study.returncode == 130, output
    with closing(sqlite3.connect(tmp_path / "home" / "evalhub.sqlite3")) as database:
        states = dict(database.execute("SELECT state, count(*) FROM registry_shard GROUP BY 1"))
    assert set(states) == {"pending"}


def test_a_full_disk_is_told_once_and_the_study_goes_on_when_there_is_room(
    server: OpenAIServer, tmp_path: Path
) -> None:
    study = a_study(server, tmp_path)
    # no file may grow beyond this: what a full disk is to who writes
    process = psutil.Process(study.pid)
    process.rlimit(psutil.RLIMIT_FSIZE, (4096, psutil.RLIM_INFINITY))
    time.sleep(6)
    asked = len(server.requests)
    process.rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
    output, _ = study.communicate(timeout=180)
    assert asked < len(server.requests) == 600
    assert study.returncode in (0, 1, 2, 3), output  # it was decided
    assert output.count("the database can't be used") == 1, output
    assert "Traceback" not in output


def test_processes_that_migrate_an_empty_database_together_all_do(
    postgres_url: str, tmp_path: Path
) -> None:
    ask = a_database(postgres_url)
    variables = environment(tmp_path, {"EVALHUB_DATABASE_URL": ask.url})
    started = [
        subprocess.Popen(
            command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for command in [[BIN / "evalhub", "migrate"]] * 3
    ]
    for process in started:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
    assert ask("SELECT count(*) FROM django_migrations WHERE app = 'evalhub'") == 1
    assert ask("SELECT count(*) FROM accounts_membership") == 0


def test_after_a_restart_of_the_database_no_thread_answers_with_an_error(tmp_path: Path) -> None:
    with postgresql_server() as database:
        started = subprocess.Popen(
            [BIN / "evalhub", "up", "--port", "0", "--threads", "4"],
            env=environment(tmp_path, {"EVALHUB_DATABASE_URL": migrated(database.url)}),
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert started.stdout
            found = re.search(r"http://\S+", started.stdout.readline())
            assert found

            def answers(_: int) -> int:
                with urllib.request.urlopen(f"{found[0]}/readyz", timeout=60) as reply:
                    return int(reply.status)

            with ThreadPoolExecutor(8) as pool:
                assert set(pool.map(answers, range(32))) == {200}
                database.kill()
                database.start()
                assert set(pool.map(answers, range(32))) == {200}
        finally:
            started.kill()
            started.wait()
