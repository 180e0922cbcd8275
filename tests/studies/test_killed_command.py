"""A command that dies in the midst of a study: the site that is up carries the study on."""

import math
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from evalhub.studies.run.advance import TICK_S
from tests.fakes.openai_server import OpenAIServer
from tests.migrated import a_migrated_database
from tests.studies.desks import Desk
from tests.studies.judging import a_judged_desk

ROOT = Path(__file__).resolve().parents[2]

type Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def grown(postgres_url: str, redis_url: str) -> dict[str, str]:
    """The variables of a site with Redis and a new database of PostgreSQL."""
    name = f"killed_{time.monotonic_ns()}"
    url = a_migrated_database(postgres_url, name)
    return {"EVALHUB_DATABASE_URL": url, "EVALHUB_REDIS_URL": redis_url}


@pytest.fixture
def evalhub(home: Path) -> Iterator[Start]:
    """Starts `evalhub …` with a home of its own; what is still there at the end is killed.

    Keywords are variables of its environment.
    """
    environment = {k: v for k, v in os.environ.items() if k.startswith(("PATH", "LC_"))}
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("evalhub"), *arguments],
            cwd=ROOT,
            env=environment
            | {"EVALHUB_HOME": str(home), "EVALHUB_SECRET_KEY": "for this test"}
            | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def first(home: Path, query: str) -> Any:
    with closing(sqlite3.connect(home / "evalhub.sqlite3", timeout=20)) as connection:
        row = connection.execute(query).fetchone()
        connection.commit()
        return row[0] if row else None


def wait_until(there: Callable[[], object], within_s: float) -> None:
    end = time.monotonic() + within_s
    while not there():
        assert time.monotonic() < end, f"it did not happen within {within_s} s"
        time.sleep(0.1)


def a_slow_desk(folder: Path, server: OpenAIServer) -> Desk:
    """The tuned arm answers 60 questions live, 4 at once, and people are asked at the end."""
    desk = Desk(folder)
    server.latency_s = 0.2
    desk.study["arms"]["tuned"] |= {
        "backend": {"openai": {"url": server.url, "model": "echo", "concurrency": 4}},
        "only": ["triage"],
    }
    desk.study["test_sets"]["triage"]["metric"] = {"name": "contains"}
    desk.rows(
        "triage.jsonl",
        (
            {"id": f"q{i}", "input": f"Question {i}?", "reference": f"Question {i}?"}
            for i in range(60)
        ),
    )
    desk.study["review"] = {"test_set": "triage", "items": 10, "open": "auto"}
    return desk


@pytest.mark.heavy
@pytest.mark.paired
def test_a_site_finishes_reviews_and_decides_what_a_killed_command_began(
    tmp_path: Path, home: Path, evalhub: Start
) -> None:
    with OpenAIServer() as server:
        file = a_slow_desk(tmp_path, server).write()
        command = evalhub("study", "run", str(file))
        wait_until(lambda: len(server.requests) >= 8, within_s=60)
        command.send_signal(signal.SIGKILL)
        command.wait()
        assert first(home, "SELECT count(*) FROM ledger_decision") == 0
        # its lease runs for half a minute; a test need not
        first(home, "UPDATE registry_shard SET lease_until = '2000-01-01' WHERE state = 'claimed'")
        evalhub("up", "--port", "0")
        wait_until(lambda: first(home, "SELECT count(*) FROM ledger_decision"), within_s=60)
        assert first(home, "SELECT count(*) FROM reviews_campaign") == 1
        assert first(home, "SELECT count(*) FROM registry_run WHERE state <> 'done'") == 0
        assert first(home, "SELECT verdict FROM ledger_decision") == "need-more-data"
        assert first(home, "SELECT count(*) FROM registry_output") == 60 + 60 + 300


VERDICTS = "SELECT count(*) FROM judges_judgevote"
AT_ONCE = 2


def a_slow_judge(folder: Path, server: OpenAIServer) -> Desk:
    """32 verdicts to be given, two at once."""
    desk = a_judged_desk(folder, server)
    desk.study["judges"]["grader"]["backend"]["openai"]["concurrency"] = AT_ONCE
    server.latency_s = 0.3
    return desk


@pytest.mark.heavy
@pytest.mark.paired
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_judge_is_asked_on_by_a_site_and_nothing_that_was_written_is_asked_twice(
    tmp_path: Path, home: Path, evalhub: Start, how: signal.Signals
) -> None:
    with OpenAIServer() as server:
        command = evalhub("study", "run", str(a_slow_judge(tmp_path, server).write()))
        there = partial(first, home)
        wait_until(lambda: len(server.requests) >= 8 and there(VERDICTS), within_s=60)
        command.send_signal(how)
        command.wait()
        written, asked = there(VERDICTS), len(server.requests)
        assert written < 32
        state = there("SELECT state FROM judges_judgerun")
        if how == signal.SIGKILL:
            assert state == "claimed"
            there("UPDATE judges_judgerun SET lease_until = '2000-01-01'")
        else:  # given back
            assert (command.returncode, state) == (130, "pending")
            assert there("SELECT count(*) FROM judges_judgerun WHERE claim IS NOT NULL") == 0
        server.latency_s = 0
        evalhub("up", "--port", "0")
        wait_until(lambda: there("SELECT count(*) FROM ledger_decision"), within_s=60)
        assert there(VERDICTS) == 32
        assert len(server.requests) - asked == 32 - written


