"""What this process knows of an endpoint: how much it takes, until when it wants to be left alone,
and which fields of a request its models refused."""

import asyncio
import os
import time
from collections import deque

from runners.backends.throttle import Throttle


class EndpointState:
    """An endpoint under one bound, for tasks of the event loop alone.

    It is entered for each request that is under way: one waits until the bound allows that, in the
    order in which they came.
    """

    def __init__(self, most: int) -> None:
        self.throttle = Throttle(most)
        self.without: dict[str, set[str]] = {}
        """By model, fields of a request that it refused."""
        self.echoing: set[str] = set()
        """Models that were found to say how likely a prompt is."""
        self.took_later = -1.0
        """When (`time.perf_counter`) a question was last answered that had been too much (429)."""
        self._quiet_until = 0.0
        self._under_way = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        if self._waiting or self._under_way >= self.throttle.now:
            await self._wait()
        else:
            self._under_way += 1

    async def __aexit__(self, *_: object) -> None:
        self._under_way -= 1
        self._let_in()

    async def _wait(self) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # let in, and cancelled at the same moment
                self._under_way -= 1
                self._let_in()
            raise

    def _let_in(self) -> None:
        while self._waiting and self._under_way < self.throttle.now:
            place = self._waiting.popleft()
            if not place.done():
                self._under_way += 1
                place.set_result(None)

    def keep_quiet(self, seconds: float) -> None:
        """It is asked nothing for so long, by nobody."""
        self._quiet_until = max(self._quiet_until, time.monotonic() + seconds)

    async def wait_until_welcome(self) -> None:
        while (left := self._quiet_until - time.monotonic()) > 0:
            await asyncio.sleep(left)


_known: dict[tuple[str, int], EndpointState] = {}


def state_of(endpoint: str, most: int) -> EndpointState:
    """Of an address under a bound: who has the same ones shares it."""
    found = _known.get((endpoint, most))
    return _known.setdefault((endpoint, most), EndpointState(most)) if found is None else found


os.register_at_fork(after_in_child=_known.clear)
