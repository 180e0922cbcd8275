"""How many requests of production a second come in through the real door: `evalhub up`, on a
PostgreSQL that keeps what it has committed, takes NDJSON by HTTP, beside a COPY of as many rows.

python -m tests.benchmarks.traffic_door [--rows 40000] [--batch 5000] [--clients 2] [--processes N]

Bodies are made before the clock runs, and sent from this process, which takes part of the same
cores. Processor time is that of the server and of PostgreSQL together. Each kind of row is sent in
rounds, with a round of the peer after each: the best of both is given, and their ratio.
"""

import argparse
import gzip
import json
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import batched
from pathlib import Path
from sys import executable
from time import perf_counter
from typing import Any

import psutil
import psycopg

from tests.benchmarks.ingestion_speed import at_once, memory, say, send, served, worked_s
from tests.benchmarks.traffic_reading import LENGTH, ROW, made_up

ROUNDS = 4
PERSONAL = ("write to ada.lovelace@example.org", "call +49 30 901820", "pay by 4111 1111 1111 1111")
ADDRESS = "/api/v1/projects/desk/requests"


@dataclass(frozen=True)
class Cost:
    """Of a round: seconds of the clock and of the processors, for one row."""

    clock: float
    processors: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=40_000, help="of a round, a tenth with texts")
    parser.add_argument("--batch", type=int, default=5_000, help="lines of a body")
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--gzip", action="store_true")
    options = parser.parse_args()
    from tests.services import postgresql_server

    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="evalhub-door-"))
        server = stack.enter_context(postgresql_server("-c max_wal_size=4GB"))
        os.environ |= {
            "EVALHUB_HOME": home,
            "EVALHUB_DATABASE_URL": server.url,
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        secret = prepare()
        pid = (server.folder / "data" / "postmaster.pid").read_text().split()[0]
        postgres = psutil.Process(int(pid))
        command = [str(Path(executable).parent / "evalhub"), "up"]
        command += ["--processes", str(options.processes)]
        port, site = stack.enter_context(served(command, "/healthz"))
        say(f"{os.cpu_count()} cores, {options.processes} processes, {options.clients} clients")
        peer = stack.enter_context(psycopg.connect(server.url, autocommit=True))
        for what, with_texts, rows in (
            ("without texts", False, options.rows),
            (f"with 2 × {LENGTH:,} characters, masked", True, options.rows // 10),
        ):
            bodies = made_bodies(what, rows, options, with_texts)
            sender = partial(send_all, port, secret, options)
            measure(what, rows, bodies, sender, peer, with_texts, site, postgres)


def prepare() -> str:
    """A project that keeps all its texts; the secret of a token that may send."""
    from tests.migrated import set_up_migrated

    set_up_migrated()
    from evalhub.accounts.models import Membership, Project, Role, User
    from evalhub.accounts.tokens import add_token
    from evalhub.features.traffic.keeping import change_settings

    project = Project.objects.create(slug="desk", name="Desk")
    user = User.objects.create(username="olga")
    Membership.objects.create(project=project, user=user, role=Role.OWNER)
    change_settings(project=project, by=user, text_share=1.0)
    return add_token(project=project, user=user, name="door", scopes=["traffic"], by=None).secret


def measure(
    what: str,
    rows: int,
    bodies: list[list[bytes]],
    sender: Callable[[list[bytes]], None],
    peer: psycopg.Connection[Any],
    with_texts: bool,
    site: psutil.Process,
    postgres: psutil.Process,
) -> None:
    """One round more than is counted: what is used for the first time is loaded then."""
    sender(bodies[0])
    resident = memory(site)
    ours, theirs = list[Cost](), list[Cost]()
    for of_round in bodies[1:]:
        ours.append(cost(partial(sender, of_round), rows, site, postgres))
        theirs.append(cost(copies(peer, rows, with_texts), rows, postgres))
    of_ours, of_peer = (min(each.processors for each in costs) for costs in (ours, theirs))
    say(
        f"{what}: {1 / min(each.clock for each in ours):,.0f} requests a second; "
        f"{of_ours * 1e6:.1f} µs of the processors a request, {of_ours / of_peer:.1f} times those "
        f"of a bare COPY ({of_peer * 1e6:.1f} µs); memory {memory(site) - resident:+.1f} MiB"
    )


def cost(work: Callable[[], None], rows: int, *processes: psutil.Process) -> Cost:
    start, worked = perf_counter(), worked_s(*processes)
    work()
    return Cost((perf_counter() - start) / rows, (worked_s(*processes) - worked) / rows)


def send_all(port: int, secret: str, options: Any, bodies: list[bytes]) -> None:
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/x-ndjson"}
    headers |= {"Content-Encoding": "gzip"} if options.gzip else {}
    of_clients = [bodies[client :: options.clients] for client in range(options.clients)]
    at_once(
        [
            partial(send, port, [("POST", ADDRESS, body, headers) for body in mine], [])
            for mine in of_clients
        ]
    )


def copies(peer: psycopg.Connection[Any], rows: int, with_texts: bool) -> Callable[[], None]:
    """As many stored rows, ready for COPY into empty tables with the same indexes."""
    tables = ["traffic_request", "traffic_requesttext"] if with_texts else ["traffic_request"]
    data: dict[str, bytes] = {}
    for table in tables:
        query = f"COPY (SELECT * FROM {table} LIMIT {rows}) TO STDOUT"
        with peer.cursor().copy(query) as stored:
            data[table] = b"".join(map(bytes, stored))
        peer.execute(f"DROP TABLE IF EXISTS peer_{table}")
        peer.execute(f"CREATE TABLE peer_{table} (LIKE {table} INCLUDING ALL)")

    def copy() -> None:
        for table in tables:
            with peer.cursor().copy(f"COPY peer_{table} FROM STDIN") as incoming:
                incoming.write(data[table])

    return copy


def made_bodies(what: str, rows: int, options: Any, with_texts: bool) -> list[list[bytes]]:
    """Of each round, and one before."""
    size = options.batch // 10 if with_texts else options.batch
    pack = partial(gzip.compress, compresslevel=1) if options.gzip else bytes
    return [
        [
            pack(b"\n".join(lines))
            for lines in batched(made_rows(f"{what} {n}", rows, with_texts), size)
        ]
        for n in range(ROUNDS + 1)
    ]


def made_rows(seed: str, rows: int, with_texts: bool) -> Iterator[bytes]:
    """Requests of the last two hours, in the order in which they came."""
    draws, begin = random.Random(seed), datetime.now(UTC) - timedelta(hours=2)
    texts = [made_up(number) for number in range(500)] if with_texts else []
    for n in range(rows):
        row = ROW | {
            "id": f"req-{draws.getrandbits(96):024x}",
            "time": (begin + timedelta(seconds=7000 * n / rows)).isoformat(),
            "user": f"user-{n // 7}",
            "conversation": f"conversation-{n // 4}",
            "response_id": f"chatcmpl-{draws.getrandbits(96):024x}",
            "trace_id": f"{draws.getrandbits(128):032x}",
            "latency_ms": draws.lognormvariate(6.5, 1.1),
            "route": draws.choice(("chat", "search", "billing", "returns")),
        }
        if with_texts:
            del row["language"]  # it is detected, as it is where nobody says it
            question = f"{draws.choice(texts)} {draws.choice(PERSONAL)}"
            row |= {"messages": [{"role": "user", "content": question}]}
            row |= {"output": draws.choice(texts)}
        yield json.dumps(row).encode()


if __name__ == "__main__":
    main()
