"""Worker processes on a real PostgreSQL and a real Redis-protocol server, and their deaths."""

import signal
from collections.abc import Iterator

import pytest

from tests.fakes.openai_server import OpenAIServer
from tests.runners.workers import (
    WORKER,
    Ask,
    Processes,
    killed_while_it_holds_a_shard,
    launched,
    state,
    wait_until,
)
from tests.serving.site import BIN

pytestmark = [pytest.mark.services, pytest.mark.heavy, pytest.mark.paired]


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
    killed_while_it_holds_a_shard(first, ask)
    there = ask("SELECT count(*) FROM registry_output")
    assert there < 400
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


SLOW_TO_LOAD = """
import datetime, time
import django; django.setup()
from runners import shards, stretch
from runners.backends import openai
from evalhub.workers.tasks import finder, start_worker
shards.LEASE, stretch.TOLD_EVERY_S = datetime.timedelta(seconds=2), 0.3
make = openai.Client.of.__func__
def slowly(cls, *given):
    time.sleep(7)
    return make(cls, *given)
openai.Client.of = classmethod(slowly)
with finder():
    raise SystemExit(start_worker(threads=2))
"""
"""Loading takes three leases and a half."""


def test_a_model_that_loads_for_longer_than_a_lease_costs_no_worker_its_shard(
    python: Processes, ask: Ask, server: OpenAIServer
) -> None:
    python(SLOW_TO_LOAD)
    python(SLOW_TO_LOAD)
    launched(python, server, items=60)
    taken = set()

    def done() -> bool:
        taken.add(ask("SELECT claim FROM registry_shard"))
        return state(ask) not in ("pending", "running")

    wait_until(done, within_s=60)
    assert (state(ask), ask("SELECT error FROM registry_run")) == ("done", "")
    assert len(taken - {None}) == 1  # who took it first kept it
    assert ask("SELECT count(*) FROM registry_output") == len(server.requests) == 60


DONE = "SELECT sum(done) FROM registry_shard"
KEPT = "SELECT count(*) FROM registry_output WHERE text IS NOT NULL"


def test_a_run_that_is_cancelled_and_resumed_loses_no_progress(
    python: Processes, ask: Ask, server: OpenAIServer
) -> None:
    evalhub = BIN / "evalhub"
    server.latency_s = 0.2
    python(WORKER)
    number = str(launched(python, server, items=400))
    counts = [0]

    def look() -> int:
        counts.append(int(ask(DONE)))
        return counts[-1]

    for enough in (50, 150):
        wait_until(lambda: look() >= enough, within_s=60)  # noqa: B023
        assert python.command(evalhub, "run", "cancel", number).wait(60) == 0
        look()
        wait_until(lambda: look() == ask(KEPT), within_s=30)  # what was under way is kept
        assert python.command(evalhub, "run", "retry", number).wait(60) == 0
        look()
    wait_until(lambda: look() == 400 and state(ask) == "done", within_s=60)
    assert counts == sorted(counts)


BROKEN = """
import django; django.setup()
from celery import bootsteps
from runners.celery import app
class Breaks(bootsteps.StartStopStep):
    requires = {"celery.worker.consumer.tasks:Tasks"}
    def start(self, consumer):
        raise MemoryError("no room")
app.steps["consumer"].add(Breaks)
from evalhub.workers.tasks import start_worker
raise SystemExit(start_worker())
"""


def test_a_worker_that_breaks_does_not_end_as_a_verdict_does(python: Processes) -> None:
    worker = python(BROKEN)
    output, _ = worker.communicate(timeout=60)
    assert (worker.returncode, "MemoryError" in output) == (70, True), output


RING = """
import django; django.setup()
from evalhub.registry.models import Run
from runners.queue import _redis, enqueue, queue_length
from evalhub.workers.tasks import requeue_orphans
run = Run.objects.get()
lengths = [queue_length()]
for _ in range(100):
    enqueue(run)
requeue_orphans()
lengths.append(queue_length())
with _redis() as redis:
    redis.delete("evalhub.api")
lengths.append(queue_length())
requeue_orphans()
print(*lengths, queue_length())
"""


def test_the_queue_holds_one_message_of_a_run_and_a_lost_one_is_sent_again(
    python: Processes, ask: Ask, server: OpenAIServer
) -> None:
    launched(python, server, items=130)
    assert python.said(RING).split() == ["1", "1", "0", "1"]


TWICE = """
import django; django.setup()
from runners.queue import _redis
with _redis() as redis:
    waiting = redis.lrange("evalhub.api", 0, -1)
    for message in waiting * 20:
        redis.lpush("evalhub.api", message)
    print(len(waiting))
"""


def test_messages_that_are_delivered_again_and_again_change_nothing(
    python: Processes, ask: Ask, server: OpenAIServer
) -> None:
    launched(python, server, items=300)
    assert python.said(TWICE).split() == ["1"]
    python(WORKER)
    python(WORKER)
    wait_until(lambda: state(ask) == "done", within_s=60)
    assert ask("SELECT count(*) FROM registry_output") == len(server.requests) == 300
