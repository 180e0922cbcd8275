"""A real HTTP server that speaks the retriever's protocol, and misbehaves as it is told.

with RetrieverServer() as server:
    spec = server.retriever(k=2)

Passage N of a query is its store's: nothing is held, however many passages the store says it has.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from zlib import crc32

from aiohttp import web

Misbehaviour = Callable[[str, int], web.Response | str | None]
HANG, DROP = "hang", "drop"


def answering(document: Any, status: int = 200, **headers: str) -> web.Response:
    """A response of this JSON."""
    return web.json_response(document, status=status, headers=headers)


@dataclass
class RetrieverServer:
    """Keeps the queries that came. `misbehave(query, attempt)` may give another response, HANG or
    DROP (the connection); `attempt` counts from 0 how often that was asked. `latencies` are by the
    order in which queries come, over and over."""

    size: int = 1_000_000
    latencies: Sequence[float] = ()
    misbehave: Misbehaviour = lambda query, attempt: None
    key: str = ""
    queries: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    port: int = 0
    most_at_once: int = 0
    _at_once: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/search"

    def retriever(self, **fields: Any) -> dict[str, Any]:
        """The specification of a retriever that asks this server."""
        return {"url": self.url, "index": "store-1", "k": 2, "retries": 1} | fields

    def passages(self, query: str, k: int) -> list[dict[str, Any]]:
        """What it finds: the passages of a place in the store, made as they are asked for."""
        at = crc32(query.encode()) % self.size
        return [
            {
                "id": f"p{(at + place) % self.size}",
                "text": f"Passage {place} about {query}",
                "score": 1 / (place + 1),
            }
            for place in range(k)
        ]

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10), "the server did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application()
        app.router.add_post("/search", self._search)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        self._loop.run_until_complete(site.start())
        self.port = site._server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(asyncio.wait_for(runner.cleanup(), 5))
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    async def _search(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        query = asked["query"]
        attempt = self.queries.count(query)
        number = len(self.queries)
        self.queries.append(query)
        self.bodies.append(asked)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
                return answering({"error": "who are you?"}, status=401)
            if self.latencies:
                await asyncio.sleep(self.latencies[number % len(self.latencies)])
            other = self.misbehave(query, attempt)
            if other == HANG:
                await asyncio.sleep(30)
            if other == DROP:
                assert request.transport is not None
                request.transport.close()
            if isinstance(other, web.Response):
                return other
            self.answered.append(query)
            return answering({"passages": self.passages(query, asked["k"])})
        finally:
            self._at_once -= 1
