"""A budget held by two worker processes on a real PostgreSQL, reached midway, raised, finished."""

from collections.abc import Iterator

import pytest

from tests.fakes.openai_server import OpenAIServer
from tests.runners.workers import WORKER, Ask, Processes, state, wait_until

pytestmark = [pytest.mark.services, pytest.mark.heavy]

LAUNCH = """
import django; django.setup()
from evalhub.registry.models import StudyBudget
from evalhub.declare.prices import Price, UsedPrice
from runners.launch import launch
from runners.spending import Charges
from tests.cast import OPERATOR, a_metric, a_team, a_test_set, a_version
team = a_team()
budget = StudyBudget.objects.create(project=team.project, study="q", tokens=3000)
run = launch(
    version=a_version(team, backend={backend!r}, sampling=dict(max_tokens=20)),
    test_set_version=a_test_set(team, items={items}),
    metrics=[a_metric("length")],
    reach=OPERATOR,
    charges=Charges(price=UsedPrice(price=Price(prompt=2, completion=8)), budget=budget),
)
print(run.pk)
"""
RESUME = """
import django; django.setup()
from evalhub.registry.models import Run, StudyBudget
from runners.launch import resume
StudyBudget.objects.update(tokens=1_000_000)
assert resume(Run.objects.get(), by=None)
"""


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(latency_s=0.05) as server:
        yield server


def test_two_processes_stop_at_a_budget_and_finish_once_it_is_raised(
    python: Processes, ask: Ask, server: OpenAIServer
) -> None:
    for _ in range(2):
        python(WORKER)
    python.said(LAUNCH.format(backend=server.backend(concurrency=4), items=600))
    wait_until(lambda: state(ask) == "failed", within_s=60)
    first = ask("SELECT spent_tokens FROM registry_studybudget")
    error = str(ask("SELECT error FROM registry_run"))
    assert "of 3,000 tokens spent, so that nothing more is asked: raise tokens" in error
    assert ask("SELECT unreachable FROM registry_run")
    each = ask("SELECT max(prompt_tokens + completion_tokens) FROM registry_output")
    assert 3000 <= first < 3000 + each, "all that there was, and a part of one answer more"
    assert ask("SELECT count(*) FROM registry_reserved") == 0
    assert ask("SELECT count(*) FROM registry_output") < 600

    python.said(RESUME)
    wait_until(lambda: state(ask) == "done", within_s=60)
    assert ask("SELECT count(DISTINCT item_id) FROM registry_output WHERE text <> ''") == 600
    spent = "SELECT sum(prompt_tokens + completion_tokens) FROM registry_"
    told = ask(f"{spent}spending")
    assert told == ask("SELECT spent_tokens FROM registry_studybudget")
    # what was under way when it stopped was asked for again, and paid for unseen
    assert told >= ask(f"{spent}output")
    money = ask("SELECT (2.0 * prompt_tokens + 8 * completion_tokens) / 1e6 FROM registry_spending")
    assert ask("SELECT money FROM registry_spending") == pytest.approx(float(money))
    assert ask("SELECT spent_money FROM registry_studybudget") == pytest.approx(float(money))
