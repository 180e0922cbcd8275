"""How a site is asked: by whom, how often, and what its refusals say. No site, no clock of ours."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from evalhub.client import connection as module
from evalhub.client.connection import AwayError, Connection, NoAccessError, RefusedError
from evalhub.client.server import Server, ServerError
from tests.fakes.site import FakeSite

TOKEN = "evh_" + "t" * 40


@dataclass
class Clock:
    """Goes on only where somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


def asking(address: str, clock: Clock, **fields: Any) -> Connection:
    return Connection(Server(address, TOKEN), "support", clock=clock, sleep=clock.sleep, **fields)


def test_a_request_has_the_token_and_the_key_and_goes_below_the_project() -> None:
    with FakeSite(status=201, body=b'{"a": 1}') as site:
        answer = asking(site.url, Clock()).post("/studies", {"b": 2}, key="k")
        (got,) = site.got
    assert (answer.status, answer.body) == (201, {"a": 1})
    assert (got["path"], got["body"]) == ("/api/v1/projects/support/studies", {"b": 2})
    assert got["headers"]["Authorization"] == f"Bearer {TOKEN}"
    assert got["headers"]["Idempotency-Key"] == "k"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, RefusedError), (401, NoAccessError), (403, NoAccessError), (404, NoAccessError),
     (409, RefusedError), (422, RefusedError), (500, RefusedError)],
)  # fmt: skip
def test_what_is_refused_is_not_tried_again(status: int, kind: type[Exception]) -> None:
    problem = {"detail": "no such thing", "errors": [{"field": "a.b", "message": "is wrong"}]}
    clock = Clock()
    with FakeSite(status=status, body=json.dumps(problem).encode()) as site:
        with pytest.raises(kind) as refused:
            asking(site.url, clock).post("/studies", {}, key="k")
        assert len(site.got) == 1
    assert type(refused.value) is kind
    assert f"HTTP {status}" in str(refused.value)
    assert "no such thing" in str(refused.value)
    assert clock.slept == []


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_site_that_is_away_is_tried_until_it_is_enough(status: int) -> None:
    clock, told = Clock(), list[str]()
    with FakeSite(status=status, body=b"<html>") as site:
        with pytest.raises(AwayError, match=f"HTTP {status}"):
            asking(site.url, clock, say=told.append).post("/studies", {}, key="k")
        assert len(site.got) == len(clock.slept) + 1 > 5
        assert len({each["headers"]["Idempotency-Key"] for each in site.got}) == 1
    assert module.PATIENCE_S - module.LONGEST_WAIT_S < clock.now <= module.PATIENCE_S
    assert len(told) == 1


def test_it_waits_for_as_long_as_the_site_asks_and_no_longer_than_it_may() -> None:
    clock = Clock()
    with FakeSite(status=503, headers={"Retry-After": "7"}) as site, pytest.raises(AwayError):
        asking(site.url, clock, until=30.0).post("/studies", {}, key="k")
    assert all(7 <= pause <= 7.5 for pause in clock.slept)
    assert len(clock.slept) == 4
    with FakeSite(status=429, headers={"Retry-After": "86400"}) as site:
        with pytest.raises(AwayError):
            asking(site.url, Clock()).post("/studies", {}, key="k")
        assert len(site.got) <= 3


def test_what_is_in_flight_is_asked_again() -> None:
    with FakeSite(status=409, headers={"Retry-After": "2"}) as site:
        with pytest.raises(AwayError):
            asking(site.url, Clock(), until=5.5).post("/studies", {}, key="k")
        assert len(site.got) == 3


def test_an_address_where_nobody_ever_answered_is_given_up_sooner() -> None:
    with FakeSite() as site:
        gone = site.url
    clock = Clock()
    with pytest.raises(AwayError, match="doesn't answer: Connection refused"):
        asking(gone, clock, until=7200.0).get("/studies")
    assert clock.now <= module.FIRST_PATIENCE_S


def test_a_redirection_is_not_followed_with_the_token() -> None:
    with FakeSite() as other, FakeSite(status=307, headers={"Location": other.url}) as site:
        with pytest.raises(RefusedError, match="HTTP 307"):
            asking(site.url, Clock()).post("/studies", {}, key="k")
        assert other.got == []


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("", "say the site's address"),
        ("evalhub.example", "say the site's address"),
        ("http://evalhub.example", "https is needed"),
        ("http://127.0.0.1.evil.example", "https is needed"),
        ("http://[::2]", "https is needed"),
        ("https://me:hunter2@evalhub.example", "scheme, host, port and path alone"),
        ("https://evalhub.example:port", "is no address"),
        ("https://evalhub.example?x", "scheme, host, port and path alone"),
    ],
)
def test_an_address_that_is_not_fit_for_a_token_is_refused(address: str, says: str) -> None:
    with pytest.raises(ServerError, match=says) as refused:
        Server.of(address, None, {"EVALHUB_TOKEN": TOKEN})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "address", ["https://evalhub.example/team/", "http://localhost:8000", "http://[::1]:8000"]
)
def test_https_or_this_machine_is_fit(address: str) -> None:
    server = Server.of(None, None, {"EVALHUB_SERVER": address, "EVALHUB_TOKEN": f" {TOKEN}\n"})
    assert server == Server(address.rstrip("/"), TOKEN)
    assert TOKEN not in repr(server)


def test_the_token_is_of_a_file_before_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("evh_of-a-file\n")
    environment = {"EVALHUB_SERVER": "https://evalhub.example", "EVALHUB_TOKEN": TOKEN}
    assert Server.of(None, file, environment).token == "evh_of-a-file"
    with pytest.raises(ServerError, match="can't be read"):
        Server.of(None, tmp_path / "none", environment)
    file.write_text("two words\n")
    with pytest.raises(ServerError, match="one word"):
        Server.of(None, file, environment)
    with pytest.raises(ServerError, match="there is no token"):
        Server.of("https://evalhub.example", None, {})


def test_a_client_needs_no_django() -> None:
    names = "connection, server, studies, uploads"
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            f"from evalhub.client import {names}\nimport sys\n"
            "print([each for each in ('django', 'celery', 'numpy') if each in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "[]"
