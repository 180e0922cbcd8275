"""The worker of a site without Redis: threads of this process that look for shards themselves."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import close_old_connections, connection

from runners import outages
from runners.execute import process_shard
from runners.judging import next_waiting, work_on
from runners.launch import claimable_runs
from runners.queue import in_this_process

LOOK_S = 2.0
"""How long an idle thread waits before it looks unasked: for shards of a process that died."""

type Look = Callable[[], int | None]
"""What there is to work on, by its primary key."""
type Work = Callable[[int], None]

logger = logging.getLogger(__name__)


class _Turns:
    """Gives the claimable runs in turn, so that a long run doesn't keep others waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int | None:
        runs: list[int] = list(claimable_runs().order_by("pk").values_list("pk", flat=True))
        if not runs:
            return None
        with self._lock:
            self._last = next((run for run in runs if run > self._last), runs[0])
            return self._last


@contextmanager
def embedded_worker(threads: int = 4) -> Iterator[None]:
    """Processes shards on threads of this process, and asks judges on one more, while the block
    runs.

    At the end, what is at work is given back within about a second.
    """
    stopping = threading.Event()

    def process(run: int) -> None:
        process_shard(run, stopping=stopping.is_set)

    def judge(judge_run: int) -> None:
        work_on(judge_run, stopping=stopping.is_set)

    work: list[tuple[Look, Work]] = [(_Turns().next, process)] * threads + [(next_waiting, judge)]
    workers = [
        threading.Thread(target=_work, args=(*each, stopping), name="worker", daemon=True)
        for each in work
    ]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        stopping.set()
        in_this_process.announce()
        for worker in workers:
            worker.join()


def _work(look: Look, work: Work, stopping: threading.Event) -> None:
    while True:
        seen = in_this_process.count  # before all else: a later announcement ends the wait below
        if stopping.is_set():
            connection.close()
            return
        at, found = "looking", None
        try:
            close_old_connections()
            at, found = "looking", look()
            outages.database.found_there(at=at)
            if found is not None:
                at = "working"
                work(found)
            # also where others have done meanwhile what it couldn't
            outages.database.found_there(at="working")
        except outages.DATABASE_AWAY as error:
            outages.database.found_away(error, at=at)
            found = None
        except Exception:
            logger.exception("could not go on working; looking again in %g s", LOOK_S)
            found = None
        if found is None:
            in_this_process.wait(seen, LOOK_S)
