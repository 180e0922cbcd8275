"""Requests counted over all processes of one `evalhub up`, in memory that they share.

Several `evalhub up` on one database count each their own. Each has a name, by which a reader of
its counts keeps them apart from the others'.
"""

import os
import socket
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from mmap import mmap
from threading import Lock
from time import monotonic

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds up to which a request took; one more bucket has those that took longer."""
FLAG = "FLAG"
"""The method by which evaluations of flags are counted: they are posted, and many, and quick."""
METHODS = ("GET", "POST", FLAG, "other")
CLASSES = ("2xx", "3xx", "4xx", "5xx")
WORKER_SILENT_S = 30.0
"""For how long the worker inside that isn't heard of still counts as alive."""

_CELL = 8
_WIDTH = len(BOUNDS) + 2 + len(CLASSES)  # buckets, the sum of seconds, classes of status


@dataclass(frozen=True, slots=True)
class MethodCounts:
    """What was counted of one method: `buckets` has how many took up to each bound, not summed."""

    buckets: list[float]
    seconds: float
    by_class: dict[str, float]


class RequestCounts:
    """A row of counts for each process; each writes its own, and any reads all.

    A process that is started again takes the row of the one that ended, so nothing counts down.
    Make it before the processes are forked.
    """

    def __init__(self, processes: int = 1) -> None:
        self._cells = memoryview(mmap(-1, processes * self._row_cells() * _CELL)).cast("d")
        self._processes = processes
        self._row = 0
        self._lock = Lock()

    def use_row(self, number: int) -> None:
        """Let this process count in row `number`."""
        self._row = number

    def add(self, *, method: str, status: int, seconds: float) -> None:
        """Counts one request that was answered."""
        kind = METHODS.index(method) if method in METHODS else len(METHODS) - 1
        first = self._row * self._row_cells() + kind * _WIDTH
        with self._lock:
            self._cells[first + bisect_left(BOUNDS, seconds)] += 1
            self._cells[first + len(BOUNDS) + 1] += seconds
            self._cells[first + len(BOUNDS) + 2 + min(max(status // 100, 2), 5) - 2] += 1

    def totals(self) -> dict[str, MethodCounts]:
        """The sums over the processes, by method."""
        size = self._row_cells()
        sums = [sum(self._cells[cell::size]) for cell in range(size)]
        totals = {}
        for kind, method in enumerate(METHODS):
            cells = sums[kind * _WIDTH : (kind + 1) * _WIDTH]
            buckets, (seconds, *by_class) = cells[: len(BOUNDS) + 1], cells[len(BOUNDS) + 1 :]
            totals[method] = MethodCounts(
                buckets, seconds, dict(zip(CLASSES, by_class, strict=True))
            )
        return totals

    @staticmethod
    def _row_cells() -> int:
        return len(METHODS) * _WIDTH


answered = RequestCounts()
"""This process's own; `count_together` puts one of several processes in its place."""


_name = ""
_worker_heard_at = memoryview(mmap(-1, _CELL)).cast("d")
"""In this clock, which all processes of a machine share; 0 where it never was."""


def count_together(processes: int) -> None:
    """Makes the counts of the processes that are forked from now on one."""
    global answered
    answered = RequestCounts(processes)


def count_under(port: int) -> None:
    """Names these counts: those of the site that listens at this port of this machine."""
    global _name
    _name = f"{socket.gethostname()}:{port}"


def counts_name() -> str:
    """What tells these counts from those of other sites; where no site was named, this process."""
    return _name or f"{socket.gethostname()}, process {os.getpid()}"


def hear_worker(works: Callable[[], bool]) -> None:
    """Notes for all processes that the worker inside is alive, where `works` says so."""
    if works():
        _worker_heard_at[0] = monotonic()


def worker_inside_is_alive() -> bool:
    """Whether the worker inside was heard of lately; False where there is none."""
    heard_at = _worker_heard_at[0]
    return heard_at > 0 and monotonic() - heard_at < WORKER_SILENT_S


def count_as(number: int) -> None:
    """Makes this process the one of that number."""
    answered.use_row(number)


def count(*, method: str, status: int, seconds: float) -> None:
    """Counts one request that this process answered."""
    answered.add(method=method, status=status, seconds=seconds)


def totals_by_method() -> dict[str, MethodCounts]:
    """Totals over all processes, by method."""
    return answered.totals()
