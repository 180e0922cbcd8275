"""Lists: a page at a time, filtered, with the fields that are wanted; what isn't known is said."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from evalhub.registry.models import Output
from evalhub.registry.models.versions import Kind
from tests.api.conftest import Program
from tests.cast import Team, a_run, a_test_set, a_version, opened

Programs = Callable[..., Program]


@pytest.fixture
def caller(program: Programs, team: Team) -> Program:
    """In whose project there are seven versions, and five runs of one test set."""
    questions = a_test_set(team, items=4)
    for number in range(7):
        version = a_version(team, f"model-{number}")
        if number < 5:
            a_run(version, questions, scores=[1.0, 0.0, None, 1.0])
    return program()


def pages(caller: Program, path: str, **query: Any) -> list[list[Any]]:
    """Every page of a list, by following `next`."""
    answer, found = caller.get(path, **query), []
    while True:
        assert answer.status_code == 200, answer.content
        found.append(answer.json()["results"])
        if (following := answer.json()["next"]) is None:
            return found
        answer = caller.client.get(following)


def test_pages_hold_each_row_once_the_newest_first(caller: Program) -> None:
    found = pages(caller, "/models", page_size=3)
    assert [len(page) for page in found] == [3, 3, 1]
    names = [each["slug"] for page in found for each in page]
    assert sorted(names) == [f"model-{number}" for number in range(7)]
    assert names == [each["slug"] for each in caller.get("/models").json()["results"]]


def test_rows_that_are_added_meanwhile_move_no_page(caller: Program, team: Team) -> None:
    first = caller.get("/models", page_size=3).json()
    a_version(team, "newer")
    second = caller.client.get(first["next"]).json()
    both = [each["slug"] for each in first["results"] + second["results"]]
    assert len(set(both)) == 6
    assert "newer" not in both


def test_filters_keep_what_fits(caller: Program) -> None:
    found = caller.get("/runs", model="model-2").json()["results"]
    assert [each["model"] for each in found] == ["model-2"]
    assert len(caller.get("/runs", state="done").json()["results"]) == 5
    assert caller.get("/runs", state="failed").json()["results"] == []
    later = timezone.now().isoformat()
    assert caller.get("/runs", created_after=later).json()["results"] == []


def test_the_fields_that_are_wanted_are_all_that_is_sent(caller: Program) -> None:
    found = caller.get("/runs", fields="id,state", page_size=1).json()["results"]
    assert [set(each) for each in found] == [{"id", "state"}]
    one = caller.get(f"/runs/{found[0]['id']}", fields="model").json()
    assert set(one) == {"model"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"stat": "done"}, "stat"),
        ({"state": "gone"}, "state"),
        ({"created_after": "yesterday"}, "created_after"),
        ({"page_size": "0"}, "page_size"),
        ({"page_size": "501"}, "page_size"),
        ({"page_size": "-1"}, "page_size"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"fields": "id,secrets"}, "fields"),
    ],
)
def test_what_a_list_doesn_t_know_is_said(
    caller: Program, query: dict[str, str], field: str
) -> None:
    answer = caller.get("/runs", **query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


def test_a_page_costs_as_many_queries_for_one_row_as_for_many(
    caller: Program, django_assert_max_num_queries: Any, team: Team
) -> None:
    for path in ("/models", "/runs", "/test-sets", "/studies", "/decisions", "/campaigns"):
        with django_assert_max_num_queries(12):
            caller.get(path)


def test_scores_are_read_once_a_decision_has_opened_them(caller: Program, team: Team) -> None:
    number = caller.get("/runs", model="model-0").json()["results"][0]["id"]
    sealed = caller.get(f"/runs/{number}/scores").json()["results"]
    assert [each["value"] for each in sealed] == [None], "only why there is none"
    run = caller.get(f"/runs/{number}").json()
    assert [each["mean"] for each in run["metrics"]] == [None]
    from evalhub.registry.models import Run

    opened(Run.objects.get(pk=number))
    values = caller.get(f"/runs/{number}/scores").json()["results"]
    assert [each["value"] for each in values] == [1.0, 0.0, None, 1.0]


def test_items_and_answers_come_in_their_order(caller: Program) -> None:
    run = caller.get("/runs", model="model-1").json()["results"][0]
    outputs = [each for page in pages(caller, f"/runs/{run['id']}/outputs", page_size=2)
               for each in page]  # fmt: skip
    assert [each["item"] for each in outputs] == ["q0000", "q0001", "q0002", "q0003"]
    assert (outputs[0]["reasoning"], outputs[0]["tool_calls"], run["reused"]) == ("", None, 0)
    thought = {"reasoning": "Hm.", "tool_calls": [{"name": "add", "arguments": {"a": 1}}]}
    Output.objects.filter(run=run["id"], item__key="q0000").update(**thought)
    first, *_ = caller.get(f"/runs/{run['id']}/outputs").json()["results"]
    assert {name: first[name] for name in thought} == thought
    (only,) = caller.get(f"/runs/{run['id']}/outputs", page_size=1, fields="text").json()["results"]
    assert list(only) == ["text"]
    at = f"/test-sets/{run['test_set']}/versions/1/items"
    items = [each for page in pages(caller, at, page_size=3) for each in page]
    assert [each["id"] for each in items] == ["q0000", "q0001", "q0002", "q0003"]


def test_a_version_comes_with_its_training_record_and_what_is_unusual_in_it(
    caller: Program, team: Team
) -> None:
    record = {"method": "lora", "hyperparameters": {"learning_rate": 1e-5}, "ticket": "LLM-214"}
    version = a_version(team, "tuned", kind=Kind.LORA, training=record)
    found = caller.get(f"/models/tuned/versions/{version.number}").json()
    assert found["training"] == record | {"data": None, "hashes": None}
    (advice,) = found["training_advice"]
    assert advice["rule"] == "lora-learning-rate"
    assert "0.05 times the usual 2e-4" in advice["says"]
    assert "https://arxiv.org/abs/2305.14314" in [each["url"] for each in advice["sources"]]
