"""Choices judged by a server whose completions repeat their prompt: by the doors of a run."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run as evalhub
from evalhub.demo.server import LocalExtraMissingError, local_server
from evalhub.registry.models import Output, Score
from runners.backends.asking import BackendRequest, Paid, Reply
from tests.fakes.openai_server import OpenAIServer, http_error
from tests.runners.backends import test_echoed, test_hf

SAID = {
    " yes": -2.0,
    " a": -1.5,
    " long": -0.5,
    " one": -1.0,
    " é": -1.25,
    " I": -1.0,
    " know": -0.25,
}
"""Log-probabilities of words wherever they stand; all others −9."""


def spoken(prompt: str) -> list[tuple[str, float | None, float]]:
    words = re.findall(r"\s*\S+|\s+$", prompt)
    return [(each, SAID.get(each, -9.0) if at else None, -0.1) for at, each in enumerate(words)]


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(echo=spoken) as server:
        yield server


def judged(server: OpenAIServer, given: Any, *choices: str, **fields: Any) -> Reply:
    asked = test_echoed.client(server, api="completion", **fields)
    question = BackendRequest(7, 0, given, "", choices=choices)
    ((_, reply),) = [each for batch in asked.answer([question]) for each in batch]
    return reply


def test_each_choice_is_as_likely_as_its_tokens_after_the_prompt(server: OpenAIServer) -> None:
    # " yes" −2; " a long one" −1.5 −0.5 −1
    reply = judged(server, "Is it so?", "yes", "a long one")
    assert (reply.text, reply.logprob, reply.error) == ("yes", -2.0, "")
    assert reply.choice_logprobs == [-2.0, -3.0]
    first, *asked = (each["prompt"] for each in server.requests)
    assert (first, asked) == ("One, two, three", ["Is it so? yes", "Is it so? a long one"])
    # the fake server counts a prompt's words, and three tokens back
    assert (reply.prompt_tokens, reply.completion_tokens) == (4 + 6, 6)
    assert reply.paid == Paid(10, 6)


def test_the_space_at_a_prompt_s_end_is_the_choice_s_own(server: OpenAIServer) -> None:
    assert judged(server, "Is it so? ", "yes", "a").choice_logprobs == [-2.0, -1.5]
    assert [each["prompt"] for each in server.requests][1:] == ["Is it so? yes", "Is it so? a"]


def test_a_choice_that_fails_is_the_item_s_error(server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: (
        http_error(400, "too long") if "long" in prompt else None
    )
    reply = judged(server, "Is it so?", "yes", "a long one")
    assert (reply.text, reply.error, reply.paid) == (None, "HTTP 400: too long", Paid(4, 3))
    assert judged(server, "Is it so?", "yes", "").error == "a choice is empty"
    messages = [{"role": "user", "content": "Is it so?"}]
    assert "which a completion API doesn't take" in judged(server, messages, "yes").error


STUDY = """\
schema: evalhub.study/1
project: desk
name: Choices
baseline: base
arms:
  base: {kind: base, backend: {openai: BACKEND}, prompt: {system: So.}}
  tuned: {kind: full, parent: base, backend: {openai: BACKEND}}
test_sets:
  sure:
    file: sure.jsonl
    role: primary
    fields: {choices: options}
    metric: {name: choice_likelihood, per: PER}
"""
ITEMS = [
    {"input": "Is it so?", "options": ["yes", "a long one"], "reference": "a long one"},
    {"input": "Or so?", "options": ["yes", "é"], "reference": 1},
]


def studied(folder: Path, backend: dict[str, Any], *options: str, per: str = "sum") -> int:
    rows = [{"id": f"q{at}"} | each for at, each in enumerate(ITEMS * 10)]
    (folder / "sure.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    file = folder / "study.yaml"
    file.write_text(STUDY.replace("BACKEND", json.dumps(backend)).replace("PER", per))
    return evalhub(["study", "run", str(file), "--json", *options])


def settings(server: OpenAIServer, **fields: Any) -> dict[str, Any]:
    return {"url": server.url, "model": "m", "retries": 0, "echo": True} | fields


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("per", "values"),
    [
        # yes −2 and a long one −3; yes −2 and é −1.25
        ("sum", [0, 1]),
        # −.67 and −.3; −.67 and −1.25
        ("character", [1, 0]),
        # −.67 and −.3; −.67 and −.625
        ("byte", [1, 1]),
    ],
)
def test_a_study_judges_choices_at_an_endpoint_that_echoes(
    server: OpenAIServer, tmp_path: Path, per: str, values: list[float]
) -> None:
    backend = settings(server, api="completion")
    assert studied(tmp_path, backend, "--dry-run") == 0
    assert server.requests == []
    assert studied(tmp_path, backend, per=per) != 69
    scores = Score.objects.filter(output__run__studies__arm__name="tuned")
    assert [each.value for each in scores.order_by("output__item")] == values * 10
    assert len(server.requests) == 1 + 2 * 2 * 20


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_counts_a_request_a_choice(
    server: OpenAIServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert studied(tmp_path, settings(server, api="completion"), "--dry-run") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["requests"], found["completion_tokens"]) == (80, 80)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"echo": False, "api": "completion"},
            "isn't known to say how likely a given text is: say",
        ),
        ({"api": "chat"}, "it is asked by the chat api, whose template its server puts around"),
    ],
)
def test_who_is_not_said_to_judge_choices_is_refused_before_it_is_asked(
    server: OpenAIServer,
    tmp_path: Path,
    fields: dict[str, Any],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert studied(tmp_path, settings(server, **fields)) == 65
    said = " ".join(capsys.readouterr().err.split())
    assert "choice_likelihood asks how likely each choice is" in said
    assert says in said
    assert server.requests == []


@pytest.mark.django_db(transaction=True)
def test_a_server_that_does_not_tell_ends_the_run_and_no_item_is_asked(
    server: OpenAIServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.echo = None
    assert studied(tmp_path, settings(server, api="completion")) == 69
    assert "was asked how likely a text is, and doesn't tell" in capsys.readouterr().err
    assert not Output.objects.exists()
    assert {each["prompt"] for each in server.requests} == {"One, two, three"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.heavy
def test_the_demo_s_server_does_not_tell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """llama.cpp's server gives the log-probabilities of what it says and not of a prompt."""
    try:
        with local_server(adapter=None) as url:
            backend = {"url": url, "model": "m", "echo": True, "api": "completion"}
            assert studied(tmp_path, backend) == 69
    except LocalExtraMissingError as error:
        pytest.skip(str(error))
    assert "doesn't say how likely the prompt's tokens are" in capsys.readouterr().err
    assert not Output.objects.exists()


@test_hf.with_torch
def test_choices_are_as_likely_as_where_the_model_is_loaded(
    server: OpenAIServer, tiny: Path
) -> None:
    server.echo = test_echoed.told_by(tiny)
    choices = ["no", "absolutely not", "é", "of course it is, as everybody knows"]
    given = "Question: Is 7 even?\nAnswer:"
    loaded = test_hf.client(test_hf.backend(tiny, api="completion"))
    (theirs,) = test_hf.replies(loaded, given, choices=choices)
    ours = judged(server, given, *choices)
    assert ours.choice_logprobs == pytest.approx(theirs.choice_logprobs, abs=1e-4)
    assert ours.text == theirs.text
