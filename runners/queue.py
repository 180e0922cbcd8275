"""How workers hear of a run's shards. The database is the truth: a lost message only delays.

Without Redis the workers are threads of this process (`evalhub.workers.embedded`), which wait for
the next announcement; with Redis they are Celery workers (`evalhub.workers.tasks`). A message names
a run, and there is one of a run at most: whoever takes it sends the next, before working, while
there are shards to claim. `Run.rung` is the token of the message that waits. Any other is stale,
whoever sent it and however often it is delivered, and is let go of.
"""

import json
import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction

from evalhub.registry.models import ModelVersion, Run
from runners.backends import BACKENDS

PROCESS_SHARD = "evalhub.process_shard"


class QueueUnreachable(Exception):
    """The broker doesn't answer."""


class Announcements:
    """Wakes threads that wait for work.

    A thread reads `count`, looks for work, and waits from that count on: what is announced after
    its look wakes it. Several processes of one site that don't share threads can share these: the
    others write into a pipe, and the one with the worker hears them.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.count = 0
        self._ears: int | None = None
        self._mouth: int | None = None

    def share(self) -> None:
        """Share the announcements with processes forked from now on."""
        self._ears, self._mouth = os.pipe()
        os.set_blocking(self._mouth, False)

    def hear(self) -> None:
        """Listen in this process: of those that share the announcements, it runs the worker."""
        ears, self._mouth = self._ears, None
        if ears is not None:
            threading.Thread(target=self._listen, args=(ears,), name="ears", daemon=True).start()

    def announce(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()
        if self._mouth is not None:
            with suppress(BlockingIOError):  # full: then enough waits there to be heard
                os.write(self._mouth, b"!")

    def wait(self, seen: int, timeout_s: float) -> None:
        """Returns once there is an announcement after the first `seen`, or after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: self.count != seen, timeout_s)

    def _listen(self, ears: int) -> None:
        while os.read(ears, 4096):
            self.announce()


in_this_process = Announcements()
"""That there may be work."""
idle_in_this_process = Announcements()
"""That a worker found none, or that a run can't go on: it may have ended."""


def enqueue(run: Run) -> None:
    """Tell the workers of a run after commit.

    Raises QueueUnreachable, at commit, where Redis doesn't answer; the run is kept, and starts when
    a worker finds it.
    """
    transaction.on_commit(partial(ring, run.pk))


def ring(run_id: int, *, lost: uuid.UUID | None = None) -> None:
    """Sends a run's message to the workers, unless one waits already.

    `lost` is the token of a message that is known to wait no more: another takes its place.
    Raises QueueUnreachable.
    """
    if not settings.REDIS_URL:
        in_this_process.announce()
        return
    from kombu.exceptions import OperationalError

    from runners.celery import QUEUES, app

    token = uuid.uuid4()
    if not Run.objects.unfinished().filter(pk=run_id, rung=lost).update(rung=token):
        return
    try:
        app.send_task(
            PROCESS_SHARD,
            [run_id, token.hex],
            queue=QUEUES[_kind(run_id)],
            headers={"token": token.hex},
        )
    except OperationalError as error:
        Run.objects.filter(pk=run_id, rung=token).update(rung=None)
        raise QueueUnreachable(
            f"the queue doesn't answer ({error}), see EVALHUB_REDIS_URL; run {run_id} is kept, and "
            "starts when a worker finds it"
        ) from error


def take(run_id: int, token: str) -> bool:
    """Take a message: whether it is its run's current one, which is then no longer waiting."""
    waiting = Run.objects.filter(pk=run_id, rung=uuid.UUID(token))
    return bool(waiting.update(rung=None))


def _kind(run_id: int) -> str:
    types = ModelVersion.objects.filter(runs=run_id).values_list("backend__type", flat=True)
    backend = BACKENDS.get(types[0])
    return backend.queue if backend else "cpu"


def queue_length() -> int:
    """Messages that wait in the queues. Raises QueueUnreachable."""
    with _redis() as redis:
        return sum(int(redis.llen(queue)) for queue in _queues())


def waiting_tokens() -> set[uuid.UUID]:
    """The tokens of the messages that wait in the queues. Raises QueueUnreachable."""
    with _redis() as redis:
        messages = [raw for queue in _queues() for raw in redis.lrange(queue, 0, -1)]
    headers = [json.loads(raw).get("headers", {}) for raw in messages]
    return {uuid.UUID(header["token"]) for header in headers if "token" in header}


def _queues() -> list[str]:
    from runners.celery import QUEUES

    return list(QUEUES.values())


@contextmanager
def _redis() -> Iterator[Any]:
    """The queue's own client. Raises QueueUnreachable."""
    from kombu.exceptions import OperationalError

    from runners.celery import app

    with app.connection_for_write() as connection:
        errors: Any = (OperationalError, OSError, *connection.connection_errors)
        try:
            connection.ensure_connection(max_retries=1, timeout=2)
            channel: Any = connection.default_channel
            yield channel.client
        except errors as error:
            raise QueueUnreachable(
                f"no queue answers at {connection.as_uri()}: {error}; see EVALHUB_REDIS_URL"
            ) from error
