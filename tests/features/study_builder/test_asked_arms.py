"""Arms behind an endpoint: a prompt, one item tried, the cost, a budget, rivals, a judge."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from evalhub.registry.models import ModelVersion, Output, Run, Score, Study, StudyBudget
from tests.cast import Team
from tests.fakes.openai_server import OpenAIServer, http_error, saying
from tests.features.study_builder.posting import (
    BASE,
    HTMX,
    decided,
    file,
    form_of,
    new,
    post,
    sums,
    with_files,
)

TUNED = "arms.desk"
PROMPT = {
    f"t:{TUNED}.backend.openai.model": "tuned",
    f"t:{TUNED}.kind": "lora",
    f"t:{TUNED}.prompt.system": "Add.",
    f"t:{TUNED}.prompt.template": "Sum: {input}",
    f"t:{TUNED}.prompt.examples.0.input": "1 + 1?",
    f"t:{TUNED}.prompt.examples.0.output": "2",
    f"n:{TUNED}.sampling.max_tokens": "9",
    f"n:{TUNED}.price.prompt": "1000",
    f"n:{TUNED}.price.completion": "2000",
}


@pytest.fixture
def server(settings: Any, tmp_path: Path) -> Iterator[OpenAIServer]:
    """A model that can add, behind the alias `desk`."""
    settings.HOME = tmp_path / "home"
    with OpenAIServer() as server:
        settings.ENDPOINTS = json.dumps({"desk": {"url": server.url, "private": True}})
        server.misbehave = lambda prompt, attempt: saying(str(eval_sum(prompt)))
        yield server


def eval_sum(prompt: str) -> int:
    first, second = prompt.removeprefix("Sum: ").removesuffix("?").split(" + ")
    return int(first) + int(second)


def asked(client: Client) -> Any:
    """The page with a file of the baseline's answers and an arm that is asked."""
    page = with_files(client, files=[file("base.jsonl", BASE), file("sums.jsonl", sums())])
    return post(client, page, new_arm="ask:desk", add_arm="1")


def test_one_item_is_tried_and_what_was_sent_and_answered_is_shown_with_its_cost(
    olga: Client, team: Team, server: OpenAIServer
) -> None:
    inputs = form_of(asked(olga)) | PROMPT | {"try": "desk"}
    shown = olga.post(new(), inputs, headers=HTMX | {"HX-Target": "builder"}).text
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
    page = post(olga, asked(olga), PROMPT, **{"try": "desk"})
    assert "What it answered" in page.text
    assert "<html" in page.text
    assert form_of(page)[f"t:{TUNED}.prompt.system"] == "Add."


def test_what_it_asks_at_most_and_what_that_costs_stands_there_before_it_starts(
    olga: Client, team: Team, server: OpenAIServer
) -> None:
    page = post(olga, asked(olga), PROMPT | {"n:budget.money": "0.01"})
    assert "40 · " in page.text
    assert "at most" in page.text
    assert server.requests == []
    assert not Study.objects.exists()


def test_it_runs_and_is_decided(olga: Client, team: Team, server: OpenAIServer) -> None:
    post(olga, asked(olga), PROMPT | {"n:budget.tokens": "100000"}, run="1")
    study = Study.objects.get()
    version = study.arms.get(name="desk").version
    assert version.prompt.system == "Add."
    assert version.backend["endpoint"] == "desk"
    assert StudyBudget.objects.get().tokens == 100000
    assert decided(study).verdict == "ship"
    assert len(server.requests) == 40


def test_rivals_are_made_of_an_arm_that_is_asked(
    olga: Client, team: Team, server: OpenAIServer
) -> None:
    page = post(olga, asked(olga), PROMPT | {"name:arms.desk": "tuned"})
    for kind in ("prompted", "few-shot"):
        page = post(olga, page, new_arm=f"{kind}:tuned", add_arm="1")
    page = post(olga, page, {"t:candidate": "tuned", "t:arms.prompted.prompt.system": "Think."})
    arms = page.context["builder"].finished.document["arms"]
    assert {name: arm["kind"] for name, arm in arms.items()} == {
        "base": "base",
        "tuned": "lora",
        "prompted": "prompted",
        "few-shot": "few-shot",
    }
    post(olga, page, run="1")
    study = Study.objects.get()
    assert study.arms.get(role="candidate").name == "tuned"
    assert study.arms.get(name="prompted").version.prompt.system == "Think."


def test_a_retrieval_arm_looks_in_documents_that_were_sent(
    olga: Client, team: Team, server: OpenAIServer
) -> None:
    page = post(olga, asked(olga), PROMPT, new_arm="retrieval:desk", add_arm="1")
    rows = "".join(
        f'{{"id": "d{n}", "text": "Adding number{n} twice gives number{2 * n}"}}\n'
        for n in range(5)
    )
    page = post(olga, page, **{"documents:retrieval": file("facts.jsonl", rows)})
    assert "facts.jsonl" in page.text
    post(olga, page, run="1")
    prompt = Study.objects.get().arms.get(name="retrieval").version.prompt
    assert prompt.retriever is not None
    assert prompt.needs_context


def test_a_judge_compares_pairs_and_is_registered(
    olga: Client, team: Team, server: OpenAIServer
) -> None:
    judge = {"t:judges.judge.backend.openai.endpoint": "desk"}
    page = post(olga, asked(olga), PROMPT | judge)
    page = post(olga, page, {"t:judges.judge.backend.openai.model": "grader"})
    post(olga, page, run="1")
    pairwise = Study.objects.get().policy.pairwise
    assert pairwise is not None
    assert pairwise.test_set == "sums"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({f"t:{TUNED}.prompt.template": "Sum"}, "must hold {input}"),
        ({f"t:{TUNED}.prompt.template": "{input} {more}"}, "there is no {more}"),
        ({f"t:{TUNED}.backend.openai.model": ""}, "model"),
        ({f"n:{TUNED}.price.completion": ""}, "completion"),
        ({f"n:{TUNED}.sampling.max_tokens": "many"}, "a whole number is needed, not &quot;many"),
    ],
)
def test_what_is_wrong_is_named_with_its_field_and_asks_nobody(
    olga: Client, team: Team, server: OpenAIServer, changed: dict[str, str], message: str
) -> None:
    inputs = form_of(asked(olga)) | PROMPT | changed
    for button in ("try", "run"):
        page = olga.post(new(), inputs | {button: "desk"})
        assert message in page.text
    assert server.requests == []
    assert not Study.objects.exists()


def test_no_alias_but_an_operators_is_asked(olga: Client, team: Team, server: OpenAIServer) -> None:
    other = {f"t:{TUNED}.backend.openai.endpoint": "other"}
    page = post(olga, asked(olga), PROMPT | other, **{"try": "desk"})
    assert "no operator has made an endpoint" in page.text
    assert server.requests == []


def test_a_server_that_refuses_is_shown(olga: Client, team: Team, server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: http_error(400, "no such thing")
    assert "no such thing" in post(olga, asked(olga), PROMPT, **{"try": "desk"}).text
    assert len(server.requests) == 1


def test_without_an_endpoint_there_is_nothing_to_ask(olga: Client, team: Team) -> None:
    assert 'name="new_arm"' not in olga.get(new()).text


def test_only_who_evaluates_asks(rui: Client, team: Team, server: OpenAIServer) -> None:
    inputs = {**PROMPT, "files": file("sums.jsonl", sums()), "try": "desk"}
    assert rui.post(new(), inputs).status_code == 403
    assert server.requests == []
