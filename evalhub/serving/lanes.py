"""Which requests go first: those that cost much leave threads to people, whoever sends them.

A process has a fixed number of threads, which share one interpreter. Requests that cost CPU wait in
queues of their own, one for programs and one for pages, and so do what programs read; as many of a
queue are worked on at once as `at_once` says. The other threads are for everybody else. Who sends
many waits for their own: callers take turns.
"""

import re
from collections import Counter, OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from waitress.task import ThreadedTaskDispatcher

READS = frozenset({"GET", "HEAD", "OPTIONS"})


class ParsedRequest(Protocol):
    """Protocol: a request as waitress has parsed it."""

    command: str
    path: str
    query: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class CostlyRequests:
    """Which requests cost CPU, by method and address. Nothing is looked up.

    Attributes:
        people: matches addresses of people's own pages and of flags, which are never costly.
        programs: matches addresses for programs.
        reads: matches addresses of which reading is costly; other reads are light.

    A program that waits for news (`?wait=`) computes nothing meanwhile, and is in no queue.
    """

    people: re.Pattern[str]
    programs: re.Pattern[str]
    reads: re.Pattern[str]

    def lane(self, request: ParsedRequest) -> str:
        """The queue in which the request waits for its turn; "" where it waits for nothing."""
        if self.people.match(request.path):
            return ""
        by_program = self.programs.match(request.path)
        if request.command in READS and not self.reads.fullmatch(request.path):
            return "reads" if by_program and "wait=" not in request.query else ""
        return "programs" if by_program else "pages"


def at_once(threads: int) -> Mapping[str, int]:
    """How many requests of each lane a process works on at once: of costly ones an eighth of its
    threads, of light reads of programs a quarter, at least one. More would not be faster."""
    costly, light = max(1, threads // 8), max(1, threads // 4)
    return {"programs": costly, "pages": costly, "reads": light}


def threads_in_lanes(threads: int) -> int:
    """Threads that requests in lanes take at most."""
    return sum(at_once(threads).values())


class LanedDispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """waitress's threads, with queues of their own for costly requests: light ones come first.

    A task is a connection whose first request is to be answered next.
    """

    def __init__(self, costly: CostlyRequests, at_once: Mapping[str, int]) -> None:
        super().__init__()
        self._costly = costly
        self.queue = _Lanes(at_once)

    def add_task(self, task: Any) -> None:
        """Queues a connection; a request in a lane waits among its caller's."""
        request = task.requests[0]
        lane = "" if request.error is not None else self._costly.lane(request)
        with self.lock:
            if lane:
                self.queue.append_costly(_caller(request), _Costly(task, lane, self))
            else:
                self.queue.append(task)
            self.queue_cv.notify()

    def end_costly(self, lane: str) -> None:
        """Lets the lane's next request begin."""
        with self.lock:
            self.queue.running[lane] -= 1
            self.queue_cv.notify()


class _Costly:
    """A connection with a costly request, as a task."""

    def __init__(self, task: Any, lane: str, dispatcher: LanedDispatcher) -> None:
        self.lane = lane
        self._task, self._dispatcher = task, dispatcher

    def service(self) -> None:
        try:
            self._task.service()
        finally:
            self._dispatcher.end_costly(self.lane)

    def cancel(self) -> None:
        self._task.cancel()


class _Lanes:
    """The queue that waitress's threads take from: true while there is something to begin.

    It is used with the dispatcher's lock held.
    """

    def __init__(self, at_once: Mapping[str, int]) -> None:
        self.running: Counter[str] = Counter()
        self._at_once = at_once
        self._light: deque[Any] = deque()
        self._waiting: dict[str, OrderedDict[str, deque[_Costly]]] = {}

    def __bool__(self) -> bool:
        return bool(self._light) or self._ready() is not None

    def __len__(self) -> int:
        waiting = (tasks for lane in self._waiting.values() for tasks in lane.values())
        return len(self._light) + sum(map(len, waiting))

    def append(self, task: Any) -> None:
        self._light.append(task)

    def append_costly(self, caller: str, task: _Costly) -> None:
        lane = self._waiting.setdefault(task.lane, OrderedDict())
        lane.setdefault(caller, deque()).append(task)

    def popleft(self) -> Any:
        """The next task to begin: a light one, else that of the caller who waited longest."""
        if self._light:
            return self._light.popleft()
        lane = self._ready()
        assert lane is not None, "the caller has checked that a lane has something to begin"
        callers = self._waiting[lane]
        caller, tasks = callers.popitem(last=False)
        task = tasks.popleft()
        if tasks:
            callers[caller] = tasks  # behind the other callers
        self.running[lane] += 1
        return task

    def _ready(self) -> str | None:
        """The lane of which a request may begin."""
        for lane, callers in self._waiting.items():
            if callers and self.running[lane] < self._at_once[lane]:
                return lane
        return None


def _caller(request: ParsedRequest) -> str:
    """A key for the request's sender, by its headers: the same for all of one caller's."""
    headers = request.headers
    return headers.get("AUTHORIZATION") or headers.get("COOKIE") or ""
