"""How fast answers with scores are handed in by REST, beside MLflow's batched metrics, and in how
much memory: `evalhub up` and `mlflow server` on one PostgreSQL, which keeps what it has committed.

python -m tests.benchmarks.ingestion_speed [--rows 1000000] [--no-mlflow]

A row of ours is an answer with two scores and its latency; one of MLflow's is one metric's value.
MLflow is installed into an environment of its own. The load comes from this process, so that it
takes part of the same cores.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil
import psycopg

from tests.benchmarks.peers import environment

BATCH = 1_000
NEEDED = ("psycopg[binary]", "pyyaml", "fastapi", "uvicorn", "click", "packaging")
"""Of MLflow's server, beside what `peers.environment` brings."""
SINGLE = 2_000
"""Requests of one row each."""
JSON, NDJSON = "application/json", "application/x-ndjson"

MADE = 50_000
"""Rows of a client that are made before the clock runs."""

type Request = tuple[str, str, bytes, dict[str, str]]
"""Method, path, body, headers."""
type Requests = Iterable[Request]
"""What one client sends, one after the other."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="in all, at batches of 1,000")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="of each server")
    parser.add_argument("--mlflow", type=Path, help="an environment with it, else one is made")
    parser.add_argument("--no-mlflow", action="store_true")
    asked = parser.parse_args()
    from tests.services import postgresql_server

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="evalhub-ingest-")))
        server = stack.enter_context(postgresql_server())
        os.environ |= {
            "EVALHUB_HOME": str(folder / "home"),
            "EVALHUB_DATABASE_URL": server.url,
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        pid = (server.folder / "data" / "postmaster.pid").read_text().split()[0]
        postgres = psutil.Process(int(pid))
        say(f"{os.cpu_count()} cores, {asked.clients} clients, {asked.processes} processes")
        ours(folder, asked.rows, asked, postgres)
        if not asked.no_mlflow:
            place = asked.mlflow or folder / "mlflow"
            python = environment.make(place, ["mlflow"], *NEEDED)
            mlflow(python, folder, server.url, min(asked.rows, 200_000), asked, postgres)


def ours(folder: Path, rows: int, asked: Any, postgres: psutil.Process) -> None:
    """Each client hands its part of the rows in as a run of its own; then single rows."""
    from tests.migrated import set_up_migrated

    set_up_migrated()
    each = rows // asked.clients // BATCH * BATCH
    last = each + SINGLE // asked.clients
    auth = {"Authorization": f"Bearer {prepared(folder, last, asked.clients)}"}
    command = [str(Path(sys.executable).parent / "evalhub"), "up"]
    command += ["--processes", str(asked.processes)]
    with served(command, "/") as (port, process):
        places = [begun(port, auth, client) for client in range(asked.clients)]

        def parts(start: int, stop: int, size: int) -> list[Requests]:
            return [of_client(place, auth, range(start, stop, size)) for place in places]

        servers, held = (process, postgres), memory(process)
        made = min(each, MADE)
        ready = [list(requests) for requests in parts(0, made, BATCH)]
        measured(f"Evalhub, batches of {BATCH:,}", port, ready, made * len(places), *servers)
        if each > made:
            more = parts(made, each, BATCH)
            measured("  more, made meanwhile", port, more, (each - made) * len(places), *servers)
        say(f"  memory of its processes: {held:.0f} MiB before, {memory(process):.0f} MiB after")
        single = [list(requests) for requests in parts(each, last, 1)]
        measured("Evalhub, batches of one", port, single, (last - each) * len(places), *servers)
        start = perf_counter()
        key = {"Idempotency-Key": "end", "Content-Type": JSON}
        total = json.dumps({"rows": last}).encode()
        call(port, ("POST", f"{places[0]}/finish", total, auth | key))
        say(f"  finished {last:,} rows in {perf_counter() - start:.1f} s")


def begun(port: int, auth: dict[str, str], client: int) -> str:
    body = {
        "model": f"model-{client}",
        "test_set": "tickets",
        "metrics": [{"name": "recorded", "score": "f1"}],
    }
    key = {"Idempotency-Key": str(client), "Content-Type": JSON}
    at = "/api/v1/projects/desk/ingestions"
    return str(json.loads(call(port, ("POST", at, json.dumps(body).encode(), auth | key)))["url"])


def of_client(place: str, auth: dict[str, str], starts: range) -> Iterator[Request]:
    for start in starts:
        headers = auth | {"Content-Type": NDJSON, "Upload-Offset": str(start)}
        yield "PATCH", f"{place}/rows", answers(start, start + starts.step), headers


def prepared(folder: Path, items: int, models: int) -> str:
    """A project with a test set and models; a token's secret."""
    from evalhub.accounts.models import Membership, Project, Role, User
    from evalhub.accounts.tokens import add_token
    from evalhub.registry.importing import import_test_set
    from evalhub.registry.versions import register_version
    from runners.backends.recorded import RecordedBackend

    project = Project.objects.create(slug="desk", name="Desk")
    eva = User.objects.create(username="eva")
    Membership.objects.create(project=project, user=eva, role=Role.EVALUATOR)
    path = folder / "items.jsonl"
    with path.open("w") as file:
        for i in range(items):
            file.write(json.dumps({"id": f"ticket-{i:07}", "input": f"Ticket {i}?"}) + "\n")
    import_test_set(project=project, slug="tickets", path=path)
    for client in range(models):
        register_version(
            project=project, slug=f"model-{client}", kind="base", backend=RecordedBackend()
        )
    return add_token(project=project, user=eva, name="b", scopes=["ingest"], by=None).secret


