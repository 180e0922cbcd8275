"""The worker of a site with Redis: the Celery task, and the process that runs it.

While Redis is away, or refuses what it is asked, each worker takes runs from the database itself.
"""

import logging
import threading
import time
from collections.abc import Collection
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from evalhub.judges.run import judge_waiting
from evalhub.registry.models import Shard
from runners import outages
from runners.celery import QUEUES, app
from runners.execute import process_shard
from runners.heartbeat import heartbeat
from runners.launch import claimable_runs
from runners.looking import LOOK_S, THREADS, Turns, start_looking
from runners.outages import DATABASE_AWAY
from runners.queue import (
    PROCESS_SHARD,
    QueueUnreachable,
    in_this_process,
    queue_length,
    ring,
    take,
    waiting_tokens,
)
from runners.shards import lease_cutoff
from runners.timer import every

STOPPED, BROKEN, INTERRUPTED = 0, 70, 130
"""How a worker ends: told to by SIGTERM, by a fault of its own, told to by Ctrl+C."""
WATCHED_S = 60.0
"""After how long without a look at the queue a worker gives no more signs of life."""
STANDING_IN = "Until it can, workers take runs from the database"

logger = logging.getLogger(__name__)


def stop_requested() -> bool:
    """Whether this worker was sent SIGTERM or SIGINT, by the exit codes that Celery notes.

    Who connects to its signal `worker_shutting_down` has its handlers take a lock, and a second
    SIGTERM within the first one would wait for that for ever: a terminal and a supervisor tell each
    process, and so does the parent.
    """
    from celery.worker import state

    codes = (state.should_stop, state.should_terminate)
    return any(code is not None and code is not False for code in codes)


@app.task(name=PROCESS_SHARD)
def process_shard_task(run_id: int, token: str) -> None:
    """Celery task: process one shard of a run, while the next message waits for whoever is free.

    So runs take turns, and a message lost or delivered twice changes nothing.
    """
    try:
        if not take(run_id, token):
            return
        if Shard.objects.filter(run=run_id).claimable(lease_cutoff())[1:2]:
            _ring(run_id)
        more = process_shard(run_id, stopping=stop_requested)
        outages.database.came_back(at="working")
        if more:
            _ring(run_id)
    except DATABASE_AWAY as error:
        outages.database.went_away(error, at="working")


def _ring(run_id: int) -> None:
    """Announce the run; while the queue is away workers find it in the database."""
    try:
        ring(run_id)
    except QueueUnreachable as error:
        outages.queue.went_away(error, at="looking", then=STANDING_IN)


def requeue_orphans() -> None:
    """Tell again of unfinished runs that can be worked on and that no message waits for: theirs was
    lost, or their worker died."""
    runs = dict(claimable_runs().values_list("pk", "rung"))
    try:
        waiting = waiting_tokens()
        for run_id, token in runs.items():
            if token not in waiting:
                ring(run_id, lost=token)
    except QueueUnreachable as error:
        outages.queue.went_away(error, at="looking", then=STANDING_IN)
    else:
        outages.queue.came_back(at="looking")


def finder() -> AbstractContextManager[None]:
    """Looks for runs that no message waits for every LOOK_S seconds, on a thread of this process,
    while the block runs."""
    return every(LOOK_S, requeue_orphans)


def start_worker(
    threads: int = THREADS, queues: Collection[str] = tuple(QUEUES), loglevel: str = "INFO"
) -> int:
    """A worker in the foreground until SIGTERM or SIGINT; returns its exit code, which is never
    that of a verdict (1 to 3).

    Then the shards at work are given back within about a second. `queues` are the kinds of runs
    that it takes: "cpu", "gpu", "api". A thread of its own asks judges, one after the other: they
    are found by looking, and no message tells of them.
    """
    worker = app.Worker(
        pool="threads",
        concurrency=threads,
        queues=[QUEUES[kind] for kind in queues],
        loglevel=loglevel,
        quiet=True,
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
    )

    def ask_judges() -> None:
        while not stop_requested() and judge_waiting(kinds=queues, stopping=stop_requested):
            pass

    stand_ins = _StandIns(worker, threads, queues)
    with (
        heartbeat(kinds=queues, threads=threads, works=stand_ins.watches),
        every(LOOK_S, ask_judges),
        every(LOOK_S, stand_ins.watch_queue),
    ):
        try:
            worker.start()
        finally:
            stand_ins.end()
    return _exit_code(worker.exitcode)


def _exit_code(celerys: int | None) -> int:
    """An exit code that tells Ctrl+C from a crash; Celery exits with 1 for both."""
    if stop_requested():
        return INTERRUPTED if celerys else STOPPED
    logger.critical("the worker ended by itself (%s); what it was at is given back", celerys)
    return BROKEN


class _StandIns:
    """Threads that poll the database for runs while the queue is away.

    They are as many as those that Celery has, and look only where one of those has nothing to do.
    Once the worker hears the queue again, they do what they are at to its end, and are gone.
    """

    def __init__(self, worker: Any, threads: int, kinds: Collection[str]) -> None:
        self._worker, self._count = worker, threads
        self._turns = Turns(kinds)
        self._threads: list[threading.Thread] = []
        self._over = threading.Event()
        """Of the present outage, or of the last."""
        self._over.set()
        self._worker_ended = threading.Event()
        self._watched = time.monotonic()

    def watches(self) -> bool:
        """Whether the queue was checked lately; false where this process is stuck."""
        return time.monotonic() - self._watched < WATCHED_S

    def watch_queue(self) -> None:
        """Start the threads when the queue goes away, and stop them when it is back."""
        self._watched = time.monotonic()
        try:
            queue_length()
        except QueueUnreachable as error:
            outages.queue.went_away(error, at="looking", then=STANDING_IN)
            if self._over.is_set() and not self._stopping():
                self._start()
        else:
            outages.queue.came_back(at="looking")
            consumer = self._worker.consumer
            if consumer is not None and consumer.connection is not None:
                self._over.set()
                in_this_process.announce()

    def end(self) -> None:
        """Stop the threads and release their claims, within about a second."""
        self._worker_ended.set()
        self._over.set()
        in_this_process.announce()
        for thread in self._threads:
            thread.join()

    def _start(self) -> None:
        self._over = threading.Event()
        work = [(partial(self._look, number), self._process) for number in range(self._count)]
        alive = [thread for thread in self._threads if thread.is_alive()]
        self._threads = [*alive, *start_looking(work, self._over)]

    def _look(self, number: int) -> int | None:
        from celery.worker import state

        return self._turns.next() if len(state.active_requests) <= number else None

    def _process(self, run: int) -> None:
        process_shard(run, stopping=self._stopping)

    def _stopping(self) -> bool:
        return self._worker_ended.is_set() or stop_requested()
