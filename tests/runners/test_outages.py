"""Workers whose queue or database goes away while they work, and comes back."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.openai_server import OpenAIServer
from tests.runners.workers import (
    WORKER,
    Ask,
    a_queue,
    launched,
    processes,
    state,
    wait_until,
)
from tests.services import a_free_port, postgresql_server, redis_server

pytestmark = [pytest.mark.services, pytest.mark.heavy]

ANSWERS = "SELECT count(*) FROM registry_output"
CLAIMED = "SELECT count(*) FROM registry_shard WHERE state = 'claimed'"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(latency_s=0.1) as server:
        yield server


def test_workers_go_on_after_the_queue_was_away_for_longer_than_their_shards_took(
    ask: Ask, server: OpenAIServer, tmp_path: Path
) -> None:
    port = a_free_port()
    url = f"redis://127.0.0.1:{port}/0"
    with processes(ask.url, url, tmp_path) as python:
        with redis_server(port):
            worker = python(WORKER)
            launched(python, server, items=640, concurrency=8)
            wait_until(lambda: ask(ANSWERS) > 0, within_s=60)
        wait_until(lambda: ask(CLAIMED) == 0, within_s=60)
        time.sleep(3)  # by now every thread has given up telling the queue that it is done
        assert state(ask) == "running"
        with redis_server(port):
            wait_until(lambda: state(ask) == "done", within_s=60)
            worker.terminate()
            output, _ = worker.communicate(timeout=30)
    assert output.count("the queue can't be used") == 1
    assert ask(ANSWERS) == len(server.requests) == 640


def test_what_came_while_the_database_was_away_is_kept_and_not_asked_for_again(
    redis_url: str, server: OpenAIServer, tmp_path: Path
) -> None:
    with postgresql_server() as database:
        ask = Ask(database.url)
        with processes(ask.url, a_queue(redis_url), tmp_path) as python:
            worker = python(WORKER)
            launched(python, server, items=400, concurrency=8)
            for before in (0, 120):
                wait_until(lambda: ask(ANSWERS) > before, within_s=60)  # noqa: B023
                database.kill()
                time.sleep(3)
                database.start()
            wait_until(lambda: state(ask) == "done", within_s=60)
            worker.terminate()
            output, _ = worker.communicate(timeout=30)
        assert 1 <= output.count("the database can't be used") <= 2  # told once an outage
        assert "Traceback" not in output
        assert ask("SELECT count(*) FROM registry_output WHERE text <> ''") == 400
        assert len(server.requests) == 400
