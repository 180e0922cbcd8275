"""Many questions to one endpoint at once, for callers who know nothing of asyncio.

One event loop on a thread of its own serves the whole process, so that shards worked on side by
side share one bound on what an endpoint is asked at a time.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Generator, Iterable, Iterator

from runners.backends.asking import BackendClient, BackendRequest, Reply

BATCH_S = 0.5

Answered = tuple[BackendRequest, Reply]

_starting = threading.Lock()
_loops: list[asyncio.AbstractEventLoop] = []
_limits: dict[tuple[str, int], asyncio.Semaphore] = {}


def ask_all(
    client: BackendClient, questions: Iterable[BackendRequest]
) -> Generator[list[Answered]]:
    """The replies as they arrive, in batches: one every BATCH_S seconds, empty or not.

    At most the client's `concurrency` questions are under way at a time, counted over all callers
    in this process whose endpoint and bound are the same. Closing the iterator cancels the rest.
    Raises BackendError and BackendUnreachable as Client.ask does, once what had arrived by then
    is given out.
    """
    arrived: queue.SimpleQueue[Answered | None] = queue.SimpleQueue()
    asking = asyncio.run_coroutine_threadsafe(_ask(client, iter(questions), arrived), _loop())
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


def _loop() -> asyncio.AbstractEventLoop:
    with _starting:
        if not _loops:
            _loops.append(asyncio.new_event_loop())
            threading.Thread(target=_loops[0].run_forever, name="backends", daemon=True).start()
        return _loops[0]


async def _ask(
    client: BackendClient,
    questions: Iterator[BackendRequest],
    arrived: queue.SimpleQueue[Answered | None],
) -> None:
    """Asks all; at the end, however it comes, puts None into `arrived`."""
    bound = client.concurrency
    limit = _limits.setdefault((client.endpoint, bound), asyncio.Semaphore(bound))

    async def ask_on() -> None:
        for question in questions:
            async with limit:
                arrived.put((question, await client.ask(session, question)))

    try:
        async with client.session() as session, asyncio.TaskGroup() as group:
            for _ in range(bound):
                group.create_task(ask_on())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    finally:
        arrived.put(None)
