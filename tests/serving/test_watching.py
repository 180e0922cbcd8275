"""What programs that watch the site are told."""

import json
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from threading import Event
from time import sleep

import pytest
from django.test import Client

from evalhub.ledger.decide import decide_study
from evalhub.serving.queue_tests import QueueTest
from runners.queue import QueueUnreachable
from tests.cast import a_team
from tests.serving.site import Site, ask, up
from tests.site.cases import a_measured_study

TOKEN = "metrics-token-1"


def test_it_lives_without_a_database() -> None:
    """This test may not touch the database: the page doesn't."""
    page = Client().get("/healthz")
    assert (page.status_code, page.content) == (200, b"alive\n")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "host", ["10.42.3.17:8000", "[fd00::17]:8000", "any name", "evil.test", ""]
)
def test_programs_that_watch_may_ask_by_whatever_host(host: str) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert Client().get(path, headers={"host": host}).status_code == 200, path


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/accounts/login/",
        "/api/v1/projects",
        "/healthz/",
        "/healthzz",
        "/metrics/../accounts/login/",
        "/accounts/login/healthz",
        "/accounts/login/?next=/healthz",
    ],
)
def test_nothing_else_answers_to_another_host(path: str) -> None:
    assert Client().get(path, headers={"host": "10.42.3.17:8000"}).status_code == 400


def test_a_queue_that_hangs_is_away_and_nobody_waits_for_it() -> None:
    released = Event()
    queue = QueueTest(released.wait, wait_s=0.01)
    assert not queue.answers()
    assert not queue.answers()
    released.set()
    answering = QueueTest(released.wait, wait_s=60)
    assert answering.answers()


def test_a_queue_that_cannot_be_reached_is_away() -> None:
    def ask() -> None:
        raise QueueUnreachable

    assert not QueueTest(ask, wait_s=60).answers()


def amounts(text: str) -> dict[str, float]:
    """The amounts of an exposition, by name and labels."""
    found = re.findall(r"^(evalhub_\S+) (\S+)$", text, re.MULTILINE)
    return {name: float(amount) for name, amount in found}


@pytest.mark.django_db
def test_the_metrics_count_what_there_is_and_name_nothing() -> None:
    team = a_team("The secret desk", "the-secret-desk")
    study = a_measured_study(team)
    decisions = decide_study(study=study)
    page = Client().get("/metrics")
    found = amounts(page.content.decode())
    assert page.headers["Content-Type"].startswith("text/plain; version=")
    assert found['evalhub_runs{state="done"}'] == 6
    assert found['evalhub_runs{state="failed"}'] == 0
    assert found["evalhub_decisions"] == len(decisions)
    assert found["evalhub_judgments"] == 0
    assert found["evalhub_shards_outstanding"] == 0
    for name in ("secret", "desk", "triage", "ship", "hold"):
        assert name not in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "url", "token", "given", "status"),
    [
        ("127.0.0.1", "localhost", "", "", 200),
        ("::1", "localhost", "", "", 200),
        ("10.0.0.9", "localhost", "", "", 401),
        ("127.0.0.1", "evals.example.org", "", "", 401),
        ("10.0.0.9", "evals.example.org", TOKEN, f"Bearer {TOKEN}", 200),
        ("127.0.0.1", "localhost", TOKEN, "", 401),
        ("127.0.0.1", "localhost", TOKEN, "Bearer metrics-token-2", 401),
        ("10.0.0.9", "localhost", "", "Bearer ", 401),
    ],
)
def test_who_reads_the_metrics(
    address: str, url: str, token: str, given: str, status: int, settings: object
) -> None:
    settings.SITE_HOST, settings.METRICS_TOKEN = url, token  # type: ignore[attr-defined]
    headers = {"Authorization": given} if given else {}
    page = Client().get("/metrics", REMOTE_ADDR=address, headers=headers)
    assert page.status_code == status


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two processes, and a queue that isn't there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with up(
        tmp_path_factory.mktemp("watched"),
        "--processes",
        "2",
        EVALHUB_REDIS_URL=f"redis://:queue-password@127.0.0.1:{port}/0",
        EVALHUB_METRICS_TOKEN=TOKEN,
    ) as running:
        yield running


@pytest.mark.heavy
def test_requests_are_counted_over_all_processes(site: Site) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    name = f"{socket.gethostname()}:{site.port}"
    before = amounts(ask(site.port, "/metrics", **bearer).text)
    for _ in range(12):
        assert ask(site.port, "/accounts/login/").status == 200
    assert ask(site.port, "/metrics").status == 401
    after = amounts(ask(site.port, "/metrics", **bearer).text)
    ok, refused = (
        f'evalhub_requests_total{{method="GET",site="{name}",status="{each}"}}'
        for each in ("2xx", "4xx")
    )
    assert after[ok] - before[ok] == 13  # with the first look at the metrics
    assert after[refused] - before[refused] == 1
    took = f'evalhub_request_seconds_bucket{{le="+Inf",method="GET",site="{name}"}}'
    assert after[took] - before[took] == 14
    assert after["evalhub_queue_answers"] == 0


@pytest.mark.heavy
def test_it_is_ready_without_its_queue_and_not_without_its_tables(site: Site) -> None:
    assert ask(site.port, "/healthz").status == 200
    page = ask(site.port, "/readyz")
    assert page.status == 200
    assert json.loads(page.text) == {
        "ready": True,
        "reasons": [],
        "warnings": [
            "the queue doesn't answer: workers look for runs themselves",
            "no worker is alive: runs wait until one is started",
        ],
        "queue": "away",
    }
    with closing(sqlite3.connect(site.home / "evalhub.sqlite3")) as database, database:
        database.execute("UPDATE django_migrations SET name = 'tables-x' WHERE app = 'evalhub'")
    page = ask(site.port, "/readyz")
    assert "the database's tables are another version's" in page.text
    with closing(sqlite3.connect(site.home / "evalhub.sqlite3")) as database, database:
        database.execute("DROP TABLE django_migrations")
    assert "the database is damaged" in ask(site.port, "/readyz").text
    for word in ("queue-password", str(site.home), "sqlite", "redis"):
        assert word not in page.text
    assert ask(site.port, "/healthz").status == 200


@pytest.mark.heavy
def test_it_is_ready_once_it_serves(tmp_path_factory: pytest.TempPathFactory) -> None:
    with up(tmp_path_factory.mktemp("ready")) as site:
        page = ask(site.port, "/readyz")
        assert (page.status, json.loads(page.text)["reasons"]) == (200, [])
        with closing(sqlite3.connect(site.home / "evalhub.sqlite3")) as database, database:
            database.execute(
                "CREATE TRIGGER full BEFORE UPDATE ON django_migrations "
                "BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
            )
        while page.status == 200:  # it is tried every few seconds
            sleep(0.5)
            page = ask(site.port, "/readyz")
    assert page.status == 503
    assert json.loads(page.text)["reasons"] == ["the database can't be written"]
