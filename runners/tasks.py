"""The worker of a site with Redis: the Celery task, and the process that runs it."""

import threading

from runners.celery import app
from runners.execute import process_shard
from runners.launch import claimable_runs
from runners.queue import PROCESS_SHARD, enqueue, queue_length
from runners.timer import every

LOOK_S = 5.0
stopping = threading.Event()


@app.task(name=PROCESS_SHARD)
def process_shard_task(run_id: int) -> None:
    """Celery task: process one shard of a run, then requeue while shards remain.

    So runs take turns, and a message lost or delivered twice changes nothing.
    """
    if process_shard(run_id, stopping=stopping.is_set):
        process_shard_task.delay(run_id)


def requeue_orphans() -> None:
    """Enqueue unfinished runs with claimable shards, unless messages wait: their message was lost,
    or their worker died."""
    if queue_length() == 0:
        for run in claimable_runs():
            enqueue(run)


def start_worker(threads: int = 4, loglevel: str = "INFO") -> int:
    """A worker in the foreground until SIGTERM or SIGINT; returns its exit code.

    Then the shards at work are given back within about a second.
    """
    from celery.signals import worker_shutting_down

    def stop(**_: object) -> None:
        stopping.set()

    worker_shutting_down.connect(stop)
    worker = app.Worker(
        pool="threads",
        concurrency=threads,
        loglevel=loglevel,
        quiet=True,
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
    )
    with every(LOOK_S, requeue_orphans):
        worker.start()
    return int(worker.exitcode or 0)
