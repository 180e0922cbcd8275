"""Servers in virtual time, asked by the real exchange with its real limit and retries: only what
goes over the network is simulated."""

import asyncio
import random
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from types import SimpleNamespace
from typing import Any

from evalhub.declare.declaration import validate
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from runners.backends import endpoint_state, pool
from runners.backends.asking import Answered, BackendError, BackendRequest
from runners.backends.exchange import Exchange
from runners.backends.fanout import ask_on_loop
from runners.backends.masking import Secret
from runners.backends.openai import OpenAIBackend
from runners.backends.target import Target
from runners.backends.throttle import Throttle
from tests.fakes.virtual_time import seconds_of

ANSWER = b'{"choices": [{"message": {"role": "assistant", "content": "right"}}]}'
_numbers = count()


@dataclass
class Server:
    """Answers each question after a time of its own, however many it is asked at once.

    Attributes:
        down: between these seconds everything is refused (503).
    """

    down: tuple[float, float] = (0.0, 0.0)
    under_way: int = 0
    most_under_way: int = 0
    refusals: int = 0

    async def posted(self, latency_s: float) -> tuple[int, dict[str, str]]:
        """A status and headers, after a while."""
        begin, end = self.down
        if begin <= asyncio.get_running_loop().time() < end:
            return 503, {}
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return await self.answered(latency_s)
        finally:
            self.under_way -= 1

    async def answered(self, latency_s: float) -> tuple[int, dict[str, str]]:
        await asyncio.sleep(latency_s)
        return 200, {}


@dataclass
class Bounded(Server):
    """Works on so many at a time and refuses what is more (429)."""

    takes: int = 16
    retry_after: str = ""

    async def answered(self, latency_s: float) -> tuple[int, dict[str, str]]:
        if self.under_way > self.takes:
            self.refusals += 1
            return 429, {"Retry-After": self.retry_after} if self.retry_after else {}
        return await super().answered(latency_s)


@dataclass
class Queueing(Server):
    """Works on so many at a time; what is more waits there."""

    takes: int = 16

    def __post_init__(self) -> None:
        self._turn = asyncio.Semaphore(self.takes)

    async def answered(self, latency_s: float) -> tuple[int, dict[str, str]]:
        async with self._turn:
            return await super().answered(latency_s)


@dataclass
class Collapsing(Server):
    """Above so many at a time all take longer, and part of the work is thrown away (503)."""

    takes: int = 16

    def __post_init__(self) -> None:
        self._random = random.Random(1)

    async def answered(self, latency_s: float) -> tuple[int, dict[str, str]]:
        crowd = max(1.0, self.under_way / self.takes)
        await asyncio.sleep(latency_s * crowd)
        if self._random.random() < 1 - 1 / crowd:
            self.refusals += 1
            return 503, {}
        return 200, {}


@dataclass
class Flaky(Server):
    """Refuses one of so many at random (503), however few it is asked."""

    one_of: int = 100

    def __post_init__(self) -> None:
        self._random = random.Random(1)

    async def answered(self, latency_s: float) -> tuple[int, dict[str, str]]:
        if self._random.randrange(self.one_of) == 0:
            self.refusals += 1
            return 503, {}
        return await super().answered(latency_s)


@dataclass(slots=True)
class Simulated(Exchange):
    """The exchange with a server in virtual time."""

    server: Server = field(default_factory=Server, kw_only=True)
    latencies: Sequence[float] = field(kw_only=True)
    """Seconds, by item."""
    limits: list[int] = field(default_factory=list, kw_only=True)
    """At each answer."""

    def _body(self, question: BackendRequest, *_: Any) -> bytes:
        return str(question.item_id).encode()

    async def _post(self, over: object, path: str, body: bytes) -> Any:
        async with asyncio.timeout(self.backend.timeout_s):
            status, headers = await self.server.posted(self.latencies[int(body)])
        self.limits.append(self.state.throttle.now)
        content = ANSWER if status == 200 else b'{"error": {"message": "too much"}}'
        return SimpleNamespace(status=status, headers=headers), content, False


class Fixed(Throttle):
    """A limit that never moves: the oracle tries several of them."""

    def note_refusal(
        self, at_s: float, *, sent_in: int, reason: str, certain: bool = False
    ) -> None: ...
    def note_timeout(self, reason: str) -> None: ...
    def note_answer(self, *, sent_in: int) -> None: ...


class GivenUp(Exception):
    """A question has no answer after all attempts."""


@dataclass
class Asked:
    """What came of asking: seconds of it, and of each arm the limit at each answer."""

    seconds: float
    limits: list[list[int]]
    ends: list[float]
    """When each arm was through."""


def asked(
    server: type[Server],
    *arms: Sequence[float],
    most: int = 64,
    fixed: int = 0,
    timeout_s: float = 60.0,
    **options: Any,
) -> Asked:
    """Asks all arms at once at one address. `fixed` is a limit that stays, 0 one that adapts.

    Raises GivenUp.
    """
    random.seed(1)
    url = f"http://simulated-{next(_numbers)}.invalid/v1"
    limits: list[list[int]] = []
    ends = [0.0] * len(arms)

    async def arm(at: int, its: Sequence[float], one: Server) -> None:
        fields = {"url": url, "model": f"arm-{at}", "concurrency": most}
        backend = validate(
            OpenAIBackend,
            fields | {"type": "openai", "timeout_s": timeout_s},
        )
        prompt, sampling = validate(Prompt, {}), validate(Sampling, {})
        target = Target(url, Secret(""), private=True)
        exchange = Simulated(backend, prompt, sampling, target, server=one, latencies=its)
        if fixed and not isinstance(exchange.state.throttle, Fixed):
            exchange.state.throttle = Fixed(most)
            exchange.state.throttle.limit = fixed
        limits.append(exchange.limits)
        replies = deque[Answered]()
        questions = [BackendRequest(each, 0, "", "") for each in range(len(its))]
        await ask_on_loop(exchange, questions, replies, threading.Event())
        ends[at] = asyncio.get_running_loop().time()
        if [reply.text for _, reply in replies] != ["right"] * len(its):
            raise GivenUp

    async def all_arms() -> None:
        one = server(**options)
        try:
            async with asyncio.TaskGroup() as group:
                for at, its in enumerate(arms):
                    group.create_task(arm(at, its, one))
        except* (GivenUp, BackendError):
            raise GivenUp from None
        finally:
            await pool._connections.pop((url, True)).session.close()
            endpoint_state._states.pop((url, most))

    return Asked(seconds_of(all_arms()), limits, ends)


def best_fixed(
    server: type[Server], *arms: Sequence[float], most: int = 64, **options: Any
) -> float:
    """Seconds by the best limit that stays the same, found by trying some, and what it takes."""
    seconds = []
    for limit in {8, 14, 24, 32, most, options.get("takes", 16)}:
        with suppress(GivenUp):
            seconds.append(asked(server, *arms, most=most, fixed=limit, **options).seconds)
    return min(seconds)
