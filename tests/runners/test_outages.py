"""Workers whose queue or database goes away while they work, and comes back."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import redis

from tests.fakes.openai_server import OpenAIServer
from tests.runners.workers import (
    LAUNCH,
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

pytestmark = [pytest.mark.services, pytest.mark.heavy, pytest.mark.paired]

ANSWERS = "SELECT count(*) FROM registry_output"
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
JUDGED = """
import django; django.setup()
from pathlib import Path
from evalhub.studies.run.advance import advance
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


def test_workers_go_on_while_the_queue_is_away_and_hear_of_it_again_afterwards(
    ask: Ask, server: OpenAIServer, tmp_path: Path
) -> None:
    port = a_free_port()
    url = f"redis://127.0.0.1:{port}/0"
    with processes(ask.url, url, tmp_path) as python:
        with redis_server(port):
            worker = python(WORKER)
            lines = lines_of(worker)
            launched(python, server, items=640, concurrency=8)
            wait_until(lambda: ask(ANSWERS) > 0, within_s=60)
        wait_until(lambda: "the queue can't be used" in "".join(lines), within_s=60)
        wait_until(lambda: state(ask) == "done", within_s=60)
        with redis_server(port):
            wait_until(lambda: "can be used again" in "".join(lines), within_s=60)
            ask("UPDATE registry_run SET state = 'pending', rung = NULL")
            ask("UPDATE registry_shard SET state = 'pending' WHERE start = 0")
            wait_until(lambda: state(ask) == "done", within_s=60)
            worker.terminate()
            code, output = worker.wait(timeout=30), "".join(lines)
    assert code == 0, output
    assert output.count("the queue can't be used") == 1
    assert ask(ANSWERS) == len(server.requests) == 640


def lines_of(process: "subprocess.Popen[str]") -> list[str]:
    """What it prints, as it comes."""
    lines: list[str] = []
    assert process.stdout is not None
    threading.Thread(target=lines.extend, args=(process.stdout,), daemon=True).start()
    return lines


def full(queue: redis.Redis) -> None:
    """Its memory has no room, and it throws nothing away."""
    queue.config_set("maxmemory-policy", "noeviction")
    queue.config_set("maxmemory", "1")


def with_room(queue: redis.Redis) -> None:
    queue.config_set("maxmemory", "0")


def a_replica(queue: redis.Redis) -> None:
    """Read-only, as in a failover: of a server that nobody reaches."""
    queue.replicaof("127.0.0.1", str(a_free_port()))


def the_primary_again(queue: redis.Redis) -> None:
    queue.replicaof("NO", "ONE")


@pytest.mark.parametrize(
    ("refuse", "restore", "words"),
    [
        (full, with_room, "used memory > 'maxmemory'"),
        (a_replica, the_primary_again, "read only replica"),
    ],
)
def test_workers_outlive_a_redis_that_refuses_and_work_meanwhile(
    ask: Ask,
    server: OpenAIServer,
    tmp_path: Path,
    refuse: Callable[[redis.Redis], None],
    restore: Callable[[redis.Redis], None],
    words: str,
) -> None:
    with redis_server() as url, processes(ask.url, f"{url}/0", tmp_path) as python:
        queue = redis.Redis.from_url(url)
        worker = python(WORKER)
        lines = lines_of(worker)
        launched(python, server, items=320, concurrency=8)
        wait_until(lambda: ask(ANSWERS) > 0, within_s=60)
        refuse(queue)
        wait_until(lambda: state(ask) == "done", within_s=120)
        assert worker.poll() is None
        # one that no message tells of, and that no other process works on
        ask("UPDATE registry_run SET state = 'pending', rung = NULL")
        ask("UPDATE registry_shard SET state = 'pending' WHERE start = 0")
        wait_until(lambda: state(ask) == "done", within_s=60)
        restore(queue)
        wait_until(lambda: "can be used again" in "".join(lines), within_s=60)
        ask("UPDATE registry_run SET state = 'pending', rung = NULL")
        ask("UPDATE registry_shard SET state = 'pending' WHERE start = 0")
        wait_until(lambda: state(ask) == "done", within_s=60)
        worker.terminate()
        code, output = worker.wait(timeout=30), "".join(lines)
    assert code == 0, output
    assert output.count("the queue can't be used") == 1, output
    assert words in output
    assert ask(ANSWERS) == len(server.requests) == 320


def test_a_worker_that_starts_while_redis_is_away_works_and_ends_when_told_to(
    ask: Ask, server: OpenAIServer, tmp_path: Path
) -> None:
    url = f"redis://127.0.0.1:{a_free_port()}/0"
    with processes(ask.url, url, tmp_path) as python:
        launching = python(LAUNCH.format(backend=server.backend(concurrency=8), items=200))
        said, _ = launching.communicate(timeout=60)
        assert "starts when a worker finds it" in said
        worker = python(WORKER)
        wait_until(lambda: state(ask) == "done", within_s=60)
        worker.terminate()
        output, _ = worker.communicate(timeout=30)
        assert worker.returncode == 0, output
        stopped = python(WORKER)
        lines = lines_of(stopped)
        wait_until(lambda: "Trying again" in "".join(lines), within_s=30)
        stopped.send_signal(signal.SIGINT)
        assert stopped.wait(timeout=30) == 130
    assert ask(ANSWERS) == len(server.requests) == 200


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
    claim = "SELECT claim FROM judges_judgerun"
    server.misbehave, server.latency_s = fair, 1.0
    with postgresql_server() as database:
        ask = Ask(database.url)
        with processes(ask.url, a_queue(redis_url), tmp_path) as python:
            desk = tmp_path / "desk"
            desk.mkdir()
            python.said(JUDGED.format(port=server.port, desk=str(desk)))
            first = python(WORKER)
            wait_until(lambda: ask("SELECT count(*) FROM judges_judgevote") > 0, within_s=60)
            first.send_signal(signal.SIGSTOP)
            held, those_there = ask(claim), ask(CONNECTIONS)
            second = python(WORKER)
            wait_until(lambda: ask(CONNECTIONS) > those_there, within_s=15)
            database.kill()
            time.sleep(15)
            database.start()
            time.sleep(6)  # the other looks every 2 s
            assert ask("SELECT lease_until < now() FROM judges_judgerun")
            assert ask(claim) == held
            first.send_signal(signal.SIGCONT)
            done = "SELECT count(*) FROM judges_judgerun WHERE state = 'done'"
            wait_until(lambda: ask(done) == 1, within_s=60)
            for worker in (first, second):
                worker.terminate()
                output, _ = worker.communicate(timeout=30)
                assert "Traceback" not in output
        assert ask("SELECT count(*) FROM judges_judgevote") == len(server.requests) == 32


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
