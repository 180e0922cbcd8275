"""The worker inside this process."""

import json
import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from django.utils import timezone
from psycopg.errors import DiskFull

from evalhub.frames.command.exits import NOT_WRITTEN, explain
from evalhub.registry.models import Run, Shard
from evalhub.workers.embedded import embedded_worker
from runners import looking, outages
from runners.celery import broker
from runners.launch import launch
from runners.outages import Outage, Patience
from runners.queue import Announcements
from runners.shards import lease_cutoff
from tests.cast import OPERATOR, a_metric, a_team, a_test_set, a_version
from tests.fakes.openai_server import OpenAIServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outage here is none of the tests that this process runs next."""
    monkeypatch.setattr("runners.outages.database", Outage("the database"))


def a_recorded_run(folder: Path, items: int) -> Run:
    team = a_team()
    answers = folder / "answers.jsonl"
    rows = [{"id": f"q{i:04}", "output": "right" if i % 2 else "wrong"} for i in range(items)]
    answers.write_text("\n".join(json.dumps(row) for row in rows))
    return launch(
        version=a_version(team),
        test_set_version=a_test_set(team, items=items),
        metrics=[a_metric()],
        answers=answers,
    )


def ended(run: Run, within_s: float = 15) -> Run:
    end = time.monotonic() + within_s
    while run.state in ("pending", "running") and time.monotonic() < end:
        time.sleep(0.02)
        run.refresh_from_db()
    return run


def test_a_run_launched_in_this_process_is_worked_on_without_a_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "LOOK_S", 600.0)  # who isn't told of it finds it too late
    with embedded_worker():
        run = ended(a_recorded_run(tmp_path, 4100))
    assert (run.state, run.shards.count()) == ("done", 3)
    assert run.metrics.get().mean == 0.5


def test_what_another_process_of_the_site_announces_is_heard() -> None:
    announcements = Announcements()
    announcements.share()
    seen = announcements.count
    child = os.fork()
    if not child:
        announcements.announce()
        os._exit(0)
    announcements.hear()
    announcements.wait(seen, 60)
    os.waitpid(child, 0)
    assert announcements.count > seen


def test_work_left_behind_by_a_process_that_was_killed_is_found_at_the_start(
    tmp_path: Path,
) -> None:
    run = a_recorded_run(tmp_path, 10)
    with embedded_worker():  # what was announced before, nobody heard
        run = ended(run)
    assert run.state == "done"


def test_two_runs_share_the_worker_and_the_bound_of_their_server() -> None:
    with OpenAIServer(latency_s=0.01) as server, embedded_worker():
        team = a_team()
        runs = [
            launch(
                version=a_version(team, slug, backend=server.backend(concurrency=8)),
                test_set_version=a_test_set(team, slug, items=150),
                metrics=[a_metric("length")],
                reach=OPERATOR,
            )
            for slug in ("one", "two")
        ]
        assert [ended(run).state for run in runs] == ["done", "done"]
    assert len(server.requests) == 300
    assert server.most_at_once <= 8


def test_at_the_end_the_worker_gives_back_what_it_holds() -> None:
    with OpenAIServer(latency_s=0.3) as server:
        team = a_team()
        with embedded_worker():
            run = launch(
                version=a_version(team, backend=server.backend(concurrency=2)),
                test_set_version=a_test_set(team, items=60),
                metrics=[a_metric("length")],
                reach=OPERATOR,
            )
            end = time.monotonic() + 15
            while not server.requests and time.monotonic() < end:
                time.sleep(0.02)
            assert server.requests
            leaving = time.monotonic()
        assert time.monotonic() - leaving < 5
        shard = Shard.objects.get()
        assert (shard.state, shard.claim) == ("pending", None)
        assert not [each for each in threading.enumerate() if each.name == "worker"]
        server.latency_s = 0
        with embedded_worker():
            assert ended(run).state == "done"
    assert run.outputs.count() == 60


@pytest.mark.parametrize(
    ("given", "broker_url"),
    [
        ("redis://:secret@cache:6379/2", "redis://:secret@cache:6379/2"),
        ("rediss://cache:6380/0", "rediss://cache:6380/0"),
        ("redis+socket:///run/redis.sock", "redis+socket:///run/redis.sock"),
        ("unix:///run/redis.sock?db=3", "redis+socket:///run/redis.sock?virtual_host=3"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
    ],
)
def test_the_queue_is_where_its_url_says(given: str, broker_url: str) -> None:
    assert broker(given)["broker_url"] == broker_url


def test_an_outage_is_told_once_and_ends_when_all_who_met_it_went_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outage, full = Outage("the database"), OperationalError("database or disk is\nfull")
    for at in ("working", "writing", "working"):
        outage.went_away(full, at=at)
    outage.came_back(at="looking")  # reading goes on
    outage.came_back(at="working")
    assert caplog.messages == [
        "the database can't be used: database or disk is full. What is under way waits, and goes "
        "on once it can"
    ]
    assert (outage.lasting(0), outage.lasting(60)) == (full, None)
    outage.came_back(at="writing")
    assert caplog.messages[1:] == ["the database can be used again, after 0 s"]
    assert outage.lasting(0) is None


def test_while_leases_could_not_be_renewed_none_is_taken_for_forsaken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outage = Outage("the database")
    monkeypatch.setattr("runners.outages.database", outage)
    assert timezone.now() - lease_cutoff() < timedelta(seconds=1)
    outage.went_away(OperationalError("gone"), at="working")
    assert timezone.now() - lease_cutoff() >= timedelta(seconds=30)
    outage.came_back(at="working")
    assert timezone.now() - lease_cutoff() >= timedelta(seconds=30)
    assert outage.outage_seconds(0) is None


def test_a_command_waits_for_so_long_and_then_no_longer() -> None:
    with pytest.raises(OperationalError, match="gone"):
        Patience(0).wait(OperationalError("gone"))
    assert outages.database.lasting(0) is None, "the next command of this process has met none"


def test_a_full_disk_is_called_so_though_postgresql_then_lets_nobody_in(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a real server on a full file system answered: 53100, then connections that fail."""
    monkeypatch.setattr("runners.outages.AGAIN_S", 0.0)
    full, patience = OperationalError("could not extend file"), Patience(0.01)
    full.__cause__ = DiskFull("could not extend file")
    patience.wait(full)
    time.sleep(0.01)
    with pytest.raises(OperationalError) as raised:
        patience.wait(OperationalError("connection failed: FATAL:  could not write init file"))
    assert raised.value is full
    assert caplog.messages[0].startswith(
        "the database can't be used, its disk is full: could not extend file. This waits"
    )
    assert explain(full) == NOT_WRITTEN


@pytest.mark.parametrize(
    "refusal",
    [
        'FATAL:  password authentication failed for user "me"',
        'FATAL:  role "me" does not exist',
        'FATAL:  database "x" does not exist',
        'FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "me", no encryption',
    ],
)
def test_a_database_that_lets_nobody_in_is_not_waited_for(refusal: str) -> None:
    with pytest.raises(OperationalError, match="FATAL"):
        Patience(60).wait(OperationalError(f"connection failed: {refusal}"))


def test_a_command_that_waits_says_for_how_long(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runners.outages.AGAIN_S", 0.0)
    patience = Patience(120)
    for _ in range(3):
        patience.wait(OperationalError("FATAL:  the database system is starting up"))
    patience.well()
    assert caplog.messages[0].endswith("starting up. This waits until it can, 120 s at most")
    assert len(caplog.messages) == 2


def test_work_that_others_did_meanwhile_ends_the_outage() -> None:
    """A worker that met it and finds nothing left to do waits for nothing more."""
    outages.database.went_away(OperationalError("restarted"), at="working")
    with embedded_worker(threads=1):
        end = time.monotonic() + 20
        while outages.database.lasting(0) is not None and time.monotonic() < end:
            time.sleep(0.02)
    assert outages.database.lasting(0) is None
