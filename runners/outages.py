"""Outages of services: logged once when they begin and once when they end, for all callers.

Threads that look for work every few seconds would else fill the log with one error.
"""

import logging
import re
import threading
import time
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, close_old_connections

from evalhub.io.full_disk import full_path, is_full_disk

DATABASE_AWAY = (OperationalError, InterfaceError)
"""What the database raises that can't be reached, or can't write: its disk is full, for one."""

AGAIN_S = 1.0

_REFUSED = re.compile(
    r"FATAL: .*(authentication failed|pg_hba\.conf|(role|database) \".*\" does not exist)",
    re.DOTALL,
)

GOES_ON = "What is under way waits, and goes on once it can"

logger = logging.getLogger(__name__)


FULL_AGAIN_S = 60.0
_told_full_at = [-FULL_AGAIN_S]
"""When this process told the log last that a disk is full."""


def tell_full_disk(error: BaseException) -> None:
    """Logs that a disk is full, and what couldn't be written: once a minute for all who meet it."""
    now = time.monotonic()
    if now - _told_full_at[0] < FULL_AGAIN_S:
        return
    _told_full_at[0] = now
    path = full_path(error) or "what was to be stored"
    reason = " ".join(str(error).split()).rstrip(".")
    logger.error(
        "the disk is full: %s can't be written: %s. Answers are 507 meanwhile", path, reason
    )


class Outage:
    """Of one service: who finds it away or there says so, and what is news is logged.

    Each says what it was at: on a full disk reading goes on while nothing can be written. So the
    outage ends once all who met it have done the same again.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._lock = threading.Lock()
        self._since: float | None = None
        self._error: Exception | None = None
        self._met_by: set[str] = set()
        self._last: tuple[float, float] | None = None

    def went_away(self, error: Exception, *, at: str, then: str = GOES_ON) -> None:
        """`then` says what happens now."""
        with self._lock:
            self._met_by.add(at)
            if self._since is not None:
                return
            self._since, self._error = time.monotonic(), error
        reason = " ".join(str(error).split()).rstrip(".")
        why = ", its disk is full" if is_full_disk(error) else ""
        logger.error("%s can't be used%s: %s. %s", self._what, why, reason, then)

    def came_back(self, *, at: str) -> None:
        with self._lock:
            self._met_by.discard(at)
            if self._met_by:
                return
            since, self._since, self._error = self._since, None, None
            if since is not None:
                self._last = since, time.monotonic()
        if since is not None:
            away_s = time.monotonic() - since
            logger.warning("%s can be used again, after %.0f s", self._what, away_s)

    def stop_waiting(self, *, at: str) -> None:
        """Who met it at this waits no longer, and says nothing of whether it is over."""
        with self._lock:
            self._met_by.discard(at)
            if not self._met_by:
                self._since = self._error = None

    def outage_seconds(self, for_s: float) -> float | None:
        """Seconds since the outage began, if it still lasts or ended less than `for_s` seconds
        ago."""
        with self._lock:
            now = time.monotonic()
            if self._since is not None:
                return now - self._since
            if self._last is not None and now - self._last[1] < for_s:
                return now - self._last[0]
            return None

    def lasting(self, for_s: float) -> Exception | None:
        """The error that began the outage, if that is so many seconds ago and it still lasts."""
        with self._lock:
            long = self._since is not None and time.monotonic() - self._since >= for_s
            return self._error if long else None


database = Outage("the database")
queue = Outage("the queue")


def retry_while_away[Found](call: Callable[[], Found], stopping: Callable[[], bool]) -> Found:
    """The result of a database call, retried while the database is away.

    Raises what the database raised once `stopping` says that nobody waits any longer.
    """
    # a thread's own: on a full disk one writes a little in place while another can't add a row
    at = f"writing in thread {threading.get_ident()}"
    while True:
        try:
            result = call()
        except DATABASE_AWAY as error:
            database.went_away(error, at=at)
            if stopping():
                database.stop_waiting(at=at)
                raise
            time.sleep(AGAIN_S)
            close_old_connections()
        else:
            database.came_back(at=at)
            return result


class Patience:
    """Of a command that waits: for so many seconds of an outage, and then no longer."""

    def __init__(self, for_s: float) -> None:
        self._for_s = for_s
        self._since: float | None = None
        self._full: Exception | None = None

    def wait(self, error: Exception) -> None:
        """Returns after AGAIN_S. Raises the error once it has been met for `for_s` on end, and at
        once where the database answers and lets nobody in: that doesn't pass. A full disk is what
        is raised in the end where one was met: PostgreSQL then refuses connections too, and
        doesn't say why."""
        if _REFUSED.search(str(error)):
            raise error
        now = time.monotonic()
        if self._since is None:
            self._since, self._full = now, None
        if is_full_disk(error):
            self._full = error
        service = database if isinstance(error, DATABASE_AWAY) else queue
        then = f"This waits until it can, {self._for_s:.0f} s at most"
        service.went_away(error, at="waiting", then=then)
        if now - self._since >= self._for_s:
            service.stop_waiting(at="waiting")
            raise self._full or error
        time.sleep(AGAIN_S)
        close_old_connections()

    def well(self) -> None:
        """Note that the service answers again."""
        if self._since is not None:
            database.came_back(at="waiting")
            queue.came_back(at="waiting")
            self._since = None
