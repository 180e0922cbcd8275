"""How far a budget is exceeded: by a part of one answer, however many ask at once."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4
from zlib import crc32

import pytest
from aiohttp import web
from django.db import connection
from django.utils import timezone

from evalhub.declare.prices import Price, UsedPrice
from evalhub.registry.models import Output, Reserved, Run, StudyBudget
from runners.backends.asking import BackendRequest
from runners.execute import process_shard
from runners.launch import launch
from runners.reserving import MostCost, Reservation
from runners.spending import Charges
from tests.cast import OPERATOR, Team, a_metric, a_team, a_test_set, a_version
from tests.fakes.openai_server import OpenAIServer
from tests.runners.test_launch import worked_through

LONGEST = 40


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    """Whose answers take 1 to LONGEST tokens, and their prompts 9."""
    with OpenAIServer(latency_s=0.02) as server:
        server.misbehave = lambda prompt, attempt: answer(1 + crc32(prompt.encode()) % LONGEST)
        yield server


def answer(tokens: int) -> web.Response:
    usage = {"prompt_tokens": 9, "completion_tokens": tokens}
    choice = {"message": {"content": "yes"}, "finish_reason": "stop"}
    return web.json_response({"choices": [choice], "usage": usage})


def a_run(
    team: Team, server: OpenAIServer, name: str, budget: StudyBudget, *, items: int, **sampling: Any
) -> Run:
    backend = server.backend(concurrency=8)
    return launch(
        version=a_version(team, name, backend=backend, sampling=sampling),
        test_set_version=a_test_set(team, items=items),
        metrics=[a_metric("length")],
        reach=OPERATOR,
        charges=Charges(price=UsedPrice(price=Price(prompt=1, completion=4)), budget=budget),
    )


def worked_on_by(threads: int, runs: list[Run]) -> None:
    """By so many threads each, at the same time, until nothing is left to be done."""
    failed: list[BaseException] = []

    def work(run: Run) -> None:
        try:
            while process_shard(run.pk):
                pass
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=(run,)) for run in runs for _ in range(threads)]
    for each in workers:
        each.start()
    for each in workers:
        each.join(60)
        assert not each.is_alive()
    assert failed == []


def dearest(answers: Any) -> int:
    return max(each.prompt_tokens + each.completion_tokens for each in answers)


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("said", [{"tokens": 3000}, {"money": 9e-3}], ids=["tokens", "money"])
def test_many_workers_exceed_a_budget_by_a_part_of_one_answer(
    server: OpenAIServer, said: dict[str, Any]
) -> None:
    team = a_team()
    budget = StudyBudget.objects.create(project=team.project, study="q", **said)
    names = ("one", "two", "three")
    runs = [a_run(team, server, each, budget, items=150, max_tokens=LONGEST) for each in names]
    worked_on_by(2, runs)
    budget.refresh_from_db()
    answers = Output.objects.filter(run__in=runs)
    assert {each.state for each in Run.objects.all()} == {"failed"}
    if budget.tokens:
        assert budget.tokens <= budget.spent_tokens < budget.tokens + dearest(answers)
    else:
        assert 9e-3 <= budget.spent_money < 9e-3 + (9 + 4 * LONGEST) / 1e6
    assert answers.count() == len(server.requests), "what was under way is kept"
    assert not Reserved.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "spent", [{"tokens": 300, "spent_tokens": 300}, {"money": 2.0, "spent_money": 2.5}]
)
def test_what_others_have_spent_since_it_was_looked_at_is_not_asked_for(spent: Any) -> None:
    """The last answer is asked alone, and who waits for it must not ask for one more."""
    budget = StudyBudget.objects.create(project=a_team().project, study="q", **spent)
    asked = [(BackendRequest(1, 0, "Hi", ""), MostCost(tokens=6, money=0.1))]
    assert Reservation((budget.pk,)).take(asked) == 0
    assert not Reserved.objects.exists()
    StudyBudget.objects.update(tokens=301, money=2.6)
    assert Reservation((budget.pk,)).take(asked) == 1


@pytest.mark.django_db(transaction=True)
def test_a_budget_that_pays_for_all_holds_nobody_up(server: OpenAIServer) -> None:
    team = a_team()
    budget = StudyBudget.objects.create(project=team.project, study="q", tokens=200 * 49)
    run = a_run(team, server, "one", budget, items=200, max_tokens=LONGEST)
    worked_on_by(2, [run])
    run.refresh_from_db()
    assert (run.state, len(server.requests)) == ("done", 200)
    assert server.most_at_once == 8
    assert not Reserved.objects.exists()


@pytest.mark.django_db
def test_of_answers_that_nothing_limits_the_longest_so_far_is_reserved(
    team: Team, server: OpenAIServer
) -> None:
    server.misbehave = lambda prompt, attempt: answer(30)
    budget = StudyBudget.objects.create(project=team.project, study="q", tokens=1000)
    run = worked_through(a_run(team, server, "one", budget, items=60))
    budget.refresh_from_db()
    assert "raise tokens" in run.error
    assert 1000 <= budget.spent_tokens < 1000 + 39
    assert run.spending.get().longest == 30


@pytest.mark.django_db
def test_what_others_have_reserved_is_waited_for_and_of_a_lost_worker_a_minute(
    team: Team, server: OpenAIServer
) -> None:
    budget = StudyBudget.objects.create(project=team.project, study="q", tokens=10_000)
    run = a_run(team, server, "one", budget, items=3, max_tokens=LONGEST)
    other = Reserved.objects.create(
        budget=budget,
        holder=uuid4(),
        tokens=10_000,
        money=0,
        until=timezone.now() + timedelta(hours=1),
    )
    looks = iter([False, False, False, True])
    process_shard(run.pk, stopping=lambda: next(looks, True))
    assert server.requests == [], "nothing is left for it"
    Reserved.objects.filter(pk=other.pk).update(until=timezone.now())
    assert worked_through(run).state == "done"
    assert not Reserved.objects.exists()


@pytest.mark.heavy
@pytest.mark.django_db
def test_a_judge_on_the_same_budget_is_asked_once_all_is_answered(
    team: Team, server: OpenAIServer
) -> None:
    """It would wait for what its own worker has reserved."""
    server.latency_s = 0.1
    said = {"content": '{"score": 1}'}
    usage = {"prompt_tokens": 9, "completion_tokens": 5}
    choice = {"message": said, "finish_reason": "stop"}
    server.misbehave = lambda prompt, attempt: web.json_response(
        {"choices": [choice], "usage": usage}
    )
    judge = a_version(
        team, "judge", backend=server.backend(), sampling={"max_tokens": 50, "temperature": 0.0}
    )
    budget = StudyBudget.objects.create(project=team.project, study="q", tokens=1600)
    run = launch(
        version=a_version(
            team, "one", backend=server.backend(concurrency=1), sampling={"max_tokens": 100}
        ),
        test_set_version=a_test_set(team, items=12),
        metrics=[a_metric("judge", by=judge.digest, rubric="Is it right?")],
        reach=OPERATOR,
        charges=Charges(budget=budget),
    )
    run = worked_through(run)
    assert (run.state, run.metrics.get().scored) == ("done", 12)
    budget.refresh_from_db()
    assert budget.spent_tokens == 24 * 14