@pytest.mark.services
@pytest.mark.heavy
@pytest.mark.paired
def test_two_workers_with_redis_and_postgresql_ask_a_judge_once(
    tmp_path: Path, evalhub: Start, grown: dict[str, str]
) -> None:
    with OpenAIServer() as server, connected(grown) as connection:
        count = partial(counted, connection)
        file = a_slow_judge(tmp_path, server).write()
        for _ in range(2):
            evalhub("worker", **grown)
        command = evalhub("study", "run", str(file), **grown)
        wait_until(lambda: tables(connection) and count("judges_judgevote") >= 4, within_s=60)
        command.send_signal(signal.SIGKILL)
        command.wait()
        wait_until(lambda: count("ledger_decision"), within_s=60)
        assert (len(server.requests), count("judges_judgevote")) == (32, 32)
        assert count("judges_judgerun WHERE state = 'done'") == 1


@pytest.mark.services
@pytest.mark.heavy
@pytest.mark.paired
def test_so_do_two_workers_with_redis_and_postgresql(
    tmp_path: Path, evalhub: Start, grown: dict[str, str]
) -> None:
    with OpenAIServer() as server, connected(grown) as connection:
        count = partial(counted, connection)
        file = a_slow_desk(tmp_path, server).write()
        command = evalhub("study", "run", str(file), **grown)
        wait_until(lambda: tables(connection) and count("registry_studyrun") == 4, within_s=60)
        command.send_signal(signal.SIGKILL)
        command.wait()
        for _ in range(2):
            evalhub("worker", **grown)
        wait_until(lambda: count("ledger_decision"), within_s=90)
        assert count("registry_run WHERE state <> 'done'") == 0
        time.sleep(3 * TICK_S)  # both workers' timers have looked again
        assert (count("reviews_campaign"), count("ledger_decision")) == (1, 1)


def connected(grown: dict[str, str]) -> "psycopg.Connection[Any]":
    return psycopg.connect(grown["EVALHUB_DATABASE_URL"], autocommit=True)


def counted(connection: "psycopg.Connection[Any]", rows: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {rows}").fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])


def tables(connection: "psycopg.Connection[Any]") -> bool:
    """Whether the command has made its tables."""
    row = connection.execute("SELECT to_regclass('judges_judgevote')").fetchone()
    return row is not None and row[0] is not None


HELD = 60
SCORES = "SELECT count(*) FROM registry_score"


def words_as_tokens(prompt: str) -> list[tuple[str, float | None, float]]:
    """Of a server that puts a token before each prompt."""
    return [("<s>", None, -0.1), *((f"{word} ", -2.0, -0.1) for word in prompt.split())]


@pytest.mark.heavy
@pytest.mark.paired
def test_held_texts_are_read_on_after_a_killed_command_and_none_is_read_twice(
    tmp_path: Path, home: Path, evalhub: Start
) -> None:
    """60 texts of three words, 6 nats and 11 or 12 bytes, by both arms."""
    with OpenAIServer(echo=words_as_tokens, latency_s=0.2) as server:
        desk = Desk(tmp_path)
        desk.rows("held.jsonl", ({"id": f"t{i}", "text": f"Held text {i}"} for i in range(HELD)))
        for arm in ("base", "tuned"):
            fields = {"url": server.url, "model": arm, "text_logprobs": "prompt_logprobs"}
            desk.study["arms"][arm]["backend"] = {"openai": fields | {"concurrency": 4}}
        desk.study["test_sets"] = {
            "general": {"file": "held.jsonl", "role": "guard", "metric": {"name": "log_loss"}}
        }
        command = evalhub("study", "run", str(desk.write()))
        wait_until(lambda: len(server.requests) >= 20 and first(home, SCORES), within_s=60)
        command.send_signal(signal.SIGKILL)
        command.wait()
        written, asked = first(home, "SELECT count(*) FROM registry_output"), len(server.requests)
        assert 0 < written < 2 * HELD
        first(home, "UPDATE registry_shard SET lease_until = '2000-01-01' WHERE state = 'claimed'")
        server.latency_s = 0
        evalhub("up", "--port", "0")
        wait_until(lambda: first(home, "SELECT count(*) FROM ledger_decision"), within_s=60)
        probes = sum("One, two" in request["prompt"] for request in server.requests[asked:])
        assert len(server.requests) - asked - probes == 2 * HELD - written
        mean = first(home, "SELECT mean FROM registry_runmetric")
        bits = 6 / math.log(2) * HELD / sum(len(f"Held text {i}") for i in range(HELD))
        assert mean == pytest.approx(bits)
