"""The clients of this process: one a version, made when it is first asked.

What a client holds (connections, a loaded model) so serves all the shards and runs of its version.
"""

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from evalhub.schemas.keys import Reach
from runners.backends import backend_of
from runners.backends.asking import BackendClient

if TYPE_CHECKING:
    from evalhub.registry.models import ModelVersion

MOST_KEPT = 32
"""Of the least recently asked the client goes; who still asks it keeps it until then."""

type _Key = tuple[str, str]


@dataclass(slots=True)
class _Place:
    """Where a client is or will be. Its lock is held while it is made, which may take minutes, so
    that it is made once and nobody waits who asks another version."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    client: BackendClient | None = None


_places: OrderedDict[_Key, _Place] = OrderedDict()
_finding = threading.Lock()


def client_of(version: "ModelVersion", reach: Reach) -> BackendClient:
    """The client of a live version for a run that may reach this much.

    Raises BackendError where none can be made, which the next who asks tries again.
    """
    with _finding:
        key = (version.digest, reach.model_dump_json())
        place = _places.setdefault(key, _Place())
        _places.move_to_end(key)
        while len(_places) > MOST_KEPT:
            _places.popitem(last=False)
    with place.lock:
        if place.client is None:
            backend = backend_of(version)
            module = import_module(f"runners.backends.{backend.type}")
            place.client = module.Client.of(backend, version.prompt, version.sampling, reach)
        return place.client


def _forget() -> None:
    """A fork has none of its parent's threads and may use none of its connections."""
    global _finding
    _finding = threading.Lock()
    _places.clear()


os.register_at_fork(after_in_child=_forget)
