"""Sites restarted while programs post all the time: no request fails."""

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from tests.fakes.balancer import balancer_to
from tests.migrated import a_migrated_database
from tests.services import a_free_port
from tests.serving.site import BIN, environment

pytestmark = [pytest.mark.heavy, pytest.mark.services]

PATIENCE_S = 120


@dataclass
class Poster:
    """A program that makes one token after another by REST, each of another name.

    Attributes:
        port: of the site, or the proxy, that it asks.
        token: by which it acts.
        name: with which the names of its tokens begin.
        keeps: its connection for the next request, as long as the site does.
        made: names of tokens that the site said it made.
        refused: how often no connection came about.
        failed: what else became of a request.
    """

    port: int
    token: str
    name: str
    keeps: bool = False
    made: list[str] = field(default_factory=list)
    refused: int = 0
    failed: list[str] = field(default_factory=list)

    def post_until(self, ended: threading.Event) -> None:
        connection: http.client.HTTPConnection | None = None
        for number in count():
            if ended.wait(0.005) or self.failed:
                break
            if connection is None or connection.sock is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                try:
                    connection.connect()
                except OSError:
                    self.refused += 1
                    connection = None
                    continue
            self._post(connection, f"{self.name}-{number}")
            if not self.keeps:
                connection.close()
        if connection:
            connection.close()

    def _post(self, connection: http.client.HTTPConnection, name: str) -> None:
        body = json.dumps({"name": name, "scopes": ["admin"]})
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": name,
        }
        if not self.keeps:
            headers["Connection"] = "close"
        try:
            connection.request("POST", "/api/v1/projects/desk/tokens", body, headers)
            reply = connection.getresponse()
            text = reply.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self.failed.append(f"{name}: {error!r}")
            return
        if reply.status == 201:
            self.made.append(name)
        else:
            self.failed.append(f"{name}: {reply.status} {text}")


@contextmanager
def posting(*posters: Poster) -> Iterator[None]:
    ended = threading.Event()
    threads = [threading.Thread(target=poster.post_until, args=(ended,)) for poster in posters]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


class Upped:
    """`evalhub up` at one port, which can be started again there."""

    def __init__(self, folder: Path, port: int, *arguments: str, **variables: str) -> None:
        folder.mkdir()
        self.port, self._folder, self._arguments = port, folder, arguments
        self.environment = environment(folder / "home", variables)

    def start(self) -> None:
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [BIN / "evalhub", "up", "--port", str(self.port), *self._arguments],
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout
        assert self._process.stdout.readline().startswith(b"Evalhub is at ")

    def tell_to_stop(self) -> None:
        self._process.terminate()

    def stop(self) -> int:
        """Its exit code after SIGTERM, of which a second changes nothing."""
        self._process.terminate()
        self._process.communicate(timeout=PATIENCE_S)
        return self._process.returncode

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def command(self, *arguments: str) -> str:
        made = subprocess.run(
            [BIN / "evalhub", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return made.stdout


def a_token(site: Upped) -> str:
    site.command("user", "add", "nour", "--project", "desk", "--role", "owner")
    made = site.command(
        *("token", "add", "poster", "--project", "desk", "--scope", "admin", "--json")
    )
    token: str = json.loads(made)["token"]
    return token


def tokens_kept(site: Upped) -> set[str]:
    rows = json.loads(site.command("token", "list", "--project", "desk", "--json"))
    return {row["name"] for row in rows} - {"poster"}


def test_two_sites_restarted_one_after_the_other_fail_no_request(
    tmp_path: Path, postgres_url: str
) -> None:
    """One of one process and one of two, on one database, behind a proxy that looks at /readyz."""
    given = {
        "EVALHUB_DATABASE_URL": a_migrated_database(postgres_url, "restarted"),
        "EVALHUB_SECRET_KEY": "a-long-and-random-text-of-more-than-fifty-characters-0123456789",
        "EVALHUB_TRUSTED_PROXY": "127.0.0.0/8",
        "EVALHUB_DRAIN_S": "8",
    }
    sites = [
        Upped(tmp_path / "one", a_free_port(), **given),
        Upped(tmp_path / "two", a_free_port(), "--processes", "2", **given),
    ]
    one, two = sites
    token = a_token(one)
    for site in sites:
        site.start()
    try:
        with balancer_to(one.port, two.port) as balancer:
            balancer.wait_for(one.port, two.port)
            posters = [
                Poster(balancer.port, token, f"poster{n}", keeps=n % 2 == 0) for n in range(4)
            ]
            with posting(*posters):
                for site, other in ((one, two), (two, one)):
                    site.tell_to_stop()
                    balancer.wait_for(other.port)  # while the site still takes requests
                    assert site.stop() == 0
                    site.start()
                    balancer.wait_for(one.port, two.port)
    finally:
        for site in sites:
            site.kill()
    for poster in posters:
        assert poster.failed == []
        assert poster.refused == 0
        assert poster.made
    assert tokens_kept(one) == {name for poster in posters for name in poster.made}


@pytest.mark.parametrize("processes", ["1", "2"])
def test_who_was_connected_is_answered_also_without_a_proxy(tmp_path: Path, processes: str) -> None:
    """A site that doesn't drain is restarted: a program is refused, or answered."""
    site = Upped(tmp_path / "site", a_free_port(), "--processes", processes, EVALHUB_DRAIN_S="0")
    token = a_token(site)
    posters = [Poster(site.port, token, f"poster{n}") for n in range(4)]
    site.start()
    try:
        with posting(*posters):
            for _ in range(2):
                made = [len(poster.made) for poster in posters]
                while any(
                    len(poster.made) < before + 3 and not poster.failed
                    for before, poster in zip(made, posters, strict=True)
                ):
                    time.sleep(0.05)
                assert site.stop() == 0
                site.start()
    finally:
        site.kill()
    for poster in posters:
        if sys.platform == "linux":
            assert poster.failed == []
        assert poster.made
    assert tokens_kept(site) == {name for poster in posters for name in poster.made}
