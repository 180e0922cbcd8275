"""The clients of this process: one a version, made when it is first asked.

What a client holds (connections, a loaded model) so serves all the shards and runs of its version.
Making one may take minutes: torch is imported, weights are digested. So it is made on a thread of
its own, while whoever waits for it renews what it holds.
"""

import contextvars
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from evalhub.declare.keys import Reach
from runners.backends import backend_of
from runners.backends.asking import BackendClient

if TYPE_CHECKING:
    from evalhub.registry.models import ModelVersion

WAIT_S = 0.5
MOST_KEPT = 32
"""Of the least recently asked the client goes; who still asks it keeps it until then."""

type _Key = tuple[str, str]


@dataclass(slots=True)
class _Place:
    """A client, or the slot for one that is still being made.

    The lock is held while it is made, which may take minutes: so it is made once, and nobody who
    asks another version waits.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    client: BackendClient | None = None


_slots: OrderedDict[_Key, _Place] = OrderedDict()
_finding = threading.Lock()


def client_of(
    version: "ModelVersion", reach: Reach, waiting: Callable[[], None] = lambda: None
) -> BackendClient:
    """The client of a live version for a run that may reach this much.

    `waiting` is called about every WAIT_S while it is made, and may raise to stop. Raises
    BackendError where none can be made, which the next who asks tries again.
    """
    with _finding:
        key = (version.digest, reach.model_dump_json())
        slot = _slots.setdefault(key, _Place())
        _slots.move_to_end(key)
        while len(_slots) > MOST_KEPT:
            _slots.popitem(last=False)
    backend = backend_of(version)

    def make() -> BackendClient:
        with slot.lock:
            if slot.client is None:
                module = import_module(f"runners.backends.{backend.type}")
                slot.client = module.Client.of(backend, version.prompt, version.sampling, reach)
            return slot.client

    return slot.client or make_in_thread(make, waiting)


def make_in_thread[Made](make: Callable[[], Made], waiting: Callable[[], None]) -> Made:
    """Run `make` on a thread of its own, with its result or error; `waiting` is called every WAIT_S
    until then, and may raise to stop: then the thread goes on, for whoever asks next.

    The thread has no connection to the database: what is read there is read before.
    """
    future = Future[Made]()

    def run() -> None:
        try:
            future.set_result(make())
        except BaseException as error:
            future.set_exception(error)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="client", daemon=True).start()
    while not wait([future], WAIT_S).done:
        waiting()
    return future.result()


def _forget() -> None:
    """A fork has none of its parent's threads and may use none of its connections."""
    global _finding
    _finding = threading.Lock()
    _slots.clear()


os.register_at_fork(after_in_child=_forget)
