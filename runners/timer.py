"""A timer on a thread of this process."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import close_old_connections, connection

from runners import outages

logger = logging.getLogger(__name__)


@contextmanager
def every(seconds: float, call: Callable[[], object]) -> Iterator[None]:
    """Calls `call` at once and then every so many seconds while the block runs.

    An error is logged, and the next call comes as if there had been none. That the database is away
    is logged once.
    """
    ended = threading.Event()

    def repeat() -> None:
        while True:
            try:
                close_old_connections()
                call()
                outages.database.came_back(at=call.__name__)
            except outages.DATABASE_AWAY as error:
                outages.database.went_away(error, at=call.__name__)
            except Exception:
                logger.exception("could not %s", call.__name__)
            if ended.wait(seconds):
                connection.close()
                return

    thread = threading.Thread(target=repeat, name="timer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
