"""Whether the database can be written, tried now and then however often somebody asks."""

import logging
from threading import Lock
from time import monotonic

from django.db import DatabaseError

from evalhub.database.tables import check_writable
from evalhub.database.write_test import try_write

EVERY_S = 5
logger = logging.getLogger(__name__)


class _Writing:
    """The newest result in this process. SQLite has one writer: strangers may ask for it here as
    often as they like, and it is taken once in EVERY_S seconds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._next = 0.0
        self._fault = ""

    def fault(self) -> str:
        if monotonic() < self._next or not self._lock.acquire(blocking=self._next == 0):
            return self._fault
        try:
            self._fault = _try_write()
            self._next = monotonic() + EVERY_S
            return self._fault
        finally:
            self._lock.release()


def _try_write() -> str:
    try:
        check_writable()
        try_write()
    except DatabaseError as error:
        logger.error("the database can't be written: %s", error)
        return str(error)
    return ""


_writing = _Writing()


def write_fault() -> str:
    """Why the database couldn't be written when that was tried last; "" where it could."""
    return _writing.fault()
