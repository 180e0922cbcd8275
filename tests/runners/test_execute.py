"""Workers answering and scoring a live run, and what may come between."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from evalhub.registry.models import Item, Metric, Output, Run, Score, Shard
from runners import shards
from runners.execute import process_shard
from runners.launch import cancel, launch, resume
from runners.outcome import RunUnreachable, check
from tests.cast import OPERATOR, Team, a_metric, a_team, a_test_set, a_version
from tests.fakes.openai_server import OpenAIServer, http_error
from tests.runners.test_launch import worked_through


def a_live_run(
    team: Team,
    server: OpenAIServer,
    items: int,
    *,
    metrics: list[Metric] | None = None,
    sampling: dict[str, Any] | None = None,
    **backend: Any,
) -> Run:
    questions = a_test_set(
        team, items=[{"references": [f"You said: questions: Question {i}?"]} for i in range(items)]
    )
    version = a_version(team, "live", backend=server.backend(**backend), sampling=sampling or {})
    return launch(
        version=version, test_set_version=questions, metrics=metrics or [a_metric()], reach=OPERATOR
    )


def lapse(shard: Shard) -> None:
    """As after a worker was killed and its lease has ended."""
    Shard.objects.filter(pk=shard.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.heavy
@pytest.mark.django_db
def test_2000_prompts_become_a_finished_run(team: Team, server: OpenAIServer) -> None:
    server.latency_s = 0.01
    run = worked_through(a_live_run(team, server, 2000, concurrency=32))
    assert (run.state, run.error) == ("done", "")
    assert run.started is not None
    assert run.finished is not None
    assert len(server.requests) == 2000
    assert server.most_at_once <= 32
    row = run.metrics.get()
    assert (row.scored, row.unscored, row.mean) == (2000, 0, 1.0)
    assert Run.objects.with_progress().get().items_done == 2000
    assert run.outputs.filter(latency_ms__gte=10, completion_tokens=3).count() == 2000


@pytest.mark.django_db
def test_samples_are_answered_and_scored_each(team: Team, server: OpenAIServer) -> None:
    run = worked_through(a_live_run(team, server, 3, sampling={"samples": 4, "seed": 1}))
    assert run.state == "done"
    assert run.outputs.count() == Score.objects.count() == 12
    assert {request["seed"] for request in server.requests} == {1, 2, 3, 4}


@pytest.mark.django_db
def test_a_half_failed_run_says_so_and_running_again_retries_only_what_failed(
    team: Team, server: OpenAIServer
) -> None:
    server.misbehave = lambda prompt, attempt: (
        http_error(500, "on fire") if prompt.endswith(("1?", "7?")) else None
    )
    run = worked_through(a_live_run(team, server, 100, retries=0, concurrency=32))
    assert run.state == "failed"
    assert run.error == (
        f"{server.url} gave no answer to 20 of 100 items, the first 'q0001': HTTP 500: on fire; "
        "put that right at the server and run again: what was answered stays, and only what failed "
        "is asked again. An item that it never answers can be left out of the test set"
    )
    assert run.unreachable
    row = run.metrics.get()
    assert (row.scored, row.unscored, row.mean) == (80, 20, 1.0)
    assert set(Score.objects.filter(value=None).values_list("reason", flat=True)) == {
        "no answer: HTTP 500: on fire"
    }

    server.misbehave = lambda prompt, attempt: None
    again = launch(version=run.version, test_set_version=run.test_set_version, metrics=[a_metric()])
    assert again == run
    run = worked_through(again)
    assert (run.state, run.error) == ("done", "")
    assert len(server.requests) == 120
    row = run.metrics.get()
    assert (row.scored, row.unscored) == (100, 0)


@pytest.mark.django_db
def test_errors_may_be_left_as_they_are(team: Team, server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: http_error(400, "no") if "1?" in prompt else None
    run = worked_through(a_live_run(team, server, 3))
    resume(run, by=None, retry_errors=False)
    run = worked_through(run)
    assert run.state == "failed"
    assert len(server.requests) == 3


@pytest.mark.django_db
def test_a_prompt_that_does_not_fit_an_input_is_that_item_s_error(
    team: Team, server: OpenAIServer
) -> None:
    run = a_live_run(team, server, 2)
    Item.objects.filter(key="q0001").update(input=[{"role": "system", "content": "Hm."}])
    run = worked_through(run)
    assert run.error == (
        "1 of 2 items failed, the first 'q0001': the input holds no message of the user; asking "
        "again can't help: put right what is named, shorten these items or leave them out, or say "
        "`failures: worst` in the policy, by which each scores the metric's worst"
    )


@pytest.mark.django_db
def test_an_unreachable_server_fails_the_run_at_once_and_what_was_done_stays(
    team: Team, server: OpenAIServer
) -> None:
    run = a_live_run(team, server, 130, retries=0, concurrency=16)
    assert process_shard(run.pk)
    server.stop()
    run = worked_through(run)
    with pytest.raises(RunUnreachable, match="nothing answers at"):
        check(run)
    assert run.outputs.count() == 64
    with OpenAIServer(port=server.port):
        resume(run, by=None)
        run = worked_through(run)
    assert (run.state, run.error) == ("done", "")
    assert run.outputs.count() == 130


@pytest.mark.django_db
def test_a_second_delivery_changes_nothing(team: Team, server: OpenAIServer) -> None:
    run = worked_through(a_live_run(team, server, 10))
    before = list(Score.objects.order_by("pk").values())
    finished = run.finished
    assert not process_shard(run.pk)
    run.refresh_from_db()
    assert run.finished == finished
    assert list(Score.objects.order_by("pk").values()) == before
    assert len(server.requests) == 10


@pytest.mark.django_db
def test_a_shard_is_held_by_one_worker_at_a_time(team: Team, server: OpenAIServer) -> None:
    run = a_live_run(team, server, 100)
    [one], [two] = shards.claim_next(run.pk), shards.claim_next(run.pk)
    assert one.shard != two.shard
    assert shards.claim_next(run.pk) == []
    assert not process_shard(run.pk)
    run.refresh_from_db()
    assert run.state == "running"


@pytest.mark.django_db
def test_shards_are_claimed_together_but_for_one_that_failed_before(
    team: Team, server: OpenAIServer
) -> None:
    run = a_live_run(team, server, 300)
    spoiled = run.shards.order_by("start")[2]
    run.shards.filter(pk=spoiled.pk).update(attempts=1)
    claims = [shards.claim_next(run.pk, items=130) for _ in range(4)]
    starts = [[claim.shard.start for claim in together] for together in claims]
    assert starts == [[0, 64], [128], [192, 256], []]
    shards.release(claims[0][1])
    with pytest.raises(shards.ClaimLost):
        shards.complete(*claims[0])
    assert not run.shards.filter(state="done").exists()


@pytest.mark.django_db
def test_the_shard_of_a_killed_worker_is_taken_up_where_it_stopped(
    team: Team, server: OpenAIServer
) -> None:
    run = a_live_run(team, server, 20)
    [killed] = shards.claim_next(run.pk)
    items = list(Item.objects.all()[:5])
    Output.objects.bulk_create(Output(run=run, item=item, text="before") for item in items)
    lapse(killed.shard)
    run = worked_through(run)
    assert run.state == "done"
    assert len(server.requests) == 15
    assert run.outputs.filter(text="before").count() == 5
    with pytest.raises(shards.ClaimLost):
        shards.renew(killed, 5, got_on=True)
    with pytest.raises(shards.ClaimLost):
        shards.complete(killed)


@pytest.mark.django_db
def test_a_shard_that_kills_its_workers_is_not_given_out_for_ever(
    team: Team, server: OpenAIServer
) -> None:
    run = a_live_run(team, server, 2)
    for _ in range(shards.ATTEMPTS):
        [claimed] = shards.claim_next(run.pk)
        lapse(claimed.shard)
    run = worked_through(run)
    assert run.state == "failed"
    assert run.error.splitlines() == [
        "1 of 1 parts of the run failed, the first, items 1 to 2, with: its worker was lost "
        "3 times, and nothing was done in between; run again to retry them",
        "2 of 2 items have no answer, the first is 'q0000'",
    ]
    with pytest.raises(RunUnreachable):  # machines that die are no evidence
        check(run)
    resume(run, by=None)
    assert worked_through(run).state == "done"


@pytest.mark.django_db
def test_an_unforeseen_error_is_tried_three_times_and_then_told(
    team: Team, server: OpenAIServer
) -> None:
    run = a_live_run(team, server, 2)
    Metric.objects.update(name="no_such_metric")  # as if an older program came upon it
    run = worked_through(run)
    assert run.state == "failed"
    assert "MetricError: there is no metric 'no_such_metric'" in run.error
    assert Shard.objects.get().attempts == 3
    Metric.objects.update(name="exact_match")
    resume(run, by=None)
    run = worked_through(run)
    assert (run.state, run.error) == ("done", "")


@pytest.mark.django_db
def test_a_worker_that_is_stopped_gives_its_shard_back(team: Team, server: OpenAIServer) -> None:
    server.latency_s = 0.2
    run = a_live_run(team, server, 60, concurrency=2)
    end = time.monotonic() + 0.8
    start = time.monotonic()
    process_shard(run.pk, stopping=lambda: time.monotonic() > end)
    assert time.monotonic() - start < 2.5
    shard = Shard.objects.get()
    assert (shard.state, shard.claim, shard.attempts) == ("pending", None, 0)
    assert 0 < run.outputs.count() < 60


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_cancelling_stops_a_worker_at_its_work_and_the_run_can_go_on(
    server: OpenAIServer,
) -> None:
    """All of it would take 15 seconds; a busy machine may take some before it looks."""
    server.latency_s = 1.0
    run = a_live_run(a_team(), server, 60, concurrency=4)

    def work() -> None:
        process_shard(run.pk)
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    end = time.monotonic() + 15
    progress = 0
    while not progress and time.monotonic() < end:  # it shows while the run goes on
        time.sleep(0.05)
        progress = Run.objects.with_progress().get(pk=run.pk).items_done
    assert 0 < progress < 60
    cancel(run, by=None)
    worker.join(10)
    assert not worker.is_alive()
    time.sleep(1)  # what was sent before may still be read by a server on a busy machine
    asked = len(server.requests)
    assert 0 < asked < 60
    time.sleep(2)  # in which a worker that went on would send eight more
    assert len(server.requests) == asked
    run.refresh_from_db()
    assert run.state == "cancelled"

    server.latency_s = 0
    there = run.outputs.count()
    resume(run, by=None)
    run = worked_through(run)
    assert (run.state, run.outputs.count()) == ("done", 60)
    assert len(server.requests) - asked == 60 - there


@pytest.mark.django_db(transaction=True)
def test_a_metric_added_while_the_run_goes_on_is_scored_too(server: OpenAIServer) -> None:
    run = a_live_run(a_team(), server, 30)
    [claimed] = shards.claim_next(run.pk)
    launch(
        version=run.version,
        test_set_version=run.test_set_version,
        metrics=[a_metric("length")],
    )
    with pytest.raises(shards.ClaimLost):
        shards.complete(claimed)
    run = worked_through(run)
    assert run.state == "done"
    assert [row.scored for row in run.metrics.all()] == [30, 30]
