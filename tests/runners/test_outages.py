"""Workers whose queue or database goes away while they work, and comes back."""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.fakes.openai_server import OpenAIServer
from tests.runners.workers import (
    WORKER,
    Ask,
    a_queue,
    launched,
    processes,
    state,
    wait_until,
)
from tests.services import ServiceError, a_free_port, postgresql_server, redis_server
from tests.studies.judging import fair

pytestmark = [pytest.mark.services, pytest.mark.heavy]

ANSWERS = "SELECT count(*) FROM registry_output"
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
JUDGED = """
import django; django.setup()
from pathlib import Path
from evalhub.studies.advance import advance
from tests.fakes.openai_server import OpenAIServer
from tests.studies.desks import ran
from tests.studies.judging import a_judged_desk
server = OpenAIServer(port={port})
advance(study=ran(a_judged_desk(Path({desk!r}), server)), by=None)
"""
CLAIMED = "SELECT count(*) FROM registry_shard WHERE state = 'claimed'"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(latency_s=0.1) as server:
        yield server


def test_workers_go_on_after_the_queue_was_away_for_longer_than_their_shards_took(
    ask: Ask, server: OpenAIServer, tmp_path: Path
) -> None:
    port = a_free_port()
    url = f"redis://127.0.0.1:{port}/0"
    with processes(ask.url, url, tmp_path) as python:
        with redis_server(port):
            worker = python(WORKER)
            launched(python, server, items=640, concurrency=8)
            wait_until(lambda: ask(ANSWERS) > 0, within_s=60)
        wait_until(lambda: ask(CLAIMED) == 0, within_s=60)
        time.sleep(3)  # by now every thread has given up telling the queue that it is done
        assert state(ask) == "running"
        with redis_server(port):
            wait_until(lambda: state(ask) == "done", within_s=60)
            worker.terminate()
            output, _ = worker.communicate(timeout=30)
    assert output.count("the queue can't be used") == 1
    assert ask(ANSWERS) == len(server.requests) == 640


def test_what_came_while_the_database_was_away_is_kept_and_not_asked_for_again(
    redis_url: str, server: OpenAIServer, tmp_path: Path
) -> None:
    with postgresql_server() as database:
        ask = Ask(database.url)
        with processes(ask.url, a_queue(redis_url), tmp_path) as python:
            worker = python(WORKER)
            launched(python, server, items=400, concurrency=8)
            for before in (0, 120):
                wait_until(lambda: ask(ANSWERS) > before, within_s=60)  # noqa: B023
                database.kill()
                time.sleep(3)
                database.start()
            wait_until(lambda: state(ask) == "done", within_s=60)
            worker.terminate()
            output, _ = worker.communicate(timeout=30)
        assert 1 <= output.count("the database can't be used") <= 2  # told once an outage
        assert "Traceback" not in output
        assert ask("SELECT count(*) FROM registry_output WHERE text <> ''") == 400
        assert len(server.requests) == 400


def test_a_judge_keeps_its_lease_over_an_outage_in_which_it_could_not_renew_it(
    redis_url: str, server: OpenAIServer, tmp_path: Path
) -> None:
    claim = "SELECT claim FROM registry_judgerun"
    server.misbehave, server.latency_s = fair, 1.0
    with postgresql_server() as database:
        ask = Ask(database.url)
        with processes(ask.url, a_queue(redis_url), tmp_path) as python:
            desk = tmp_path / "desk"
            desk.mkdir()
            python.said(JUDGED.format(port=server.port, desk=str(desk)))
            first = python(WORKER)
            wait_until(lambda: ask("SELECT count(*) FROM registry_judgevote") > 0, within_s=60)
            first.send_signal(signal.SIGSTOP)
            held, those_there = ask(claim), ask(CONNECTIONS)
            second = python(WORKER)
            wait_until(lambda: ask(CONNECTIONS) > those_there, within_s=15)
            database.kill()
            time.sleep(15)
            database.start()
            time.sleep(6)  # the other looks every 2 s
            assert ask("SELECT lease_until < now() FROM registry_judgerun")
            assert ask(claim) == held
            first.send_signal(signal.SIGCONT)
            done = "SELECT count(*) FROM registry_judgerun WHERE state = 'done'"
            wait_until(lambda: ask(done) == 1, within_s=60)
            for worker in (first, second):
                worker.terminate()
                output, _ = worker.communicate(timeout=30)
                assert "Traceback" not in output
        assert ask("SELECT count(*) FROM registry_judgevote") == len(server.requests) == 32


def test_a_full_disk_of_the_database_is_told_once_and_the_run_goes_on_when_there_is_room(
    redis_url: str, server: OpenAIServer, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        try:
            database = stack.enter_context(postgresql_server(disk_mb=200))
        except ServiceError as error:
            pytest.skip(str(error))
        ask = Ask(database.url)
        python = stack.enter_context(processes(ask.url, a_queue(redis_url), tmp_path))
        worker = python(WORKER)
        launched(python, server, items=480, concurrency=8)
        wait_until(lambda: ask(ANSWERS) > 0, within_s=60)
        filled = fill(database.folder / "data")
        time.sleep(4)
        there, asked = ask(ANSWERS), len(server.requests)
        assert state(ask) == "running"
        filled.unlink()
        wait_until(lambda: state(ask) == "done", within_s=120)
        worker.terminate()
        output, _ = worker.communicate(timeout=30)
    assert there < asked, "what can't be written is kept"
    assert output.count("the database can't be used") == 1, output
    assert "No space left on device" in output
    assert "Traceback" not in output
    assert len(server.requests) == 480


def fill(disk: Path) -> Path:
    """A file that takes all the room that there is."""
    filler = disk / "filler"
    with filler.open("wb") as file, suppress(OSError):
        while file.write(b"\0" * 65536):
            file.flush()
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * 512):
            pass
    return filler
