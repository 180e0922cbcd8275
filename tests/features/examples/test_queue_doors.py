"""Queues of examples by REST and by command: the same rows."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.accounts.models import Scope
from evalhub.cli.app import run
from reviews.models import ExampleQueue
from tests.api.conftest import Program, home
from tests.cast import Team, a_team
from tests.reviews.examples.queue_steps import a_queue, at_hand, say

__all__ = ["home"]
pytestmark = pytest.mark.django_db
Programs = Callable[..., Program]
OF = ["--project", "support-desk"]
SENT = {
    "input": [{"role": "user", "content": "Why?"}],
    "proposal": "So.",
    "source": "model",
    "model": "canary-heron v3",
    "prompt": "Answer briefly.",
    "reference": {"call": 7},
    "licence": "MIT",
}


@pytest.fixture
def evaluator(program: Programs, team: Team) -> Program:
    return program(user=team.eva)


def test_a_queue_is_made_filled_read_and_closed_by_rest(evaluator: Program, team: Team) -> None:
    body = {"name": "Refunds", "annotators_per_example": 2, "labels": ["So.", "Not so."]}
    made = evaluator.post("/example-queues", body)
    assert made.status_code == 201
    path = f"/example-queues/{made.json()['id']}"
    added = evaluator.post(f"{path}/examples", {"examples": [SENT, SENT]})
    assert (added.status_code, added.json()) == (201, {"added": 1, "duplicates": 1})
    [row] = evaluator.get(f"{path}/examples").json()["results"]
    for name, value in SENT.items():
        assert row[name] == value
    assert (row["state"], row["annotations"]) == ("waiting", [])
    assert evaluator.get("/example-queues").json()["results"][0]["size"] == 1
    closed = evaluator.post(f"{path}/close")
    assert (closed.status_code, closed.json()["state"]) == (201, "closed")
    refused = evaluator.post(f"{path}/examples", {"examples": [SENT]})
    assert refused.status_code == 409


def test_answers_are_told_once_the_example_is_decided(evaluator: Program, team: Team) -> None:
    queue = a_queue(team, examples=1, people=2)
    path = f"/example-queues/{queue.pk}"
    say(at_hand(queue, team.rui), "accept")
    [row] = evaluator.get(f"{path}/examples").json()["results"]
    assert (row["state"], row["annotations"]) == ("in-progress", [])
    say(at_hand(queue, team.ruth), "accept")
    [row] = evaluator.get(f"{path}/examples", state="accepted").json()["results"]
    assert [each["annotator"] for each in row["annotations"]] == ["rui", "ruth"]
    assert evaluator.get(f"{path}/examples", state="rejected").json()["results"] == []
    whole = evaluator.get(path).json()
    assert whole["states"]["accepted"] == 1
    assert whole["agreement"]["same"]["value"] == 1.0
    assert [person["name"] for person in whole["people"]] == ["rui", "ruth"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"examples": [SENT, {"input": " "}]}, "examples.1.input"),
        ({"examples": [{"input": "Why?", "expected": "So."}]}, "examples.0.expected"),
        ({"examples": [{"input": "Why?", "source": "hearsay"}]}, "examples[0].source"),
        ({"examples": []}, "examples"),
    ],
)
def test_a_wrong_example_is_named_and_none_is_added(
    evaluator: Program, team: Team, body: dict[str, Any], field: str
) -> None:
    queue = a_queue(team, examples=0)
    answer = evaluator.post(f"/example-queues/{queue.pk}/examples", body)
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["field"] == field
    assert not queue.examples.exists()


def test_a_queue_of_a_name_that_is_there_is_refused(evaluator: Program, team: Team) -> None:
    a_queue(team)
    answer = evaluator.post("/example-queues", {"name": "canary-queue"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "name"


def test_a_token_that_only_reads_adds_nothing_and_other_projects_are_not_there(
    program: Programs, team: Team
) -> None:
    queue = a_queue(team)
    path = f"/example-queues/{queue.pk}"
    reader = program(Scope.READ)
    assert reader.get(path).status_code == 200
    for write, body in ((f"{path}/close", {}), (f"{path}/examples", {"examples": [SENT]})):
        assert reader.post(write, body).status_code == 403
    theirs = a_queue(a_team("Others", "others"), name="theirs")
    assert program().get(f"/example-queues/{theirs.pk}").status_code == 404


def test_a_page_of_many_examples_takes_few_queries(
    evaluator: Program, team: Team, django_assert_max_num_queries: Any
) -> None:
    queue = a_queue(team, examples=40)
    for _ in range(5):
        say(at_hand(queue, team.rui), "accept")
    evaluator.get(f"/example-queues/{queue.pk}/examples")
    with django_assert_max_num_queries(14):
        evaluator.get(f"/example-queues/{queue.pk}/examples")


def test_commands_make_fill_list_show_and_close(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str], shown: Callable[..., Any]
) -> None:
    create = ["examples", "create", "Refunds", *OF, "--people", "2", "--gold-share", "0.1"]
    assert run([*create, "--by", "eva"]) == 0
    queue = ExampleQueue.objects.get()
    assert (queue.annotators_per_example, queue.gold_share, queue.by) == (2, 0.1, team.eva)
    number = str(queue.pk)
    path = tmp_path / "more.jsonl"
    rows = [{"input": f"Why {n}?", "answer": "So."} for n in (1, 1, 2)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    capsys.readouterr()
    assert run(["examples", "add", number, str(path), *OF]) == 0
    assert capsys.readouterr().out == "2 examples added.\n1 duplicate left out.\n"
    for user in (team.rui, team.ruth):
        say(at_hand(queue, user), "accept")
    assert run(["examples", "show", number, *OF]) == 0
    text = capsys.readouterr().out
    assert "1 of 2 examples decided, 1 accepted" in text
    assert "Agreement on what was done: 100% [2%, 100%] of 1 examples" in text
    assert "rui: 1 answer" in text
    [row] = shown("examples", "list", *OF)
    assert (row["name"], row["decided"]) == ("Refunds", 1)
    assert run(["examples", "close", number, *OF]) == 0
    queue.refresh_from_db()
    assert queue.state == "closed"


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["show", "987654"], 64, "has no queue 987654"),
        (["create", "canary-queue"], 64, "the project has a queue"),
        (["create", "new", "--label", "yes"], 64, "labels: none, or 2 to 50"),
    ],
)
def test_what_a_command_cannot_do_it_says(
    team: Team, capsys: pytest.CaptureFixture[str], words: list[str], code: int, error: str
) -> None:
    a_queue(team)
    assert run(["examples", *words, *OF]) == code
    assert error in capsys.readouterr().err


def test_a_wrong_row_adds_nothing(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = a_queue(team, examples=0)
    path = tmp_path / "more.jsonl"
    path.write_text('{"input": "Fine?"}\n{"input": 7}\n')
    assert run(["examples", "add", str(queue.pk), str(path), *OF]) == 65
    assert "line 2, field 'input'" in capsys.readouterr().err
    assert not queue.examples.exists()
