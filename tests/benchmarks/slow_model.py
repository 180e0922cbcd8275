"""A model server that answers after a stated time and costs its machine next to nothing: for
benchmarks, in a process of its own.

python -m tests.benchmarks.slow_model SECONDS [KIND ITEMS]

Prints its port. SECONDS are the mean, and KIND is one of `tests.benchmarks.latencies`, drawn for
each "Question N?" by its number; with KIND "arms" the model "other" takes three times as long. It
reads whole requests by their Content-Length, whatever they ask, and answers "right" in OpenAI's
form. At `GET /counts` it tells what it was asked, and how long it was idle.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.benchmarks.latencies import ARMS, SLOWER_ARM, latencies

ANSWER = json.dumps(
    {
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "right"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 12, "completion_tokens": 1},
    }
).encode()


def response(body: bytes) -> bytes:
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


ANSWERED = response(ANSWER)


class Counts:
    """What was asked, and when; in seconds of the machine's clock."""

    def __init__(self) -> None:
        self.requests = self.connections = self.at_once = self.most_at_once = 0
        self.first = self.last = 0.0
        self.idle_s, self._idle_since = 0.0, 0.0

    def begin(self) -> None:
        now = time.time()
        self.first = self.first or now
        if not self.at_once and self._idle_since:
            self.idle_s += now - self._idle_since
        self.requests += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)

    def end(self) -> None:
        self.at_once -= 1
        self.last = self._idle_since = time.time()

    def told(self) -> bytes:
        names = ("requests", "connections", "most_at_once", "first", "last", "idle_s")
        return json.dumps({name: getattr(self, name) for name in names}).encode()


_NUMBER = re.compile(rb"Question (\d+)")

type Latency = Callable[[bytes], float]
"""Seconds, by a request."""


def latency_of(mean_s: float, kind: str, items: int) -> Latency:
    if kind == "constant":
        return lambda request: mean_s
    if kind == ARMS:
        return lambda request: mean_s * (SLOWER_ARM if b'"other"' in request else 1)
    drawn = latencies(kind, items, mean_s)

    def by_number(request: bytes) -> float:
        number = _NUMBER.search(request)
        return mean_s if number is None else drawn[int(number[1]) % items]

    return by_number


class Connection(asyncio.Protocol):
    def __init__(self, counts: Counts, latency_of: Latency) -> None:
        self.counts, self.latency_of, self.buffer = counts, latency_of, b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.counts.connections += 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            if head.startswith(b"get"):
                self.transport.write(response(self.counts.told()))
                self.counts.__init__()  # type: ignore[misc]
                self.buffer = self.buffer[end + 4 :]
                continue
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self.buffer) < end + 4 + length:
                return
            request, self.buffer = self.buffer[: end + 4 + length], self.buffer[end + 4 + length :]
            self.counts.begin()
            asyncio.get_running_loop().call_later(self.latency_of(request), self.answer)

    def answer(self) -> None:
        self.counts.end()
        if not self.transport.is_closing():
            self.transport.write(ANSWERED)


async def main() -> None:
    counts, mean_s = Counts(), float(sys.argv[1])
    kind, items = (sys.argv[2], int(sys.argv[3])) if len(sys.argv) > 2 else ("constant", 0)
    latency = latency_of(mean_s, kind, items)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(counts, latency), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
