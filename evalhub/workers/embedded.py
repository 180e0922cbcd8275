"""The worker of a site without Redis: threads of this process that look for shards themselves."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from evalhub.judges.run import next_waiting, work_on
from runners.execute import process_shard
from runners.looking import THREADS, Turns, start_looking
from runners.queue import in_this_process


@contextmanager
def embedded_worker(threads: int = THREADS) -> Iterator[Callable[[], bool]]:
    """Processes shards on threads of this process, and asks judges on one more, while the block
    runs; yields what says whether they still do.

    At the end, what is at work is given back within about a second.
    """
    stopping = threading.Event()

    def process(run: int) -> None:
        process_shard(run, stopping=stopping.is_set)

    def judge(judge_run: int) -> None:
        work_on(judge_run, stopping=stopping.is_set)

    shards = [(Turns().next, process)] * threads
    workers = start_looking([*shards, (next_waiting, judge)], stopping)
    try:
        yield lambda: all(worker.is_alive() for worker in workers)
    finally:
        stopping.set()
        in_this_process.announce()
        for worker in workers:
            worker.join()
