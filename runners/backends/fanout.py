"""Many questions to one endpoint at once, for callers who know nothing of asyncio.

One event loop on a thread of its own serves the whole process, so that shards worked on side by
side share one bound on what an endpoint is asked at a time.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Protocol

from runners.backends.endpoint_state import EndpointState
from runners.backends.pool import event_loop

BATCH_S = 0.5


class Asker[Question, Answer](Protocol):
    """Sends requests to one endpoint, from many tasks of one event loop."""

    @property
    def state(self) -> EndpointState:
        """Of its endpoint: those with the same one share their bound."""

    def requests(self, questions: Iterable[Question]) -> Iterator[Sequence[Question]]:
        """The questions, those together that one request asks. Drawn from as requests go out."""

    async def ask(self, questions: Sequence[Question]) -> Sequence[Answer]:
        """An answer each. Raises BackendError where it is no use to ask anything else either."""


def ask_all[Question, Answer](
    asker: Asker[Question, Answer], questions: Iterable[Question]
) -> Generator[list[tuple[Question, Answer]]]:
    """The answers as they arrive, in batches: one every BATCH_S seconds, empty or not.

    At most as many requests are under way as their endpoint's state allows, counted over all
    callers in this process. Closing the iterator cancels the rest. Raises
    BackendError as `ask` does, once what had arrived by then is given out.
    """
    # Whoever waits is woken at the end alone: to be woken by each answer would cost more than it.
    arrived, ended = deque[tuple[Question, Answer]](), threading.Event()
    asking = asyncio.run_coroutine_threadsafe(
        ask_on_loop(asker, questions, arrived, ended), event_loop()
    )
    try:
        while not ended.wait(BATCH_S):
            yield _take(arrived)
        yield _take(arrived)
        asking.result()
    finally:
        asking.cancel()


def _take[Arrived](arrived: deque[Arrived]) -> list[Arrived]:
    return [arrived.popleft() for _ in range(len(arrived))]


async def ask_on_loop[Question, Answer](
    asker: Asker[Question, Answer],
    questions: Iterable[Question],
    arrived: deque[tuple[Question, Answer]],
    ended: threading.Event,
) -> None:
    """Asks all, and says at the end, however it comes, that it has."""
    requests, state = asker.requests(questions), asker.state

    async def ask_on() -> None:
        while True:
            async with state:
                together = next(requests, None)
                if together is None:
                    return
                arrived.extend(zip(together, await asker.ask(together), strict=True))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(state.throttle.most):
                group.create_task(ask_on())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    finally:
        ended.set()
