"""The web process and the database are killed while people vote: nothing is lost or doubled."""

import http.client
import json
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import psycopg
import pytest

from tests.e2e.test_growing_up import BIN, ROOT, environment
from tests.services import PostgreSQL, postgresql_server

pytestmark = [pytest.mark.services, pytest.mark.heavy, pytest.mark.paired]

PEOPLE, EACH, PAIRS = 4, 25, 60
PATIENCE_S = 120
CSRF = "c" * 32
FORM = re.compile(r'action="(/reviews/judge/([0-9a-f-]+)/)".*?name="nonce" value="([^"]+)"', re.S)
PREPARE = (
    "import json; from tests.benchmarks.review_load import prepare; "
    f"print(json.dumps(prepare({{}}, {PAIRS}, {PEOPLE})))"
)
JUDGMENTS = """
    SELECT token, choice FROM reviews_judgment
    JOIN reviews_assignment ON reviews_assignment.id = assignment_id"""
SEATS = """
    SELECT taken, seats, (
        SELECT count(*) FROM reviews_assignment
        WHERE pair_id = reviews_pair.id AND state IN ('leased', 'done') AND purpose = 'main'
    ) FROM reviews_pair"""


@dataclass
class Site:
    """`evalhub up` with a campaign in it, which can be killed and started again."""

    folder: Path
    variables: dict[str, str]
    port: int
    campaign: int = 0
    sessions: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [BIN / "evalhub", "up", "--port", str(self.port)],
            env=environment(self.folder, self.variables),
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("ab"),
        )

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        if url := self.variables.get("EVALHUB_DATABASE_URL"):
            with psycopg.connect(url) as database:
                return database.execute(sql).fetchall()
        with sqlite3.connect(self.folder / "home" / "evalhub.sqlite3") as file:
            return file.execute(sql).fetchall()


@dataclass
class Person:
    """Someone who votes without a pause, and sends an answer again until it is called saved."""

    site: Site
    session: str
    saved: dict[UUID, str] = field(default_factory=dict)
    retries: int = 0

    def call(self, method: str, path: str, fields: dict[str, str] | None = None) -> str:
        """The page, however often it has to be asked for."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=20)
                headers = {
                    "Cookie": f"sessionid={self.session}; csrftoken={CSRF}",
                    "X-CSRFToken": CSRF,
                    "HX-Request": "true",
                    "Content-Type": "application/x-www-form-urlencoded",
                }
                connection.request(method, path, urlencode(fields or {}), headers)
                answer = connection.getresponse()
                text = answer.read().decode()
                if answer.status == 200:
                    return text
                assert answer.status >= 500, text
            except (OSError, http.client.HTTPException):
                pass
            assert time.monotonic() < until, "the site has not come back"
            self.retries += 1
            time.sleep(0.05)

    def vote(self, progress: threading.Semaphore) -> None:
        choices = ["left", "right", "tie", "both-bad"]
        text = self.call("GET", f"/reviews/{self.site.campaign}/")
        while len(self.saved) < EACH:
            found = FORM.search(text)
            if found is None:  # the pause between two blocks
                text = self.call("GET", f"/reviews/{self.site.campaign}/")
                continue
            path, token, nonce = found.groups()
            choice = choices[len(self.saved) % 4]
            fields = {"choice": choice, "nonce": nonce, "key": f"key-{token}"}
            text = self.call("POST", path, fields)
            assert UUID(token) not in self.saved
            self.saved[UUID(token)] = choice
            progress.release()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[PostgreSQL | None]:
    """None for SQLite, or a PostgreSQL server that keeps what it has committed."""
    with ExitStack() as stack:
        yield stack.enter_context(postgresql_server()) if request.param == "postgresql" else None


@pytest.fixture
def site(database: PostgreSQL | None, tmp_path: Path) -> Iterator[Site]:
    """The site, with a campaign and four people who are signed in."""
    variables = {
        "EVALHUB_ALLOWED_HOSTS": "127.0.0.1",
        "EVALHUB_SECRET_KEY": "s" * 50,
        "DJANGO_SETTINGS_MODULE": "evalhub.settings",
    }
    if database is not None:
        variables["EVALHUB_DATABASE_URL"] = database.url
    with socket.create_server(("127.0.0.1", 0)) as listener:
        site = Site(tmp_path, variables, listener.getsockname()[1])
    prepared = subprocess.run(
        [sys.executable, "-c", PREPARE],
        cwd=ROOT,
        env=environment(tmp_path, variables),
        capture_output=True,
        text=True,
        check=True,
    )
    site.campaign, site.sessions = json.loads(prepared.stdout)
    site.start()
    yield site
    site.kill()


def voted_through(site: Site, faults: list[Callable[[], None]]) -> list[Person]:
    """Four people give 25 answers each; the faults come one after another meanwhile."""
    people = [Person(site, session) for session in site.sessions]
    saved = threading.Semaphore(0)
    with ThreadPoolExecutor(PEOPLE) as pool:
        voting = [pool.submit(person.vote, saved) for person in people]
        for fault in faults:
            for _ in range(PEOPLE * EACH // (len(faults) + 1)):
                assert saved.acquire(timeout=PATIENCE_S)
            fault()
        for each in voting:
            each.result()
    return people


def is_as_people_were_told(site: Site, people: list[Person]) -> None:
    told = {token: choice for person in people for token, choice in person.saved.items()}
    rows = site.rows(JUDGMENTS)
    kept = {UUID(str(token)): choice for token, choice in rows}
    assert kept == told
    assert len(rows) == len(kept) == PEOPLE * EACH
    for taken, seats, held in site.rows(SEATS):
        assert taken == held <= seats


def test_the_web_process_is_killed(site: Site) -> None:
    def fault() -> None:
        site.kill()
        site.start()

    people = voted_through(site, [fault] * 3)
    assert sum(person.retries for person in people) > 0
    is_as_people_were_told(site, people)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_database_is_killed(site: Site, database: PostgreSQL) -> None:
    def fault() -> None:
        database.kill()
        database.start()

    people = voted_through(site, [fault] * 3)
    assert sum(person.retries for person in people) > 0
    is_as_people_were_told(site, people)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_both_are_killed_at_once(site: Site, database: PostgreSQL) -> None:
    def fault() -> None:
        database.kill()
        site.kill()
        database.start()
        site.start()

    is_as_people_were_told(site, voted_through(site, [fault]))
