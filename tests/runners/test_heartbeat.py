"""A worker is heard of by its file and its row, and no longer than it lives and works."""

import os
import socket
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from evalhub.registry.models import Run
from runners.celery import QUEUES
from runners.heartbeat import _Sign, heartbeat, workers_here
from runners.models import KINDS, Worker
from tests.cast import a_metric, a_run, a_team, a_test_set, a_version
from tests.runners.workers import wait_until


@pytest.mark.django_db(transaction=True)
def test_it_is_there_while_the_worker_works_and_gone_after_it() -> None:
    with heartbeat(kinds=["cpu", "api"], threads=2, works=lambda: True):
        wait_until(lambda: Worker.objects.alive().exists(), within_s=30)
        [worker] = Worker.objects.all()
        assert (worker.pid, worker.kinds, worker.threads) == (os.getpid(), ["cpu", "api"], 2)
        [here] = workers_here()
        assert here.pid == os.getpid()
        assert here.works
    assert not Worker.objects.exists()
    assert workers_here() == []


@pytest.mark.django_db(transaction=True)
def test_one_that_is_stuck_gives_no_sign() -> None:
    asked: list[str] = []

    def works() -> bool:
        asked.append(threading.current_thread().name)
        return False

    with heartbeat(kinds=KINDS, threads=2, works=works):
        wait_until(lambda: len(asked) == 2, within_s=30)  # for the file, and for the row
        assert not Worker.objects.exists()


@pytest.mark.django_db
def test_one_that_is_not_heard_of_is_dead_after_half_a_minute_and_forgotten_after_a_day() -> None:
    for seconds in (1, 25, 35, 90_000):
        Worker.objects.create(
            host="h", pid=seconds, kinds=["cpu"], threads=2, seen=Now() - timedelta(seconds=seconds)
        )
    assert [worker.pid for worker in Worker.objects.alive()] == [1, 25]
    assert [worker.pid for worker in Worker.objects.forgotten()] == [90_000]


def test_one_whose_process_has_ended_is_not_there(tmp_path: Path, settings: Any) -> None:
    """Its file is left, and the system lets go of it. The next worker takes it away."""
    settings.HOME = tmp_path
    killed = _Sign(["cpu"], 1, lambda: True)
    left = tmp_path / "workers" / f"{socket.gethostname()}.1"
    killed._path.rename(left)
    [worker] = workers_here()
    assert worker.pid == 1
    os.close(killed._file)
    assert workers_here() == []
    assert left.exists()
    _Sign(["cpu"], 1, lambda: True)
    assert not left.exists()
    [worker] = workers_here()
    assert worker.pid == os.getpid()


def test_the_kinds_are_those_that_have_queues() -> None:
    assert tuple(QUEUES) == KINDS


@pytest.mark.django_db
def test_the_metrics_say_who_is_alive_and_what_was_left_alone(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1"
    monkeypatch.setattr("evalhub.serving.metrics.queue_length", lambda: 0)
    team = a_team()
    run = a_run(a_version(team), a_test_set(team, items=2), scores=[1.0, 1.0], metric=a_metric())
    an_hour_ago = timezone.now() - timedelta(hours=1)
    Run.objects.filter(pk=run.pk).update(state="running", enqueued=an_hour_ago)
    run.shards.create(
        start=100, stop=102, state="claimed", lease_until=timezone.now() - timedelta(minutes=10)
    )
    Worker.objects.create(host="h", pid=1, kinds=["gpu", "api"], threads=2)
    Worker.objects.create(host="h", pid=2, kinds=["gpu"], threads=2)
    Worker.objects.create(
        host="h", pid=3, kinds=["cpu"], threads=2, seen=Now() - timedelta(minutes=1)
    )
    text = Client().get("/metrics").content.decode()
    for line in (
        "evalhub_workers_alive 2.0",
        'evalhub_workers{kind="gpu"} 2.0',
        'evalhub_workers{kind="api"} 1.0',
        'evalhub_workers{kind="cpu"} 0.0',
        'evalhub_oldest_open_shard_seconds{kind="gpu"} 0.0',
    ):
        assert f"\n{line}\n" in text
    amounts = {
        name: float(line.split()[-1])
        for line in text.splitlines()
        for name in ("oldest_open_shard_seconds", "unattended_seconds")
        if line.startswith(f'evalhub_{name}{{kind="cpu"}}')
    }
    assert 3600 <= amounts["oldest_open_shard_seconds"] < 3900
    assert 600 <= amounts["unattended_seconds"] < 1200
