"""How workers hear of a run's shards. The database is the truth: a lost message only delays.

Without Redis the workers are threads of this process (`runners.embedded`), which wait for the next
announcement; with Redis they are Celery workers (`runners.tasks`), each message a run's id.
"""

import threading
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from evalhub.registry.models import Run, Shard

PROCESS_SHARD = "evalhub.process_shard"
MOST_MESSAGES = 32


class QueueUnreachable(Exception):
    """The broker doesn't answer."""


class Announcements:
    """Wakes threads that wait for work.

    A thread reads `count`, looks for work, and waits from that count on: what is announced after
    its look wakes it.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.count = 0

    def announce(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def wait(self, seen: int, timeout_s: float) -> None:
        """Returns once there is an announcement after the first `seen`, or after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: self.count != seen, timeout_s)


in_this_process = Announcements()


def enqueue(run: Run) -> None:
    """Enqueue the run's claimable shards after commit.

    Raises QueueUnreachable, at commit, where Redis doesn't answer; the run is kept, and starts when
    a worker finds it.
    """
    claimable = Shard.objects.filter(run=run).claimable(timezone.now())
    messages = max(1, claimable[:MOST_MESSAGES].count())
    transaction.on_commit(partial(_send, run.pk, messages))


def _send(run_id: int, messages: int) -> None:
    if not settings.REDIS_URL:
        in_this_process.announce()
        return
    from kombu.exceptions import OperationalError

    from runners.celery import app

    try:
        for _ in range(messages):
            app.send_task(PROCESS_SHARD, [run_id])
    except OperationalError as error:
        raise QueueUnreachable(
            f"the queue doesn't answer ({error}), see EVALHUB_REDIS_URL; run {run_id} is kept, and "
            "starts when a worker finds it"
        ) from error


def queue_length() -> int:
    """Messages that wait in the queue. Raises QueueUnreachable."""
    from kombu.exceptions import ChannelError, OperationalError

    from runners.celery import QUEUE, app

    with app.connection_for_write() as connection:
        try:
            connection.ensure_connection(max_retries=1, timeout=2)
            channel: Any = connection.default_channel
            declared = channel.queue_declare(QUEUE, passive=True)
        except ChannelError:
            return 0
        except (OperationalError, OSError) as error:
            raise QueueUnreachable(
                f"no queue answers at {connection.as_uri()}: {error}; see EVALHUB_REDIS_URL"
            ) from error
        return int(declared.message_count)
