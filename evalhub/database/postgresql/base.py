"""Django's own engine, over connections that ask whether their server is still there.

A process that is stopped, or a machine that is gone without a word, leaves a connection open on
which no answer ever comes, and neither PostgreSQL's client library nor Django bounds the wait for
one: each thread that asks something stays there. A statement may take long, so that no bound on it
would be right. Instead, while no answer comes, the server is asked now and then for another
connection: as long as it gives one, or says why it doesn't, the statement is waited for.
"""

from types import SimpleNamespace
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg.abc import RV, PQGen
from psycopg.waiting import Ready

QUIET_S = 10.0
"""How long nothing may come before the server is asked whether it is there."""
CONNECT_TIMEOUT_S = 10
"""Where the address says no other."""
LOOKS_EVERY_S = 0.1


class EnduringConnection(psycopg.Connection[Any]):
    """Raises OperationalError on a server that gives no sign of life for QUIET_S, and no connection
    within the `connect_timeout` that it was made with."""

    def wait(
        self, gen: PQGen[RV], interval: float = LOOKS_EVERY_S, timeout: float | None = None
    ) -> RV:
        return super().wait(self._watched(gen, int(QUIET_S / interval)), interval, timeout)

    def _watched(self, gen: PQGen[RV], most_looks: int) -> PQGen[RV]:
        """The same, counting how often in a row nothing had come."""
        looks = 0
        try:
            state = next(gen)
            while True:
                ready = yield state
                looks = 0 if ready else looks + 1
                if looks >= most_looks:
                    self._ask_for_another()
                    looks = 0
                state = gen.send(ready or Ready.NONE)
        except StopIteration as end:
            found: RV = end.value
            return found

    def _ask_for_another(self) -> None:
        given: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S} | self.info.get_parameters()
        try:
            psycopg.connect(**given, password=self.info.password).close()
        except psycopg.OperationalError as error:
            if "FATAL" in str(error):  # it answers: it lets nobody in for now
                return
            self.pgconn.finish()
            raise psycopg.OperationalError(
                f"nothing came from the server for {QUIET_S:g} s, and it lets nobody in: {error}"
            ) from None


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's, over these connections."""

    def get_connection_params(self) -> dict[str, Any]:
        return {"connect_timeout": CONNECT_TIMEOUT_S} | super().get_connection_params()

    Database: Any = SimpleNamespace(**{**vars(psycopg), "connect": EnduringConnection.connect})
