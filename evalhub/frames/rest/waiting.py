"""`?wait=`: hold an answer back until there is news, on as many threads as can be spared."""

import time
from collections.abc import Callable
from threading import BoundedSemaphore

from rest_framework.request import Request

from evalhub.frames.rest.reading import number

LONGEST_S = 25
LOOK_S = 0.5
SPARED = 3
"""Threads of a process that no waiting request takes."""


class Seats:
    """Where the requests of a process wait: one at least, and all threads but `SPARED`."""

    def __init__(self) -> None:
        self.set_for(threads=SPARED * 2, ended=lambda: False)

    def set_for(self, *, threads: int, ended: Callable[[], bool]) -> None:
        """Sets the number of serving threads; called before the process serves.

        `ended` says whether it takes no more requests, so that those that wait are answered.
        """
        self._free = BoundedSemaphore(max(1, threads - SPARED))
        self.ended = ended

    def take(self) -> bool:
        """Takes a seat if one is free."""
        return self._free.acquire(blocking=False)

    def leave(self) -> None:
        self._free.release()


SEATS = Seats()


def wait_for[T](request: Request, look: Callable[[], T], settled: Callable[[T], bool]) -> T:
    """What `look` returns once it is `settled`, or when the request's waiting time is over.

    Where too many wait already, or the site ends, it is what there is now: who asks asks again.
    """
    seconds = number(request.query_params.get("wait", "0"), field="wait", most=LONGEST_S)
    value = look()
    if not seconds or settled(value) or not SEATS.take():
        return value
    try:
        until = time.monotonic() + seconds
        while not settled(value) and (left := until - time.monotonic()) > 0 and not SEATS.ended():
            time.sleep(min(LOOK_S, left))
            value = look()
        return value
    finally:
        SEATS.leave()
