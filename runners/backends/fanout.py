"""Many questions to one endpoint at once, for callers who know nothing of asyncio.

One event loop on a thread of its own serves the whole process, so that shards worked on side by
side share one bound on what an endpoint is asked at a time.
"""

import asyncio
import queue
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Protocol

from runners.backends.asking import Answered, BackendRequest, Reply
from runners.backends.endpoint_state import EndpointState
from runners.backends.pool import event_loop

BATCH_S = 0.5


class Asker(Protocol):
    """What asks an endpoint, on an event loop and by many tasks at once."""

    @property
    def state(self) -> EndpointState:
        """Of its endpoint: those with the same one share their bound."""

    def requests(self, questions: Iterable[BackendRequest]) -> Iterator[Sequence[BackendRequest]]:
        """The questions, those together that one request asks. Drawn from as requests go out."""

    async def ask(self, questions: Sequence[BackendRequest]) -> Sequence[Reply]:
        """A reply each. Raises BackendError where it is no use to ask anything else either."""


def ask_all(asker: Asker, questions: Iterable[BackendRequest]) -> Generator[list[Answered]]:
    """The replies as they arrive, in batches: one every BATCH_S seconds, empty or not.

    At most as many requests are under way as their endpoint's state allows, counted over all
    callers in this process. Closing the iterator cancels the rest. Raises
    BackendError as `ask` does, once what had arrived by then is given out.
    """
    arrived: queue.SimpleQueue[Answered | None] = queue.SimpleQueue()
    asking = asyncio.run_coroutine_threadsafe(_ask(asker, questions, arrived), event_loop())
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
    questions: Iterable[BackendRequest],
    arrived: queue.SimpleQueue[Answered | None],
) -> None:
    """Asks all; at the end, however it comes, puts None into `arrived`."""
    requests, state = asker.requests(questions), asker.state

    async def ask_on() -> None:
        while True:
            async with state.turn():
                together = next(requests, None)
                if together is None:
                    return
                for answered in zip(together, await asker.ask(together), strict=True):
                    arrived.put(answered)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(state.throttle.most):
                group.create_task(ask_on())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    finally:
        arrived.put(None)
