"""The web process and the database are killed while answers are handed in, by two at once: nothing
that was acknowledged is lost, and nothing is doubled."""

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.ingestion_speed import JSON, NDJSON, answers
from tests.e2e.test_growing_up import ROOT, environment
from tests.e2e.test_review_faults import PATIENCE_S, Site
from tests.services import PostgreSQL, postgresql_server

pytestmark = [pytest.mark.services, pytest.mark.heavy, pytest.mark.paired]

ROWS, PART = 3_000, 20
PREPARE = (
    "import sys; from pathlib import Path; from tests.migrated import set_up_migrated; "
    "set_up_migrated(); from tests.benchmarks.ingestion_speed import prepared; "
    f"print(prepared(Path(sys.argv[1]), {ROWS}, 1))"
)
BEGIN = {"model": "model-0", "test_set": "tickets", "metrics": [{"name": "recorded"}]}


class Sender:
    """A program that sends all rows part by part, and a part again until it is answered."""

    def __init__(self, site: Site, secret: str, progress: threading.Semaphore) -> None:
        self.site, self.secret, self.progress = site, secret, progress
        self.acknowledged = self.conflicts = self.cuts = 0

    def ask(self, method: str, path: str, body: bytes, **headers: str) -> tuple[int, Any, Any]:
        until = time.monotonic() + PATIENCE_S
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=20)
                auth = {"Authorization": f"Bearer {self.secret}"}
                connection.request(method, path, body, auth | named)
                answer = connection.getresponse()
                found = answer.status, answer.headers, json.loads(answer.read() or b"{}")
                if answer.status < 500:
                    return found
            except (OSError, ValueError, http.client.HTTPException):
                pass
            assert time.monotonic() < until, "the site has not come back"
            self.cuts += 1
            time.sleep(0.05)

    def send(self, at: str) -> None:
        offset = 0
        while offset < ROWS:
            body = answers(offset, min(offset + PART, ROWS))
            status, headers, told = self.ask(
                "PATCH", f"{at}/rows", body, Content_Type=NDJSON, Upload_Offset=str(offset)
            )
            assert status in (200, 409), told
            there = int(headers["Upload-Offset"])
            assert there >= self.acknowledged, "what was acknowledged is lost"
            self.conflicts += status == 409
            offset = self.acknowledged = there
            self.progress.release()


@pytest.fixture
def database() -> Iterator[PostgreSQL]:
    with postgresql_server() as server:
        yield server


@pytest.fixture
def site(database: PostgreSQL, tmp_path: Path) -> Iterator[tuple[Site, str]]:
    """The site, and a token's secret."""
    variables = {
        "EVALHUB_ALLOWED_HOSTS": "127.0.0.1",
        "EVALHUB_SECRET_KEY": "s" * 50,
        "EVALHUB_DATABASE_URL": database.url,
        "DJANGO_SETTINGS_MODULE": "evalhub.settings",
    }
    with socket.create_server(("127.0.0.1", 0)) as listener:
        site = Site(tmp_path, variables, listener.getsockname()[1])
    prepared = subprocess.run(
        [sys.executable, "-c", PREPARE, str(tmp_path)],
        cwd=ROOT,
        env=environment(tmp_path, variables),
        capture_output=True,
        text=True,
        check=True,
    )
    site.start()
    yield site, prepared.stdout.strip()
    site.kill()


def test_every_row_is_there_once(site: tuple[Site, str], database: PostgreSQL) -> None:
    running, secret = site

    def web_is_killed() -> None:
        running.kill()
        running.start()

    def database_is_killed() -> None:
        database.kill()
        database.start()

    progress = threading.Semaphore(0)
    senders = [Sender(running, secret, progress) for _ in range(2)]
    body = json.dumps(BEGIN).encode()
    _, _, begun = senders[0].ask(
        "POST",
        "/api/v1/projects/desk/ingestions",
        body,
        Content_Type=JSON,
        Idempotency_Key="b",
    )
    faults: list[Callable[[], None]] = [web_is_killed, database_is_killed, web_is_killed]
    with ThreadPoolExecutor(2) as pool:
        sending = [pool.submit(each.send, begun["url"]) for each in senders]
        for fault in faults:
            for _ in range(ROWS // PART // (len(faults) + 1)):
                assert progress.acquire(timeout=PATIENCE_S)
            fault()
        for each in sending:
            each.result()
    assert sum(each.conflicts for each in senders) > 0
    assert sum(each.cuts for each in senders) > 0
    status, headers, told = senders[0].ask(
        "POST",
        f"{begun['url']}/finish",
        json.dumps({"rows": ROWS}).encode(),
        Content_Type=JSON,
        Idempotency_Key="f",
    )
    assert status == 202, told
    counted = "SELECT count(*), count(DISTINCT item_id), min(sample), max(sample) FROM "
    assert running.rows(counted + "registry_output") == [(ROWS, ROWS, 0, 0)]
    assert "/runs/" in headers["Location"]
