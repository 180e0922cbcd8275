"""Many questions to one endpoint at once, for callers who know nothing of asyncio.

One event loop on a thread of its own serves the whole process, so that shards worked on side by
side share one bound on what an endpoint is asked at a time.
"""

import asyncio
import queue
import time
from collections.abc import Generator, Iterable, Iterator
from typing import Protocol

from runners.backends.asking import Answered, BackendRequest, Reply
from runners.backends.pool import event_loop

BATCH_S = 0.5

_limits: dict[tuple[str, int], asyncio.Semaphore] = {}


class Asker(Protocol):
    """What asks an endpoint one thing at a time, on an event loop and by many tasks at once."""

    @property
    def endpoint(self) -> str:
        """Its address: those with the same one share their bound."""

    @property
    def concurrency(self) -> int:
        """Questions that may be under way at a time."""

    async def ask(self, question: BackendRequest) -> Reply:
        """One reply. Raises BackendError where it is no use to ask anything else either."""


def ask_all(asker: Asker, questions: Iterable[BackendRequest]) -> Generator[list[Answered]]:
    """The replies as they arrive, in batches: one every BATCH_S seconds, empty or not.

    At most `concurrency` questions are under way at a time, counted over all callers in this
    process whose endpoint and bound are the same. Closing the iterator cancels the rest. Raises
    BackendError as `ask` does, once what had arrived by then is given out.
    """
    arrived: queue.SimpleQueue[Answered | None] = queue.SimpleQueue()
    asking = asyncio.run_coroutine_threadsafe(_ask(asker, iter(questions), arrived), event_loop())
    try:
        more = True
        while more:
            batch, more = _batch(arrived)
            yield batch
        asking.result()
    finally:
        asking.cancel()


def _batch(arrived: queue.SimpleQueue[Answered | None]) -> tuple[list[Answered], bool]:
    """What arrives within BATCH_S seconds, and whether more may follow."""
    batch: list[Answered] = []
    end = time.monotonic() + BATCH_S
    while (left := end - time.monotonic()) > 0:
        try:
            one = arrived.get(timeout=left)
        except queue.Empty:
            break
        if one is None:
            return batch, False
        batch.append(one)
    return batch, True


async def _ask(
    asker: Asker,
    questions: Iterator[BackendRequest],
    arrived: queue.SimpleQueue[Answered | None],
) -> None:
    """Asks all; at the end, however it comes, puts None into `arrived`."""
    bound = asker.concurrency
    limit = _limits.setdefault((asker.endpoint, bound), asyncio.Semaphore(bound))

    async def ask_on() -> None:
        for question in questions:
            async with limit:
                arrived.put((question, await asker.ask(question)))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(bound):
                group.create_task(ask_on())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    finally:
        arrived.put(None)
