"""What this process knows of an endpoint: how much it takes, until when it wants to be left alone,
and which fields of a request its models refused."""

import asyncio
import logging
import os
from collections import deque

from runners.backends.throttle import Throttle

LOGGED = 0.8
"""Times the limit that was logged last: so far it goes down, or up again, before it is logged."""

logger = logging.getLogger(__name__)


class EndpointState:
    """An endpoint under one bound, for tasks of the event loop alone.

    It is entered for each request that is under way: one waits until the bound allows that, in the
    order in which they came.
    """

    def __init__(self, address: str, most: int) -> None:
        self.throttle = Throttle(most)
        self._address, self._logged = address, most
        self.without: dict[str, set[str]] = {}
        """By model, fields of a request that it refused."""
        self.echoing: set[str] = set()
        """Models that were found to say how likely a prompt is."""
        self.text_starts: dict[tuple[str, str], int] = {}
        """By model and how it is asked: tokens that its server puts before a held text."""
        self.took_later = -1.0
        """When (`time.perf_counter`) a question was last answered that had been too much (429)."""
        self._quiet_until = 0.0
        self._under_way = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._again: deque[asyncio.Future[None]] = deque()
        """Those that wait with another attempt."""

    async def __aenter__(self) -> None:
        await self._enter(self._waiting)

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    async def pause(self, seconds: float) -> None:
        """Waits before another attempt. Meanwhile the request occupies no slot; afterwards it goes
        before new ones."""
        self._leave()
        try:
            await asyncio.sleep(seconds)
            await self._enter(self._again)
        except asyncio.CancelledError:
            self._under_way += 1  # for who entered leaves
            raise

    def note_refusal(self, *, sent_in: int, reason: str, certain: bool) -> None:
        """A request was too much, as `Throttle.note_refusal` has it."""
        self.throttle.note_refusal(_now(), sent_in=sent_in, reason=reason, certain=certain)
        self._log()

    def note_timeout(self, reason: str) -> None:
        """A request wasn't answered in time."""
        self.throttle.note_timeout(reason)
        self._log()

    def note_answer(self, *, sent_in: int) -> None:
        """A request was answered, which was sent when `throttle.lowered` was `sent_in`."""
        before = self.throttle.now
        self.throttle.note_answer(sent_in=sent_in)
        if self.throttle.now != before:
            self._let_in()
            self._log()

    def _log(self) -> None:
        """Logs a limit that is quite another than the one logged last, or all again."""
        now, last = self.throttle.now, self._logged
        if now == last or (LOGGED * last < now < last / LOGGED and now < self.throttle.most):
            return
        self._logged = now
        level = logging.WARNING if now < last else logging.INFO
        logger.log(level, "%s: requests at a time: %s", self._address, str(self.throttle))

    async def _enter(self, queue: deque[asyncio.Future[None]]) -> None:
        if not self._again and not self._waiting and self._under_way < self.throttle.now:
            self._under_way += 1
            return
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(ticket)
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():  # let in, and cancelled at the same moment
                self._leave()
            raise

    def _leave(self) -> None:
        self._under_way -= 1
        self._let_in()

    def _let_in(self) -> None:
        while self._under_way < self.throttle.now and (self._again or self._waiting):
            ticket = (self._again or self._waiting).popleft()
            if not ticket.done():
                self._under_way += 1
                ticket.set_result(None)

    def keep_quiet(self, seconds: float) -> None:
        """Nobody asks the endpoint anything for so many seconds."""
        self._quiet_until = max(self._quiet_until, _now() + seconds)

    async def wait_until_welcome(self) -> None:
        while (left := self._quiet_until - _now()) > 0:
            await asyncio.sleep(left)


def _now() -> float:
    """Seconds of the loop's clock."""
    return asyncio.get_running_loop().time()


_states: dict[tuple[str, int], EndpointState] = {}


def state_of(endpoint: str, most: int, name: str) -> EndpointState:
    """The state shared by all clients of this address and bound; logs call it `name`."""
    state = _states.get((endpoint, most))
    if state is None:
        state = _states[endpoint, most] = EndpointState(name, most)
    return state


os.register_at_fork(after_in_child=_states.clear)
