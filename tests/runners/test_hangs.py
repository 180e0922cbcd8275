"""A database or a queue that hangs: no connection is closed, and no answer comes."""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.e2e.test_growing_up import BIN, environment
from tests.fakes.openai_server import OpenAIServer
from tests.runners.workers import (
    WORKER,
    Ask,
    a_queue,
    launched,
    processes,
    site,
    state,
    wait_until,
)
from tests.services import a_free_port, postgresql_server, redis_server

pytestmark = [pytest.mark.services, pytest.mark.heavy, pytest.mark.alone]

CLAIMED = "SELECT count(*) FROM registry_shard WHERE state = 'claimed'"
ANSWERS = "SELECT count(*) FROM registry_output"
SOMEBODY = {"Cookie": "sessionid=abcdefghijklmnopqrstuvwxyz012345"}
"""A session that is looked up in the database."""


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(latency_s=0.1) as server:
        yield server


def asked(address: str) -> int:
    """The status that a page answers with."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, headers=SOMEBODY), timeout=90
        ) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def a_study(server: OpenAIServer, at: Path, items: int) -> Path:
    rows = [{"id": str(i), "input": f"{i}?", "reference": "x"} for i in range(items)]
    (at / "items.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    backend = f"{{openai: {{url: '{server.url}', model: m, concurrency: 2}}}}"
    (at / "study.yaml").write_text(
        "schema: evalhub.study/1\nproject: p\nname: Q\nbaseline: base\ncandidate: tuned\narms:\n"
        f"  base: {{kind: base, backend: {backend}}}\n"
        f"  tuned: {{kind: lora, parent: base, backend: {backend}}}\n"
        "test_sets:\n"
        "  t: {file: items.jsonl, role: primary, metric: {name: exact_match}}\n"
    )
    return at / "study.yaml"


def test_a_database_that_hangs_holds_no_page_and_all_goes_on_afterwards(
    redis_url: str, server: OpenAIServer, tmp_path: Path
) -> None:
    with postgresql_server() as database, OpenAIServer(latency_s=0.1) as other:
        ask, queue = Ask(database.url), a_queue(redis_url)
        with (
            processes(ask.url, queue, tmp_path) as python,
            site(tmp_path, EVALHUB_DATABASE_URL=ask.url, EVALHUB_REDIS_URL=queue) as address,
            ThreadPoolExecutor(8) as pool,
        ):
            worker = python(WORKER)
            launched(python, server, items=320)
            alone = tmp_path / "alone"
            alone.mkdir()
            study = subprocess.Popen(
                [BIN / "evalhub", "study", "run", a_study(other, alone, items=80)],
                env=environment(alone, {"EVALHUB_DATABASE_URL": ask.url}),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            pages = [f"{address}/reviews/"] * 12
            assert set(pool.map(asked, pages)) == {200}
            wait_until(lambda: ask(ANSWERS) > 0 and len(other.requests) > 0, within_s=60)
            with database.hanging():
                assert set(pool.map(asked, pages[:5])) == {503}
                assert asked(f"{address}/healthz") == 200
            assert set(pool.map(asked, pages)) == {200}
            wait_until(lambda: state(ask) == "done", within_s=90)
            output, _ = study.communicate(timeout=120)
            worker.terminate()
            told, _ = worker.communicate(timeout=30)
        for said in (output, told):
            assert "Traceback" not in said
        assert study.returncode in (0, 1, 2, 3), output
        assert len(server.requests) == 320
        assert len(other.requests) == 160


def test_a_queue_that_hangs_is_waited_for_by_workers_and_by_no_page(
    ask: Ask, server: OpenAIServer, tmp_path: Path
) -> None:
    port = a_free_port()
    with redis_server(port) as url, processes(ask.url, url, tmp_path) as python:
        [queue] = [
            each
            for each in psutil.Process().children(recursive=True)
            if any(
                one.laddr.port == port and one.status == "LISTEN" for one in each.net_connections()
            )
        ]
        with site(tmp_path, EVALHUB_DATABASE_URL=ask.url, EVALHUB_REDIS_URL=url) as address:
            worker = python(WORKER)
            launched(python, server, items=480)
            wait_until(lambda: ask(ANSWERS) > 0, within_s=60)
            queue.suspend()
            assert asked(f"{address}/readyz") == 200  # pages need no queue
            assert asked(f"{address}/reviews/") == 200
            wait_until(lambda: ask(CLAIMED) == 0, within_s=60)
            assert state(ask) == "running"
            queue.resume()
            wait_until(lambda: state(ask) == "done", within_s=90)
            assert asked(f"{address}/readyz") == 200
            worker.terminate()
            output, _ = worker.communicate(timeout=30)
    assert "Traceback" not in output
    assert ask(ANSWERS) == len(server.requests) == 480
