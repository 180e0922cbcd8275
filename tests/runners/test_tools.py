"""Items with tools, from their file to the page that shows what was called; and thoughts."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse

from evalhub.io.items import FieldMapping
from evalhub.registry.contents import answers_as_they_are, content_digest, items_as_they_are
from evalhub.registry.importing import import_test_set
from evalhub.registry.models import Run, Score
from evalhub.registry.versions import register_metric
from runners.launch import launch
from runners.metrics import metric_declaration
from tests.cast import OPERATOR, Team, a_version
from tests.fakes.openai_server import OpenAIServer, saying
from tests.runners.test_launch import worked_through

pytestmark = pytest.mark.django_db

CALL = {"name": "book", "arguments": {"day": "Monday"}}
TOOL = {"name": "book", "parameters": {"type": "object"}}


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        sent = {
            "id": "1",
            "type": "function",
            "function": CALL | {"arguments": '{"day": "Monday"}'},
        }
        server.misbehave = lambda prompt, attempt: (
            saying(None, tool_calls=[sent], reasoning_content="They want Monday, I see.")
            if "Book" in prompt
            else saying("<think>A greeting, I see.</think>Hello!")
        )
        yield server


def answered(team: Team, server: OpenAIServer, folder: Path, **backend: str) -> Run:
    path = folder / "desk.jsonl"
    rows = [
        {"id": "a", "input": "Book me Monday.", "tools": [TOOL], "reference": CALL},
        {"id": "b", "input": "Hello!", "tools": [], "reference": [[]]},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    mapping = FieldMapping(tools="tools")
    items = import_test_set(project=team.project, slug="desk", path=path, mapping=mapping)
    metric = metric_declaration("tool_call_match")
    run = launch(
        version=a_version(team, "live", backend=server.backend(**backend)),
        test_set_version=items,
        metrics=[register_metric(name=metric.name, options=metric.options)],
        reach=OPERATOR,
    )
    return worked_through(run)


def test_tools_are_sent_and_calls_kept_and_scored(
    team: Team, server: OpenAIServer, tmp_path: Path
) -> None:
    run = answered(team, server, tmp_path)
    assert (run.state, run.error) == ("done", "")
    sent = {each["messages"][-1]["content"]: each.get("tools") for each in server.requests}
    assert sent == {"Book me Monday.": [{"type": "function", "function": TOOL}], "Hello!": None}
    booked, greeted = run.outputs.order_by("item__position")
    assert (booked.text, booked.tool_calls) == ("", [CALL])
    assert (greeted.text, greeted.tool_calls) == ("Hello!", None)
    assert (booked.reasoning, greeted.reasoning) == (
        "They want Monday, I see.",
        "A greeting, I see.",
    )
    assert set(Score.objects.values_list("value", flat=True)) == {1.0}


def test_what_was_called_counts_for_the_answers_digest(
    team: Team, server: OpenAIServer, tmp_path: Path
) -> None:
    run = answered(team, server, tmp_path)
    version = run.test_set_version
    assert items_as_they_are(version) == version.digest == content_digest(version.items.all())
    was = run.answers_digest
    run.outputs.filter(item__key="a").update(tool_calls=None)
    assert was != answers_as_they_are(run)


def test_a_page_shows_calls_and_thoughts_one_click_away(
    team: Team, server: OpenAIServer, tmp_path: Path
) -> None:
    run = answered(team, server, tmp_path)
    page = team.signed_in(team.eva).get(reverse("site:run", args=[run.pk])).content.decode()
    assert "book(day=&quot;Monday&quot;)" in page
    assert "<details><summary>Reasoning, 24 characters</summary>" in page


def test_a_completion_api_takes_no_tools(team: Team, server: OpenAIServer, tmp_path: Path) -> None:
    run = answered(team, server, tmp_path, api="completion")
    assert run.outputs.get(item__key="a").error == (
        "the item carries tools, which a completion API doesn't take"
    )
