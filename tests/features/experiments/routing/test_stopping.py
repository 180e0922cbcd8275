"""A stop reaches every process of a site within a second, and so does a revoked token."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.serving.site import Site, up

pytestmark = [pytest.mark.heavy, pytest.mark.alone]

CONNECTIONS = 16
"""To one port: the system gives them to both processes."""
BODY = json.dumps({"context": {"targetingKey": "user-7"}})
MODULE = "tests.features.experiments.routing.on_a_site"

type Ask = Callable[[], list[tuple[int, Any]]]


def change(site: Site, verb: str) -> str:
    """What a process beside the site does to its database, and prints."""
    environment = site.environment | {"DJANGO_SETTINGS_MODULE": "evalhub.settings"}
    done = subprocess.run(
        [sys.executable, "-m", MODULE, verb],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[list[Site]]:
    """Two sites of one home, of which one has two processes."""
    with ExitStack() as stack:
        one = stack.enter_context(up(tmp_path, "--processes", "2"))
        (tmp_path / "other").mkdir()
        again = up(tmp_path / "other", again=True, EVALHUB_HOME=str(one.home))
        yield [one, stack.enter_context(again)]


@pytest.fixture
def token(sites: list[Site]) -> str:
    """Of a project with a running experiment."""
    return change(sites[0], "begin")


@pytest.fixture
def ask(sites: list[Site], token: str) -> Iterator[Ask]:
    """Asks on each of many connections, which stay: the status and the reason."""
    headers = {"Authorization": f"Bearer {token}"}
    with ExitStack() as stack:
        connections = [
            stack.enter_context(closing(HTTPConnection("127.0.0.1", site.port, timeout=60)))
            for site in sites
            for _ in range(CONNECTIONS)
        ]

        def one(connection: HTTPConnection) -> tuple[int, Any]:
            connection.request("POST", "/ofrep/v1/evaluate/flags/model", BODY, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()).get("reason")

        yield lambda: [one(connection) for connection in connections]


def test_a_second_after_a_stop_every_process_draws_nobody(sites: list[Site], ask: Ask) -> None:
    assert set(ask()) == {(200, "SPLIT")}
    change(sites[0], "stop")
    time.sleep(1)
    assert set(ask()) == {(200, "STATIC")}


def test_a_second_after_it_was_revoked_a_token_opens_nothing(sites: list[Site], ask: Ask) -> None:
    assert set(ask()) == {(200, "SPLIT")}
    change(sites[0], "revoke")
    time.sleep(1)
    assert set(ask()) == {(401, None)}


def test_what_is_hostile_is_refused_and_others_are_answered_as_before(
    sites: list[Site], token: str, ask: Ask
) -> None:
    """A large body by the server itself, which reads no more than a stranger may send."""
    hostile: list[tuple[str, bytes, int]] = [
        ("model", b"x" * 1_000_000, 413),
        ("model", b'{"context": {"targetingKey": "' + b"x" * 60_000 + b'"}}', 400),
        ("model", b"[" * 60_000, 400),
        ("none", BODY.encode(), 404),
        ("%00%ff", BODY.encode(), 404),
    ]
    for flag, body, status in hostile:
        with closing(HTTPConnection("127.0.0.1", sites[0].port, timeout=60)) as connection:
            connection.putrequest("POST", f"/ofrep/v1/evaluate/flags/{flag}")
            connection.putheader("Authorization", f"Bearer {token}")
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body[:64_000])
            assert connection.getresponse().status == status
    assert set(ask()) == {(200, "SPLIT")}
