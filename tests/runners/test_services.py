"""Worker processes on a real PostgreSQL and a real Redis-protocol server, and their deaths."""

import signal
from collections.abc import Iterator

import pytest

from tests.fakes.openai_server import OpenAIServer
from tests.runners.workers import WORKER, Ask, Processes, launched, state, wait_until

pytestmark = [pytest.mark.services, pytest.mark.heavy]


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(latency_s=0.05) as server:
        yield server


def test_a_killed_worker_loses_nothing_and_doubles_nothing(
    python: Processes, ask: Ask, server: OpenAIServer
) -> None:
    first = python(WORKER)
    launched(python, server, items=400)
    wait_until(lambda: ask("SELECT count(*) FROM registry_output") >= 50, within_s=30)
    first.send_signal(signal.SIGKILL)
    first.wait()
    there = ask("SELECT count(*) FROM registry_output")
    assert there < 400
    held = "SELECT count(*) FROM registry_shard WHERE state = 'claimed'"
    assert ask(held) > 0
    # the leases run for a while; a test need not
    ask("UPDATE registry_shard SET lease_until = now() WHERE state = 'claimed'")
    asked = len(server.requests)
    python(WORKER)
    wait_until(lambda: state(ask) == "done", within_s=40)
    assert ask("SELECT count(*) FROM registry_output") == 400
    assert ask("SELECT count(DISTINCT item_id) FROM registry_output WHERE text <> ''") == 400
    assert ask("SELECT count(*) FROM registry_score WHERE value IS NOT NULL") == 400
    assert ask("SELECT scored FROM registry_runmetric") == 400
    assert ask("SELECT sum(done) FROM registry_shard") == 400
    assert len(server.requests) - asked == 400 - there


def test_a_shard_that_gets_on_is_given_out_however_often_its_workers_are_lost(
    python: Processes, ask: Ask, server: OpenAIServer
) -> None:
    launched(python, server, items=60, concurrency=1)
    done = 0
    for _ in range(3):
        worker = python(WORKER)
        wait_until(lambda: ask("SELECT done FROM registry_shard") > done, within_s=60)  # noqa: B023
        worker.kill()
        worker.wait()
        done = ask("UPDATE registry_shard SET lease_until = now() RETURNING done")
    python(WORKER)
    wait_until(lambda: state(ask) not in ("pending", "running"), within_s=60)
    assert (state(ask), ask("SELECT error FROM registry_run")) == ("done", "")
    assert ask("SELECT count(DISTINCT item_id) FROM registry_output WHERE text <> ''") == 60


def test_two_workers_share_a_run_and_each_item_is_asked_once(
    python: Processes, ask: Ask, server: OpenAIServer
) -> None:
    python(WORKER)
    python(WORKER)
    launched(python, server, items=600)
    wait_until(lambda: state(ask) == "done", within_s=40)
    assert ask("SELECT count(*) FROM registry_output") == 600
    assert len(server.requests) == 600
    assert server.most_at_once <= 16  # the bound holds in each process


def test_a_worker_told_to_go_gives_its_shards_back(
    python: Processes, ask: Ask, server: OpenAIServer
) -> None:
    server.latency_s = 0.5
    worker = python(WORKER)
    launched(python, server, items=400)
    wait_until(lambda: len(server.requests) > 0, within_s=30)
    worker.send_signal(signal.SIGTERM)
    output, _ = worker.communicate(timeout=15)
    assert worker.returncode == 0, output
    assert ask("SELECT count(*) FROM registry_shard WHERE state = 'claimed'") == 0
    assert state(ask) == "running"
    server.latency_s = 0.0
    python(WORKER)
    wait_until(lambda: state(ask) == "done", within_s=40)
    assert ask("SELECT count(*) FROM registry_output") == 400


REQUEUE = """
import django; django.setup()
from runners.queue import queue_length
from runners.tasks import app, requeue_orphans
before = queue_length()
requeue_orphans()
waiting = queue_length()
app.control.purge()
requeue_orphans()
print(before, waiting, queue_length())
"""


def test_a_lost_message_is_sent_again_and_none_is_added_to_those_that_wait(
    python: Processes, ask: Ask, server: OpenAIServer
) -> None:
    launched(python, server, items=130)  # three shards, so three messages
    assert python.said(REQUEUE).split() == ["3", "3", "3"]
