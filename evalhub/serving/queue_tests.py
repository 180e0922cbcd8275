"""Tests the queue from time to time, so that monitoring needn't wait for it."""

from collections.abc import Callable
from threading import Event, Lock, Thread
from time import monotonic

from django.conf import settings

from runners.queue import QueueUnreachable, queue_length

EVERY_S = 5
WAIT_S = 1.0
"""A queue that takes longer is away: a machine that hangs answers nobody for many seconds."""


class QueueTest:
    """The newest result in this process. Each test runs on a thread of its own.

    `ask` raises QueueUnreachable where the queue doesn't answer.
    """

    def __init__(self, ask: Callable[[], object], *, wait_s: float = WAIT_S) -> None:
        self._ask, self._wait_s = ask, wait_s
        self._lock = Lock()
        self._ended = Event()
        self._ended.set()
        self._next = 0.0
        self._answers = False

    def answers(self) -> bool:
        """Whether the queue answered its last test, of the last EVERY_S seconds; tests it now if
        there was none."""
        with self._lock:
            if self._ended.is_set() and monotonic() >= self._next:
                self._ended.clear()
                Thread(target=self._test, name="queue test", daemon=True).start()
        return self._ended.wait(self._wait_s) and self._answers

    def _test(self) -> None:
        try:
            self._ask()
            self._answers = True
        except QueueUnreachable:
            self._answers = False
        finally:
            self._next = monotonic() + EVERY_S
            self._ended.set()


_test = QueueTest(queue_length)


def queue_state() -> str:
    """ "inside" this process, "answers", or "away"."""
    if not settings.REDIS_URL:
        return "inside"
    return "answers" if _test.answers() else "away"
