"""Workers: one inside this process, or a process of their own; and the sweep both make."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import Error, connection

from runners.celery import QueueUnreachable, app, queue_length
from runners.launch import neglected, ring
from runners.tasks import stopping, work

SWEEP_S = 5.0
START_S = 30.0
NO_RUN = 0

logger = logging.getLogger(__name__)


@contextmanager
def embedded_worker(threads: int = 4) -> Iterator[None]:
    """A worker on threads of this process while the block runs, one at a time in a process.

    At the end, the shards at work are given back within about a second. Raises QueueUnreachable
    where the broker doesn't answer at the start.
    """
    from celery.worker import WorkController, state
    from kombu.exceptions import OperationalError

    ready = threading.Event()
    worker = WorkController(
        app=app,
        hostname="embedded",
        pool="threads",
        concurrency=threads,
        loglevel="WARNING",
        ready_callback=lambda consumer: ready.set(),
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
    )
    consuming = threading.Thread(target=worker.start, name="worker", daemon=True)
    stopping.clear()
    consuming.start()
    if not ready.wait(START_S):
        raise QueueUnreachable(f"the worker found no queue within {START_S:g} s")
    with _sweeping():
        try:
            yield
        finally:
            stopping.set()
            vars(state)["should_stop"] = 0
            with suppress(OperationalError):
                # the consumer looks up every two seconds, and twice before it goes: wake it
                work.delay(NO_RUN)
                work.delay(NO_RUN)
            consuming.join()
            vars(state)["should_stop"] = None


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
    with _sweeping():
        worker.start()
    return int(worker.exitcode or 0)


def sweep() -> None:
    """Rings for the runs that nobody works on, unless the bell is ringing already.

    So the work of a process that was killed, or of a message that was lost, is found.
    """
    if queue_length() == 0:
        for run in neglected():
            ring(run)


@contextmanager
def _sweeping() -> Iterator[None]:
    """Sweeps now and then every SWEEP_S seconds, on a thread, while the block runs."""
    ended = threading.Event()

    def go_on() -> None:
        while True:
            try:
                sweep()
            except (Error, QueueUnreachable) as error:
                logger.warning("could not look for work left behind: %s", error)
            finally:
                connection.close()
            if ended.wait(SWEEP_S):
                return

    thread = threading.Thread(target=go_on, name="sweep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
