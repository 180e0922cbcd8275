"""Which requests go first: those that cost much leave threads to people, whoever sends them.

A process has a fixed number of threads. Requests that cost CPU wait in a queue of their own, of
which as many are worked on at once as `costly_at_once` says; the other threads are for everybody
else. Who sends many waits for their own: callers take turns.
"""

import re
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Any, Protocol

from waitress.task import ThreadedTaskDispatcher

READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Request(Protocol):
    """What waitress has parsed of a request."""

    command: str
    path: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class CostlyRequests:
    """Which requests cost CPU, by method and address. Nothing is looked up.

    Attributes:
        people: matches addresses of people's own pages, which are never costly.
        reads: matches addresses of which reading is costly; other reads are light.
    """

    people: re.Pattern[str]
    reads: re.Pattern[str]

    def has(self, request: Request) -> bool:
        """Whether the request waits for its turn among the costly ones."""
        if self.people.match(request.path):
            return False
        return request.command not in READS or bool(self.reads.fullmatch(request.path))


def costly_at_once(threads: int) -> int:
    """Costly requests that a process works on at once: a quarter of its threads, at least one.

    More would not be faster, since they share one interpreter.
    """
    return max(1, threads // 4)


class LanedDispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """waitress's threads, with two queues: light requests come first, costly ones by turns.

    A task is a connection whose first request is to be answered next.
    """

    def __init__(self, costly: CostlyRequests, at_once: int) -> None:
        super().__init__()
        self._is_costly = costly.has
        self._at_once = at_once
        self._running = 0
        self.queue = _Lanes(self)

    def may_begin_costly(self) -> bool:
        """Whether one more costly request may be worked on; called with the lock held."""
        return self._running < self._at_once

    def add_task(self, task: Any) -> None:
        """Queues a connection; a costly request waits among its caller's."""
        request = task.requests[0]
        with self.lock:
            if request.error is None and self._is_costly(request):
                self.queue.append_costly(_caller(request), _Costly(task, self))
            else:
                self.queue.append(task)
            self.queue_cv.notify()

    def begin_costly(self) -> None:
        """Counts a costly request that a thread takes; called with the lock held."""
        self._running += 1

    def end_costly(self) -> None:
        """Lets the next costly request begin."""
        with self.lock:
            self._running -= 1
            self.queue_cv.notify()


class _Costly:
    """A connection with a costly request, as a task."""

    def __init__(self, task: Any, dispatcher: LanedDispatcher) -> None:
        self._task, self._dispatcher = task, dispatcher

    def service(self) -> None:
        try:
            self._task.service()
        finally:
            self._dispatcher.end_costly()

    def cancel(self) -> None:
        self._task.cancel()


class _Lanes:
    """The queue that waitress's threads take from: true while there is something to begin."""

    def __init__(self, dispatcher: LanedDispatcher) -> None:
        self._dispatcher = dispatcher
        self._light: deque[Any] = deque()
        self._costly: OrderedDict[str, deque[_Costly]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._light) or (bool(self._costly) and self._dispatcher.may_begin_costly())

    def __len__(self) -> int:
        return len(self._light) + sum(map(len, self._costly.values()))

    def append(self, task: Any) -> None:
        self._light.append(task)

    def append_costly(self, caller: str, task: _Costly) -> None:
        self._costly.setdefault(caller, deque()).append(task)

    def popleft(self) -> Any:
        """The next task to begin: a light one, else that of the caller who waited longest."""
        if self._light:
            return self._light.popleft()
        caller, tasks = self._costly.popitem(last=False)
        task = tasks.popleft()
        if tasks:
            self._costly[caller] = tasks  # behind the other callers
        self._dispatcher.begin_costly()
        return task


def _caller(request: Request) -> str:
    """Whose request it is, as far as its header says: two of one caller are alike."""
    headers = request.headers
    return headers.get("AUTHORIZATION") or headers.get("COOKIE") or ""
