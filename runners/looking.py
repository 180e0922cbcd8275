"""Threads that poll the database for runs to work on; no message is needed."""

import logging
import threading
from collections.abc import Callable, Collection, Iterable

from django.db import close_old_connections, connection

from runners import outages
from runners.backends import BACKENDS
from runners.launch import claimable_runs
from runners.queue import in_this_process

LOOK_S = 2.0
"""How long an idle thread waits before it looks unasked: for shards of a process that died."""
THREADS = 4
"""Shards that a worker works on at once, where nobody says how many."""

type Look = Callable[[], int | None]
"""What there is to work on, by its primary key."""
type Work = Callable[[int], None]

logger = logging.getLogger(__name__)


class Turns:
    """Gives the claimable runs in turn, so that a long run doesn't keep others waiting.

    `kinds` are those of the workers that they need ("cpu", "gpu", "api"); None: any.
    """

    def __init__(self, kinds: Collection[str] | None = None) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._types: list[str] | None = None
        if kinds is not None:
            self._types = [name for name, backend in BACKENDS.items() if backend.queue in kinds]

    def next(self) -> int | None:
        claimable = claimable_runs().order_by("pk")
        if self._types is not None:
            claimable = claimable.filter(version__backend__type__in=self._types)
        runs: list[int] = list(claimable.values_list("pk", flat=True))
        if not runs:
            return None
        with self._lock:
            self._last = next((run for run in runs if run > self._last), runs[0])
            return self._last


def start_looking(
    work: Iterable[tuple[Look, Work]], ended: threading.Event
) -> list[threading.Thread]:
    """A thread for each pair, which looks and works until `ended` is set. What it is at then, it
    does to its end, unless the work itself stops."""
    threads = [
        threading.Thread(target=_look_and_work, args=(*pair, ended), name="worker", daemon=True)
        for pair in work
    ]
    for thread in threads:
        thread.start()
    return threads


def _look_and_work(look: Look, work: Work, ended: threading.Event) -> None:
    while True:
        seen = in_this_process.count  # before all else: a later announcement ends the wait below
        if ended.is_set():
            connection.close()
            return
        at, run = "looking", None
        try:
            close_old_connections()
            at, run = "looking", look()
            outages.database.came_back(at=at)
            if run is not None:
                at = "working"
                work(run)
            # also where others have done meanwhile what it couldn't
            outages.database.came_back(at="working")
        except outages.DATABASE_AWAY as error:
            outages.database.went_away(error, at=at)
            run = None
        except Exception:
            logger.exception("could not go on working; looking again in %g s", LOOK_S)
            run = None
        if run is None:
            in_this_process.wait(seen, LOOK_S)
