"""Costly requests leave threads to people: by turns, in lanes, whoever sends how many."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from evalhub import settings
from evalhub.serving.lanes import (
    CostlyRequests,
    LanedDispatcher,
    at_once,
    threads_in_lanes,
)
from tests.benchmarks.heavy_requests import HEAVY, is_light, operations

PATIENCE_S = 30
COSTLY = CostlyRequests(
    people=re.compile(settings.PEOPLES_ADDRESSES),
    programs=re.compile("/(api|v1)/"),
    reads=re.compile(settings.COSTLY_READS),
)
IMPORT, PAGE = "/api/v1/projects/desk/test-sets/x/versions", "/studies/7/"
READ, THREADS = "/api/v1/projects/desk/studies/sums/gate", 10


@dataclass
class Asked:
    """As much of waitress's request as is looked at."""

    path: str
    command: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    error: Any = None
    query: str = ""


class Connection:
    """One whose request is answered when the test says so."""

    def __init__(self, request: Asked, began: list["Connection"], name: str = "") -> None:
        self.requests, self._began, self.name = [request], began, name
        self.begun, self.may_end = threading.Event(), threading.Event()

    def service(self) -> None:
        self._began.append(self)
        self.begun.set()
        assert self.may_end.wait(PATIENCE_S)

    def cancel(self) -> None:
        self.may_end.set()


@pytest.fixture
def began() -> list[Connection]:
    return []


@pytest.fixture
def dispatcher() -> Iterator[LanedDispatcher]:
    """Of ten threads, as the site has."""
    made = LanedDispatcher(COSTLY, at_once(THREADS))
    made.set_thread_count(THREADS)
    yield made
    made.shutdown(timeout=PATIENCE_S)


def sent(dispatcher: LanedDispatcher, connection: Connection) -> Connection:
    dispatcher.add_task(connection)
    return connection


def test_a_flood_of_costly_requests_leaves_threads_to_reviewers_and_light_reads(
    dispatcher: LanedDispatcher, began: list[Connection]
) -> None:
    flood = [Connection(Asked(IMPORT, "POST", {"AUTHORIZATION": "a"}), began) for _ in range(200)]
    flood += [Connection(Asked(PAGE, "GET", {"COOKIE": "a"}), began) for _ in range(200)]
    flood += [Connection(Asked(READ, "GET", {"AUTHORIZATION": "a"}), began) for _ in range(200)]
    for connection in flood:
        dispatcher.add_task(connection)
    people = [
        sent(dispatcher, Connection(Asked(path, method), began))
        for path, method in (
            ("/reviews/judge/x/", "POST"),
            ("/accounts/login/", "POST"),
            ("/static/a.css", "GET"),
            ("/runs/", "GET"),
        )
    ]
    news = Asked(READ, "GET", query="wait=25")
    people.append(sent(dispatcher, Connection(news, began)))
    assert all(person.begun.wait(PATIENCE_S) for person in people)
    working = [connection for connection in flood if connection.begun.is_set()]
    assert len(working) <= threads_in_lanes(THREADS) == 4
    for connection in flood + people:
        connection.may_end.set()
    assert all(connection.begun.wait(PATIENCE_S) for connection in flood)


def test_callers_take_turns(dispatcher: LanedDispatcher, began: list[Connection]) -> None:
    first = sent(dispatcher, Connection(Asked(IMPORT, "POST", {"AUTHORIZATION": "a"}), began))
    assert first.begun.wait(PATIENCE_S)
    rest = [
        sent(dispatcher, Connection(Asked(IMPORT, "POST", {"AUTHORIZATION": who}), began, who))
        for who in ("a", "a", "a", "b", "b", "c")
    ]
    for connection in rest:
        connection.may_end.set()
    first.may_end.set()
    assert all(connection.begun.wait(PATIENCE_S) for connection in rest)
    assert [connection.name for connection in began[1:]] == ["a", "b", "c", "a", "b", "a"]


def test_an_error_in_a_costly_request_lets_the_next_begin(
    dispatcher: LanedDispatcher, began: list[Connection]
) -> None:
    class Broken(Connection):
        def service(self) -> None:
            super().service()
            raise ZeroDivisionError

    broken = Broken(Asked(IMPORT, "POST"), began)
    broken.may_end.set()
    dispatcher.add_task(broken)
    after = sent(dispatcher, Connection(Asked(IMPORT, "POST"), began))
    after.may_end.set()
    assert after.begun.wait(PATIENCE_S)


@pytest.mark.parametrize(
    ("path", "command", "lane"),
    [
        ("/reviews/3/", "GET", ""),
        ("/reviews/judge/a/", "POST", ""),
        ("/accounts/login/", "POST", ""),
        ("/", "GET", ""),
        ("/healthz", "GET", ""),
        ("/studies/", "GET", ""),
        ("/studies/3/", "GET", "pages"),
        ("/studies/new/", "POST", "pages"),
        ("/runs/3/items.csv", "GET", "pages"),
        ("/api/v1/projects/a/studies/b/gate", "GET", "reads"),
        ("/api/v1/projects/a/jobs/3", "GET", "reads"),
        ("/api/v1/projects/a/exports/answers", "GET", "programs"),
        ("/api/v1/projects/a/runs/3/outputs", "GET", "programs"),
        ("/api/v1/projects/a/files/sha256:0", "PATCH", "programs"),
        ("/v1/traces", "POST", "programs"),
        ("/v1/logs", "POST", "programs"),
    ],
)
def test_which_lane_a_request_takes(path: str, command: str, lane: str) -> None:
    assert COSTLY.lane(Asked(path, command)) == lane


def test_each_write_of_the_document_is_known_as_light_or_heavy_and_waits_its_turn() -> None:
    for name in operations():
        method, _, path = name.partition(" ")
        if method != "get":
            assert COSTLY.lane(Asked(f"/api/v1/projects/a{path}", method.upper())) == "programs"
            assert is_light(name) != (name in HEAVY), "say in heavy_requests.py which it is"


def test_what_waits_for_news_waits_in_no_lane() -> None:
    """A `?wait=` of 25 s there would keep all costly requests waiting."""
    for name, operation in operations().items():
        parameters = {each["name"] for each in operation.get("parameters", ())}
        if "wait" in parameters:
            path = name.partition(" ")[2].replace("{slug}", "a").replace("{id}", "3")
            waiting = Asked(f"/api/v1/projects/a{path}", query="fields=id&wait=25")
            assert COSTLY.lane(waiting) == "", name