def mlflow(
    python: Path, folder: Path, url: str, rows: int, asked: Any, postgres: psutil.Process
) -> None:
    """The same number of clients log batches of metrics, each to a run of its own."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE mlflow")
    store = url.replace("/postgres?", "/mlflow?")
    command = [str(python), "-W", "ignore", "-m", "mlflow", "server"]
    command += ["--backend-store-uri", store, "--workers", str(asked.processes)]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    with served(command, "/health") as (port, process):
        below, kind = "/api/2.0/mlflow/runs", {"Content-Type": JSON}
        runs = []
        for _ in range(asked.clients):
            body = json.dumps({"experiment_id": "0", "start_time": 1}).encode()
            made = json.loads(call(port, ("POST", f"{below}/create", body, kind)))
            runs.append(made["run"]["info"]["run_id"])
        each = rows // asked.clients // BATCH * BATCH
        last = each + SINGLE // asked.clients

        def parts(start: int, stop: int, size: int) -> list[Requests]:
            return [
                [
                    ("POST", f"{below}/log-batch", metrics(run, at, at + size), kind)
                    for at in range(start, stop, size)
                ]
                for run in runs
            ]

        servers, name = (process, postgres), f"MLflow {environment.VERSIONS['mlflow']}"
        batches, single = parts(0, each, BATCH), parts(each, last, 1)
        measured(f"{name}, batches of {BATCH:,}", port, batches, each * len(runs), *servers)
        measured(f"{name}, batches of one", port, single, (last - each) * len(runs), *servers)


def answers(start: int, stop: int) -> bytes:
    return b"".join(
        json.dumps(
            {
                "id": f"ticket-{i:07}",
                "output": "The parcel left our depot on Tuesday.",
                "latency_ms": 412.5,
                "scores": {"f1": 0.25 + i % 7 / 10, "em": i % 2 == 0},
            }
        ).encode()
        + b"\n"
        for i in range(start, stop)
    )


def metrics(run: str, start: int, stop: int) -> bytes:
    values = [
        {"key": "f1", "value": 0.25 + i % 7 / 10, "timestamp": 1_700_000_000_000 + i, "step": i}
        for i in range(start, stop)
    ]
    return json.dumps({"run_id": run, "metrics": values}).encode()


def measured(
    what: str, port: int, clients: Sequence[Requests], rows: int, *servers: psutil.Process
) -> None:
    """Sends what each client has, all clients at once, and says how fast it was taken, and how
    much processor time that took of the server and of PostgreSQL."""
    start, worked, sent = perf_counter(), worked_s(*servers), list[int]()
    at_once([partial(send, port, each, sent) for each in clients])
    seconds, taken = perf_counter() - start, worked_s(*servers) - worked
    say(
        f"{what}: {rows / seconds:,.0f} rows/s, {sum(sent) / seconds:,.0f} requests/s; of the "
        f"processor {taken / sum(sent) * 1000:.1f} ms a request, {taken / rows * 1e6:,.0f} µs a row"
    )


def at_once(calls: Sequence[Callable[[], object]]) -> None:
    failed: list[BaseException] = []

    def tried(call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=tried, args=(each,)) for each in calls]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if failed:
        raise failed[0]


def send(port: int, requests: Requests, sent: list[int]) -> None:
    """Adds how many there were to `sent`."""
    count = 0
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    for method, path, body, headers in requests:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {content[:500]!r}")
        count += 1
    connection.close()
    sent.append(count)


def call(port: int, request: Request) -> bytes:
    connection = HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request(*request)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{answer.status}: {content[:500]!r}")
    return content


@contextmanager
def served(command: list[str], health: str) -> Iterator[tuple[int, psutil.Process]]:
    """A server at a free port of this machine, once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        env={**os.environ, **environment.SILENT},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
            with suppress(OSError):
                call_ = HTTPConnection("127.0.0.1", port, timeout=5)
                call_.request("GET", health)
                call_.getresponse().read()
                break
            time.sleep(0.2)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def worked_s(*roots: psutil.Process) -> float:
    """Seconds of processor time that these and all below them have taken, also those that ended."""
    taken = 0.0
    for root in roots:
        for each in [root, *root.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                taken += sum(each.cpu_times()[:4])  # its own, and its children's that have ended
    return taken


def memory(process: psutil.Process) -> float:
    """MiB that the processes of a server hold together."""
    held = [process, *process.children(recursive=True)]
    return sum(each.memory_info().rss for each in held) / 1024**2


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
