"""Answers that a version has given before aren't asked for again."""

from typing import Any

import pytest

from evalhub.registry.models import Output, Run, Score
from runners.launch import launch
from tests.cast import OPERATOR, Team, a_metric, a_test_set, a_version
from tests.fakes.openai_server import OpenAIServer, http_error
from tests.runners.test_launch import worked_through

pytestmark = pytest.mark.django_db


def rows(count: int, reference: str = "right") -> list[dict[str, Any]]:
    return [
        {"id": f"i{n}", "input": f"Question {n}?", "references": [reference]} for n in range(count)
    ]


def a_run(
    team: Team,
    server: OpenAIServer,
    items: list[dict[str, Any]],
    *,
    model: str = "live",
    sampling: dict[str, Any] | None = None,
    repeat: int = 0,
) -> Run:
    version = a_version(team, model, backend=server.backend(), sampling=sampling or {})
    run = launch(
        version=version,
        test_set_version=a_test_set(team, items=items),
        metrics=[a_metric()],
        reach=OPERATOR,
        repeat=repeat,
    )
    return worked_through(run)


def test_a_test_set_that_has_grown_costs_what_was_added(team: Team, server: OpenAIServer) -> None:
    first = a_run(team, server, rows(5))
    assert (len(server.requests), first.reused) == (5, 0)
    grown = a_run(team, server, rows(8))
    assert (grown.state, len(server.requests), grown.reused) == ("done", 8, 5)
    assert Score.objects.filter(output__run=grown).count() == 8
    kept = ("item__key", "text", "latency_ms", "completion_tokens", "finish_reason")
    before = set(Output.objects.filter(run=first).values_list(*kept))
    assert before < set(Output.objects.filter(run=grown).values_list(*kept))


def test_the_same_version_under_another_name_costs_nothing(
    team: Team, server: OpenAIServer
) -> None:
    a_run(team, server, rows(5), sampling={"samples": 2})
    again = a_run(team, server, rows(5), model="other", sampling={"samples": 2})
    assert (again.state, again.reused, again.outputs.count()) == ("done", 10, 10)
    assert sum(request.get("n", 1) for request in server.requests) == 10
    assert again.shards.get().done == 5


@pytest.mark.parametrize("other", ["sampling", "item", "repeat"])
def test_what_is_another_question_is_asked(team: Team, server: OpenAIServer, other: str) -> None:
    a_run(team, server, rows(5))
    again = a_run(
        team,
        server,
        rows(5, "wrong" if other == "item" else "right"),
        sampling={"temperature": 0} if other == "sampling" else None,
        repeat=int(other == "repeat"),
    )
    assert (again.state, again.reused, len(server.requests)) == ("done", 0, 10)


def test_errors_are_asked_again(team: Team, server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: http_error(400) if "2?" in prompt else None
    assert a_run(team, server, rows(3)).state == "failed"
    server.misbehave = lambda prompt, attempt: None
    again = a_run(team, server, rows(4))
    assert (again.state, again.reused, len(server.requests)) == ("done", 2, 5)
