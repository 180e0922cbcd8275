"""How many flags a second a site evaluates, beside a bare Django view on the same server.

python -m tests.benchmarks.flags [--seconds 5] [--rounds 3] [--connections 16] [--processes 2]

`evalhub up` is asked on connections that stay open, each of which asks again once it is answered:
for a flag by OFREP, for `/healthz`, a view that does nothing below Django's middleware, and for the
rules by REST. They are asked in turn, and the best round of each counts; the client takes part of
the same cores. Ends with 1 below the target.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import check_output
from time import perf_counter

from tests.benchmarks.ingestion_speed import say, served

TARGET, P99_MS = 1_000, 25.0
RULES = "/api/v1/projects/support-desk/rules"
FLAG = "/ofrep/v1/evaluate/flags/model"


@dataclass(frozen=True)
class Pace:
    """Of a round: answers a second, and milliseconds of an answer at the median and at 99%."""

    rate: float
    p50_ms: float
    p99_ms: float


class Connection(asyncio.Protocol):
    """Asks again as soon as it is answered, until the time is over."""

    def __init__(self, requests: list[bytes], seconds: float) -> None:
        self._requests, self._until = requests, perf_counter() + seconds
        self._answer, self._began, self._count = b"", 0.0, 0
        self.times: list[float] = []
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, _, body = self._answer.partition(b"\r\n\r\n")
        if not body or len(body) < int(head.lower().split(b"content-length: ")[1].split()[0]):
            return
        now = perf_counter()
        if not head.startswith(b"HTTP/1.1 200"):
            self.ended.set_exception(RuntimeError(head.decode()))
            return
        self.times.append(now - self._began)
        if now < self._until:
            self._ask()
        elif not self.ended.done():
            self._transport.close()
            self.ended.set_result(None)

    def _ask(self) -> None:
        self._answer, self._began = b"", perf_counter()
        self._transport.write(self._requests[self._count % len(self._requests)])
        self._count += 1


async def pace(port: int, requests: list[bytes], connections: int, seconds: float) -> Pace:
    loop = asyncio.get_running_loop()
    open_ones = [
        (await loop.create_connection(lambda: Connection(requests, seconds), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*[each.ended for each in open_ones])
    times = sorted(time for each in open_ones for time in each.times)
    at = [1000 * times[int(share * len(times))] for share in (0.5, 0.99)]
    return Pace(len(times) / seconds, *at)


def requests_of(token: str) -> dict[str, list[bytes]]:
    headers = f"Host: localhost\r\nAuthorization: Bearer {token}\r\n"
    bodies = [json.dumps({"context": {"targetingKey": f"user-{n}"}}) for n in range(100)]
    posted = f"POST {FLAG} HTTP/1.1\r\n{headers}Content-Type: application/json\r\n"
    return {
        "a flag": [
            f"{posted}Content-Length: {len(body)}\r\n\r\n{body}".encode() for body in bodies
        ],
        "a bare view": [f"GET /healthz HTTP/1.1\r\n{headers}\r\n".encode()],
        "the rules": [f"GET {RULES} HTTP/1.1\r\n{headers}\r\n".encode()],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="evalhub-flags-"))
        os.environ |= {"EVALHUB_HOME": home, "DJANGO_SETTINGS_MODULE": "evalhub.settings"}
        begin = [sys.executable, "-m", "tests.features.experiments.routing.on_a_site", "begin"]
        token = check_output(begin, text=True).strip()
        command = [str(Path(sys.executable).parent / "evalhub"), "up"]
        port, _ = stack.enter_context(
            served([*command, "--processes", str(options.processes)], "/healthz")
        )
        load = f"load {os.getloadavg()[0]:.1f}"
        say(f"{os.cpu_count()} cores ({load}), {options.processes} processes")
        paces: dict[str, list[Pace]] = {}
        for _ in range(options.rounds):
            for what, requests in requests_of(token).items():
                round_ = pace(port, requests, options.connections, options.seconds)
                paces.setdefault(what, []).append(asyncio.run(round_))
    for what, rounds in paces.items():
        best = max(rounds, key=lambda one: one.rate)
        rates = ", ".join(f"{one.rate:,.0f}" for one in rounds)
        say(
            f"{what}: {best.rate:,.0f} a second, p50 {best.p50_ms:.1f} ms, "
            f"p99 {best.p99_ms:.1f} ms (rounds: {rates})"
        )
    flags = max(paces["a flag"], key=lambda one: one.rate)
    sys.exit(flags.rate < TARGET or flags.p99_ms > P99_MS)


if __name__ == "__main__":
    main()
