"""Workers of a site with Redis: one process, or several for what keeps a core busy."""

import signal
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from types import FrameType


def work(*, kinds: Sequence[str], threads: int, processes: int) -> int:
    """Works on runs of those kinds until SIGTERM or Ctrl+C. Returns the exit code.

    Each process is a whole worker, with its threads, leases and connections, and gives back what it
    is at when it is told to go. The first has the timers.
    """
    from django.db import connections

    from evalhub.cli.processes import run_processes
    from evalhub.workers.tasks import INTERRUPTED

    def one(number: int) -> int:
        return _work(kinds, threads, first=number == 0)

    if processes == 1:
        return one(0)
    connections.close_all()  # a connection doesn't survive a fork
    signal.signal(signal.SIGTERM, _exit_on_signal)
    run_processes(one, processes)
    return INTERRUPTED


def _work(kinds: Sequence[str], threads: int, *, first: bool) -> int:
    from evalhub.features.experiments.following import follower
    from evalhub.features.monitoring.looking import looker
    from evalhub.features.table import TIDIED
    from evalhub.studies.run.advance import ticker
    from evalhub.studies.run.tidying import tidy_regularly
    from evalhub.workers.tasks import finder, start_worker

    with ExitStack() as stack:
        timers = ticker, partial(tidy_regularly, TIDIED), looker, follower, finder
        for timer in timers if first else ():
            stack.enter_context(timer())
        return start_worker(threads=threads, queues=kinds)


def _exit_on_signal(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # a second signal would end it before its processes
    raise SystemExit(0)
