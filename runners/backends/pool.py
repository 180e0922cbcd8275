"""The connections of this process: kept open between requests, shards and runs.

All of them belong to one event loop, which runs on a thread of its own.
"""

import asyncio
import atexit
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.backends.body import ACCEPTED
from runners.backends.connecting import PublicAddressesOnly

if TYPE_CHECKING:
    import aiohttp

IDLE_S = 30.0
"""An unused connection is closed after this long; many servers do so themselves after 60."""


@dataclass(frozen=True, slots=True)
class Connections:
    """The open connections to one address.

    Attributes:
        public: what refuses addresses that aren't public ones; None where all may be connected to.
    """

    session: "aiohttp.ClientSession"
    public: PublicAddressesOnly | None


_starting = threading.Lock()
_loops: list[asyncio.AbstractEventLoop] = []
_connections: dict[tuple[str, bool], Connections] = {}
_left_to_the_parent: list[object] = []


def event_loop() -> asyncio.AbstractEventLoop:
    """The loop that this process asks on, which runs."""
    with _starting:
        if not _loops:
            _loops.append(asyncio.new_event_loop())
            threading.Thread(target=_loops[0].run_forever, name="backends", daemon=True).start()
        return _loops[0]


def connections(url: str, *, private: bool) -> Connections:
    """The connections to an address, for who runs on the loop.

    They carry no key and no cookie: what is sent with a request belongs to that request. Those of
    who may ask private addresses are nobody else's.
    """
    import aiohttp

    pool = _connections.get((url, private))
    if pool is None:
        public = None if private else PublicAddressesOnly()
        session = aiohttp.ClientSession(
            headers={"Accept-Encoding": ACCEPTED},
            auto_decompress=False,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(
                limit=0, keepalive_timeout=IDLE_S, socket_factory=public
            ),
        )
        pool = _connections[url, private] = Connections(session, public)
    return pool


async def _close() -> None:
    for connection in _connections.values():
        await connection.session.close()
    _connections.clear()


@atexit.register
def _close_at_the_end() -> None:
    for loop in _loops:
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(_close(), loop).result(1)


def _forget() -> None:
    """A fork has none of its parent's threads. The parent's connections it neither uses nor ends:
    they and what waits for them are shared with it."""
    global _starting
    _starting = threading.Lock()
    _left_to_the_parent.extend([*_loops, *_connections.values()])
    _loops.clear()
    _connections.clear()


os.register_at_fork(after_in_child=_forget)
