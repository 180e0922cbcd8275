"""Arms behind an operator's endpoint: a prompt, one item tried, what it costs, a budget."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from evalhub.registry.models import ModelVersion, Output, Run, Score, Study, StudyBudget
from tests.cast import Team
from tests.fakes.openai_server import OpenAIServer, http_error, saying
from tests.site.comparing.handing_in import decided, file, new, sums, three, with_files
from tests.site.test_campaign_pages import filled

PROMPT = {
    "candidate_endpoint": "desk",
    "candidate_model": "tuned",
    "candidate_system": "Add.",
    "candidate_template": "Sum: {input}",
    "candidate_example_1_input": "1 + 1?",
    "candidate_example_1_output": "2",
    "candidate_max_tokens": "9",
    "candidate_price_prompt": "1000",
    "candidate_price_completion": "2000",
}
HTMX = {"HX-Request": "true", "HX-Target": "tried-candidate"}


@pytest.fixture
def server(settings: Any, tmp_path: Path) -> Iterator[OpenAIServer]:
    """A model that can add, behind the alias `desk`."""
    settings.HOME = tmp_path / "home"
    with OpenAIServer() as found:
        alias = {"url": found.url, "private": True}
        settings.ENDPOINTS = json.dumps({"desk": alias})
        found.misbehave = lambda prompt, attempt: saying(str(eval_sum(prompt)))
        yield found


def eval_sum(prompt: str) -> int:
    first, second = prompt.removeprefix("Sum: ").removesuffix("?").split(" + ")
    return int(first) + int(second)


def form(client: Client, **changed: str) -> dict[str, Any]:
    files = three()
    del files["candidate_file"]
    return filled(with_files(client, **files)) | PROMPT | changed


def test_one_item_is_tried_and_what_was_sent_and_answered_is_shown_with_its_cost(
    olga: Client, team: Team, server: OpenAIServer
) -> None:
    shown = olga.post(new(), form(olga) | {"try": "candidate"}, headers=HTMX).text
    (request,) = server.requests
    assert request["messages"] == [
        {"role": "system", "content": "Add."},
        {"role": "user", "content": "Sum: 1 + 1?"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "Sum: 0 + 0?"},
    ]
    assert "Sum: 0 + 0?" in shown
    assert '<p class="text">0</p>' in shown
    # 9 tokens at 1,000 and 1 at 2,000 a million
    assert "it cost 0.011" in shown
    assert "<html" not in shown
    assert not any(kind.objects.exists() for kind in (Output, Score, Run, Study, ModelVersion))


def test_it_is_tried_without_a_script_on_the_whole_page(
    olga: Client, team: Team, server: OpenAIServer
) -> None:
    page = olga.post(new(), form(olga) | {"try": "candidate"})
    assert "What it answered" in page.text
    assert "<html" in page.text
    assert filled(page)["candidate_system"] == "Add."


def test_what_it_asks_at_most_and_what_that_costs_stands_there_before_it_runs(
    olga: Client, team: Team, server: OpenAIServer
) -> None:
    page = olga.post(new(), form(olga, budget_money="0.01"))
    assert "40 answers are asked for" in page.text
    assert "at most" in page.text
    assert server.requests == []
    assert not Study.objects.exists()


def test_it_runs_and_is_decided(olga: Client, team: Team, server: OpenAIServer) -> None:
    olga.post(new(), form(olga, budget_tokens="100000") | {"run": "1"})
    study = Study.objects.get()
    version = study.arms.get(name="tuned").version
    assert version.prompt.system == "Add."
    assert version.backend["endpoint"] == "desk"
    assert StudyBudget.objects.get().tokens == 100000
    assert decided(study).verdict == "ship"
    assert len(server.requests) == 40


def test_both_arms_can_be_asked(olga: Client, team: Team, server: OpenAIServer) -> None:
    given = filled(with_files(olga, items_file=file("sums.jsonl", sums()))) | PROMPT
    asked = {"baseline_endpoint": "desk", "baseline_model": "base", "baseline_template": "{input}"}
    olga.post(new(), given | asked | {"run": "1"})
    arms = {arm.name: arm.version for arm in Study.objects.get().arms.select_related("version")}
    assert {name: each.backend["model"] for name, each in arms.items()} == {
        "base": "base",
        "tuned": "tuned",
    }


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"candidate_template": "Sum"}, "must hold {input}"),
        ({"candidate_template": "{input} {more}"}, "there is no {more}"),
        ({"candidate_model": ""}, "model"),
        ({"candidate_price_completion": ""}, "completion"),
    ],
)
def test_what_is_wrong_is_said_with_its_field_and_asks_nobody(
    olga: Client, team: Team, server: OpenAIServer, changed: dict[str, str], said: str
) -> None:
    given = form(olga, **changed)
    for button in ("try", "run"):
        page = olga.post(new(), given | {button: "candidate"})
        assert said in page.text
    assert server.requests == []
    assert not Study.objects.exists()


def test_no_alias_but_an_operators_is_asked(olga: Client, team: Team, server: OpenAIServer) -> None:
    page = olga.post(new(), form(olga, candidate_endpoint="other") | {"try": "candidate"})
    assert "not one of the available choices" in page.text
    assert server.requests == []


def test_a_server_that_refuses_is_shown(olga: Client, team: Team, server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: http_error(400, "no such thing")
    shown = olga.post(new(), form(olga) | {"try": "candidate"}, headers=HTMX).text
    assert "no such thing" in shown
    assert len(server.requests) == 1


def test_without_an_endpoint_there_is_nothing_to_ask(olga: Client, team: Team) -> None:
    assert "Or ask models" not in olga.get(new()).text


def test_only_who_evaluates_asks(rui: Client, team: Team, server: OpenAIServer) -> None:
    given = {**PROMPT, "items_file": file("sums.jsonl", sums()), "try": "candidate"}
    assert rui.post(new(), given).status_code == 403
    assert server.requests == []


def test_the_other_arm_can_be_a_file(olga: Client, team: Team, server: OpenAIServer) -> None:
    document = olga.post(new(), form(olga)).context["comparison"].document(with_file_names=True)
    assert document["arms"]["base"]["backend"] == {"recorded": "base.jsonl"}
    assert document["arms"]["tuned"]["backend"] == {
        "openai": {"endpoint": "desk", "model": "tuned"}
    }
