"""The rules in this process's memory, at most half a second old while the database answers.

A thread reads them again and again as long as somebody asks, and ends a minute after that. It
survives outages of the database, which leave the rules as they were read last. Nothing that
somebody asks for waits for the database, but for the first question after a minute of none.
"""

import logging
import os
from collections.abc import Callable
from math import inf
from threading import Event, Lock, Thread
from time import monotonic, sleep

from django.db import DatabaseError, close_old_connections, connection

from evalhub.accounts.tokens import note_uses
from evalhub.features.experiments.routing.reading import RoutingRules, read_rules
from runners.outages import database

POLL_S = 0.3
"""How often the rules are read: a stop must be known within a second."""
IDLE_S = 60.0
"""For how long they are read though nobody asks."""
FIRST_S = 1.0
"""How long a question waits for the rules where they weren't being read."""
USES_S = 60.0
"""How often it is written which tokens were used."""

logger = logging.getLogger(__name__)


class CurrentRules:
    """The rules as they are now."""

    def __init__(self, read: Callable[[], RoutingRules] = read_rules) -> None:
        self._read = read
        self._rules: RoutingRules | None = None
        self._used: set[int] = set()
        self._uses_at = monotonic() + USES_S
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)  # which has no threads

    def get(self) -> RoutingRules | None:
        """The rules; None where they couldn't be read yet."""
        self._asked = monotonic()
        if not self._is_polling:
            self._begin()
        if not self._tried.is_set():
            self._tried.wait(max(0.0, self._began + FIRST_S - self._asked))
        return self._rules

    def note_use(self, token: int) -> None:
        """Notes that a token was used, to be written later."""
        self._used.add(token)

    def _begin_anew(self) -> None:
        self._lock, self._tried = Lock(), Event()
        self._is_polling, self._asked, self._began = False, -inf, -inf

    def _begin(self) -> None:
        with self._lock:
            if not self._is_polling:
                self._is_polling, self._began = True, monotonic()
                self._tried.clear()
                Thread(target=self._poll, name="rules", daemon=True).start()

    def _poll(self) -> None:
        """The thread: reads until nobody has asked for a while."""
        try:
            while self._is_asked():
                self._refresh()
                self._tried.set()
                sleep(POLL_S)
        finally:
            connection.close()

    def _is_asked(self) -> bool:
        with self._lock:
            self._is_polling = monotonic() - self._asked < IDLE_S
            return self._is_polling

    def _refresh(self) -> None:
        try:
            close_old_connections()
            self._rules = self._read()
            database.came_back(at="reading rules")
            if monotonic() >= self._uses_at and self._used:
                self._uses_at = monotonic() + USES_S
                # not here: who writes waits for others who write, and a stop must be known
                Thread(target=self._write_uses, name="uses", daemon=True).start()
        except DatabaseError as error:
            then = "Flags are answered by the rules that were read last"
            database.went_away(error, at="reading rules", then=then)
        except Exception:
            logger.exception("could not read the rules of experiments")

    def _write_uses(self) -> None:
        used, self._used = self._used, set()
        try:
            note_uses(list(used))  # some may be added still
        except DatabaseError as error:
            logger.warning("could not write when tokens were used last: %s", error)
        finally:
            connection.close()
