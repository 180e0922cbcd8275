"""How likely a server finds a text: asked of completions that repeat their prompt."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from evalhub.declare.declaration import validate
from evalhub.declare.keys import Reach
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from runners.backends import AnyBackend
from runners.backends.asking import BackendError, TextLikelihood
from runners.backends.openai import Client, OpenAIBackend
from tests.fakes.openai_server import OpenAIServer, http_error
from tests.runners.backends import test_hf

TEXT = "How are you? Fine, thanks"


def by_length(prompt: str) -> list[tuple[str, float | None, float]]:
    """Words with the space before them: the longer the less likely, and none longer than five the
    likeliest. Nothing is said of the first."""
    words = re.findall(r"\s*\S+|\s+$", prompt)
    return [
        (each, None if at == 0 else -float(len(each)), -min(5.0, len(each)))
        for at, each in enumerate(words)
    ]


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(echo=by_length) as server:
        yield server


def client(server: OpenAIServer, **fields: Any) -> Client:
    spec = validate(OpenAIBackend, server.backend(echo=True, retries=0, **fields))
    return Client.of(spec, Prompt(), Sampling(), Reach(operator=True))


def test_a_text_is_as_likely_as_its_own_tokens(server: OpenAIServer) -> None:
    found = client(server).loglikelihood(
        [("How are you?", " Fine"), ("How are you? ", "Fine, thanks"), ("How are", " you?")]
    )
    # " Fine" −5; " Fine," −6 and " thanks" −7, of which five would be likelier; " you?" −5
    assert found == [
        TextLikelihood(-5.0, True),
        TextLikelihood(-13.0, False),
        TextLikelihood(-5.0, True),
    ]
    first, *asked = server.requests
    assert first["prompt"] == "One, two, three"
    assert {each["prompt"] for each in asked} == {"How are you? Fine", TEXT, "How are you?"}
    sent = {"model": "echo", "max_tokens": 1, "temperature": 0, "logprobs": 1, "echo": True}
    assert first == sent | {"prompt": "One, two, three"}


def test_a_token_across_the_border_belongs_to_what_is_asked(server: OpenAIServer) -> None:
    assert client(server).loglikelihood([("How ar", "e you?")]) == [TextLikelihood(-9.0, True)]


def test_a_token_before_every_text_is_none_of_it(server: OpenAIServer) -> None:
    server.echo = lambda prompt: [
        ("<s>", None, 0.0),
        *((each, -float(len(each)), -9.0) for each, _, _ in by_length(prompt)),
    ]
    asked = client(server)
    assert asked.loglikelihood_rolling(["How are"]) == [TextLikelihood(-7.0, True)]
    assert asked.loglikelihood([("How", " are")]) == [TextLikelihood(-4.0, True)]


def test_what_has_nothing_before_it_has_no_likelihood(server: OpenAIServer) -> None:
    (said,) = client(server).loglikelihood_rolling(["How are you?"])
    assert isinstance(said, str)
    assert "how likely the first token of a text is" in said


def silent(server: OpenAIServer) -> None:
    server.echo = None


def refuses(server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: http_error(400, "Only no echo is supported")


def says(choice: dict[str, Any]) -> web.Response:
    return web.json_response({"choices": [choice]})


def tells_half(server: OpenAIServer) -> None:
    tokens = {"tokens": ["One", ","], "token_logprobs": [None, -1.0], "top_logprobs": [None, {}]}
    server.misbehave = lambda prompt, attempt: says({"text": prompt, "logprobs": tokens})


def tells_another(server: OpenAIServer) -> None:
    server.echo = lambda prompt: by_length(prompt.upper())


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (silent, "doesn't say how likely the prompt's tokens are"),
        (refuses, "HTTP 400: Only no echo is supported"),
        (tells_half, "doesn't say how likely the prompt's tokens are"),
        (tells_another, "the tokens that the server names don't make up the text"),
    ],
)
def test_a_server_that_does_not_tell_is_asked_of_no_item(
    server: OpenAIServer, made: Any, why: str
) -> None:
    made(server)
    with pytest.raises(BackendError, match=f"and doesn't tell: .*{why}"):
        client(server).loglikelihood([("How are", " you?")] * 20)
    assert {each["prompt"] for each in server.requests} == {"One, two, three"}


def test_one_that_fails_is_that_text_s_error(server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: (
        http_error(400, "too long") if "long" in prompt else None
    )
    found = client(server).loglikelihood([("a", " long text"), ("How are", " you?")])
    assert found == ["HTTP 400: too long", TextLikelihood(-5.0, True)]


def test_whether_a_server_echoes_is_part_of_an_arm_s_identity(server: OpenAIServer) -> None:
    plain = validate(AnyBackend, server.backend())
    assert not plain.gives_likelihoods
    assert validate(AnyBackend, server.backend(echo=True)).identity() != plain.identity()


def told_by(folder: Path) -> Any:
    """What a server says that has a model of transformers, token by token."""
    import torch
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    def told(prompt: str) -> list[tuple[str, float | None, float]]:
        ids = tokenizer.encode(prompt)
        with torch.inference_mode():
            logprobs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        return [
            (
                tokenizer.decode([each]),
                float(logprobs[at - 1, each]) if at else None,
                float(logprobs[at - 1].max()),
            )
            for at, each in enumerate(ids)
        ]

    return told


@test_hf.with_torch
def test_it_is_as_likely_as_where_the_model_is_loaded(server: OpenAIServer, tiny: Path) -> None:
    server.echo = told_by(tiny)
    pairs = [
        ("Question: Is 7 even?\nAnswer:", " no"),
        ("Question: Is 7 even?\nAnswer: ", "absolutely not"),
        ("The capital of France is Par", "is"),
    ]
    loaded = test_hf.client(test_hf.backend(tiny, api="completion")).loglikelihood(pairs)
    for ours, theirs in zip(client(server).loglikelihood(pairs), loaded, strict=True):
        assert isinstance(ours, TextLikelihood)
        assert ours.logprob == pytest.approx(theirs.logprob, abs=1e-4)
        assert ours.greedy == theirs.greedy
