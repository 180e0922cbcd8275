"""The worker of a site with Redis: the Celery task, and the process that runs it."""

from collections.abc import Collection
from contextlib import AbstractContextManager

from evalhub.registry.models import Shard
from runners import outages
from runners.celery import QUEUES, app
from runners.execute import process_shard
from runners.judging import judge_waiting
from runners.launch import claimable_runs
from runners.outages import DATABASE_AWAY
from runners.queue import PROCESS_SHARD, QueueUnreachable, ring, take, waiting_tokens
from runners.shards import forsaken_before
from runners.timer import every

LOOK_S = 2.0
INTERRUPTED = 130


def told_to_stop() -> bool:
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
        if Shard.objects.filter(run=run_id).claimable(forsaken_before())[1:2]:
            _ring(run_id)
        more = process_shard(run_id, stopping=told_to_stop)
        outages.database.found_there(at="working")
        if more:
            _ring(run_id)
    except DATABASE_AWAY as error:
        outages.database.found_away(error, at="working")


def _ring(run_id: int) -> None:
    """Where the queue is away, the run is found by looking, once it is back."""
    try:
        ring(run_id)
    except QueueUnreachable as error:
        outages.queue.found_away(error, at="looking")


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
        outages.queue.found_away(error, at="looking")
    else:
        outages.queue.found_there(at="looking")


def finder() -> AbstractContextManager[None]:
    """Looks for runs that no message waits for every LOOK_S seconds, on a thread of this process,
    while the block runs."""
    return every(LOOK_S, requeue_orphans)


def start_worker(
    threads: int = 4, queues: Collection[str] = tuple(QUEUES), loglevel: str = "INFO"
) -> int:
    """A worker in the foreground until SIGTERM or SIGINT; returns its exit code.

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
        while not told_to_stop() and judge_waiting(kinds=queues, stopping=told_to_stop):
            pass

    with every(LOOK_S, ask_judges):
        worker.start()
    # Celery ends with 1 after Ctrl+C, which would say that a model is to be held back.
    return INTERRUPTED if worker.exitcode == 1 and told_to_stop() else int(worker.exitcode or 0)
