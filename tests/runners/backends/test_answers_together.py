"""What a server is asked for beside the answer, and what it gives of that."""

import json
from collections import Counter
from typing import Any

import pytest

from runners.backends.asking import BackendError
from tests.fakes.openai_server import OpenAIServer, body, http_error
from tests.runners.backends.test_openai import replies


def asked_for(server: OpenAIServer) -> list[int]:
    return [request.get("n", 1) for request in server.requests]


def test_samples_of_an_item_are_one_request(server: OpenAIServer) -> None:
    told = replies(server.backend(), "one", "two", sampling={"samples": 20}, samples=20)
    assert Counter(reply.text for reply in told) == {"You said: one": 20, "You said: two": 20}
    assert sorted(asked_for(server)) == [4, 4, 16, 16]
    assert {(reply.prompt_tokens, reply.completion_tokens) for reply in told} == {(1, 3)}


def test_samples_that_a_server_leaves_out_are_asked_for_one_by_one(server: OpenAIServer) -> None:
    server.most_choices = 1
    backend = server.backend(concurrency=1)
    told = replies(backend, "one", "two", sampling={"samples": 3}, samples=3)
    assert [reply.text for reply in told] == ["You said: one"] * 3 + ["You said: two"] * 3
    assert asked_for(server) == [3, 1, 1, 1, 1, 1]


def test_a_server_that_refuses_several_answers_is_asked_for_one(server: OpenAIServer) -> None:
    refusal = http_error(400, "'n' is not supported by this model")
    server.misbehave = lambda prompt, attempt: (
        refusal if server.requests[-1].get("n", 1) > 1 else None
    )
    told = replies(server.backend(concurrency=1), "one", sampling={"samples": 3}, samples=3)
    assert [reply.text for reply in told] == ["You said: one"] * 3
    assert asked_for(server) == [3, 1, 1, 1]


@pytest.mark.parametrize("api", ["chat", "completion"])
def test_log_probabilities_are_summed_over_the_answer(server: OpenAIServer, api: str) -> None:
    server.logprobs = [-0.5, -0.25, -1.0]
    [reply] = replies(server.backend(api=api), "Hi")
    assert (reply.logprob, reply.finish_reason) == (-1.75, "stop")


def test_a_server_without_log_probabilities_gives_none(server: OpenAIServer) -> None:
    [reply] = replies(server.backend(), "Hi")
    assert (reply.text, reply.logprob) == ("You said: Hi", None)


def test_log_probabilities_can_be_left_unasked(server: OpenAIServer) -> None:
    server.logprobs = [-0.5]
    [reply] = replies(server.backend(logprobs=False), "Hi")
    assert reply.logprob is None
    assert "logprobs" not in server.requests[0]


def test_a_server_that_refuses_log_probabilities_is_asked_without(server: OpenAIServer) -> None:
    refusal = http_error(403, "You are not allowed to request logprobs from this model")
    server.misbehave = lambda prompt, attempt: (
        refusal if "logprobs" in server.requests[-1] else None
    )
    told = replies(server.backend(concurrency=1, retries=0), "one", "two")
    assert [reply.text for reply in told] == ["You said: one", "You said: two"]
    assert ["logprobs" in request for request in server.requests] == [True, False, False]


@pytest.mark.parametrize(
    "said",
    [
        "[]",
        "7",
        '{"content": 7}',
        '{"content": [7]}',
        '{"content": [{"logprob": "low"}]}',
        '{"content": [{"logprob": NaN}]}',
        '{"content": [{"logprob": 0.5}]}',
        '{"content": [{"logprob": -1}, {}]}',
        '{"token_logprobs": [null, -1]}',
        '{"token_logprobs": [true]}',
        '{"token_logprobs": []}',
    ],
)
def test_what_is_no_log_probability_is_none(server: OpenAIServer, said: str) -> None:
    content = f'{{"choices": [{{"message": {{"content": "Hi"}}, "logprobs": {said}}}]}}'
    server.misbehave = lambda prompt, attempt: body(content)
    [reply] = replies(server.backend(), "Hi")
    assert (reply.text, reply.logprob) == ("Hi", None)


@pytest.mark.parametrize(
    ("said", "kept"),
    [("length", "length"), (7, ""), (None, ""), ("x" * 90, "x" * 40), ("a\0b", ""), ({}, "")],
)
def test_why_it_stopped_is_a_word(server: OpenAIServer, said: Any, kept: str) -> None:
    choice = {"message": {"content": "Hi"}, "finish_reason": said}
    server.misbehave = lambda prompt, attempt: body(json.dumps({"choices": [choice]}))
    [reply] = replies(server.backend(), "Hi")
    assert (reply.text, reply.finish_reason) == ("Hi", kept)


def test_tokens_of_several_answers_are_shared_out_or_counted(server: OpenAIServer) -> None:
    def choices(*logprobs: list[float] | None) -> str:
        return json.dumps(
            {
                "choices": [
                    {"message": {"content": "Hi"}}
                    | ({} if each is None else {"logprobs": {"token_logprobs": each}})
                    for each in logprobs
                ],
                "usage": {"completion_tokens": 8},
            }
        )

    def counts() -> list[int | None]:
        told = replies(server.backend(), "Hi", sampling={"samples": 3}, samples=3)
        return [reply.completion_tokens for reply in told]

    server.misbehave = lambda prompt, attempt: body(choices(None, None, None))
    assert counts() == [3, 3, 2]
    server.misbehave = lambda prompt, attempt: body(choices([-1.0], [-1.0] * 5, [-1.0, -2.0]))
    assert counts() == [1, 5, 2]


def test_an_answer_s_schema_is_sent(server: OpenAIServer) -> None:
    schema = {"type": "object", "required": ["team"]}
    replies(server.backend(answer_schema=schema), "Hi")
    assert server.requests[0]["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": schema, "strict": True},
    }


BASE = {"id": "llama", "root": "org/llama", "parent": None}


@pytest.mark.parametrize("base", ["llama", "org/llama"])
def test_an_adapter_of_the_base_is_asked(server: OpenAIServer, base: str) -> None:
    server.models = [BASE, {"id": "echo", "root": "/tuned", "parent": "llama"}]
    [reply] = replies(server.backend(adapter_of=base), "Hi")
    assert reply.text == "You said: Hi"


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ([BASE, {"id": "echo", "parent": "other"}], "'echo' is an adapter of 'other' there, not"),
        ([BASE, {"id": "echo", "parent": None}], "it doesn't say of 'echo' whose adapter it is"),
        ([BASE], "it lists no model 'echo'; it serves 'llama'"),
        ([], "it lists no model 'echo'; it serves none"),
        (None, "HTTP 404"),
    ],
)
def test_an_adapter_of_another_base_is_refused_before_anything_is_asked(
    server: OpenAIServer, models: Any, said: str
) -> None:
    server.models = models
    with pytest.raises(BackendError, match="doesn't bear out adapter_of") as refused:
        replies(server.backend(adapter_of="llama"), "one", "two")
    assert said in str(refused.value)
    assert server.requests == []


def test_a_server_that_is_only_busy_is_asked_again_whose_adapter_it_serves(
    server: OpenAIServer,
) -> None:
    server.models = [BASE, {"id": "echo", "root": "/tuned", "parent": "llama"}]
    server.busy_models = 1
    [reply] = replies(server.backend(adapter_of="llama"), "Hi")
    assert reply.text == "You said: Hi"
    assert server.busy_models == 0


def test_a_server_that_stays_busy_is_not_said_to_serve_another_adapter(
    server: OpenAIServer,
) -> None:
    server.models, server.busy_models = [BASE], 9
    with pytest.raises(BackendError) as refused:
        replies(server.backend(adapter_of="llama", retries=1), "Hi")
    assert str(refused.value) == (
        f"{server.url}/models doesn't answer (HTTP 503), so adapter_of can't be borne out: run "
        "again when it does"
    )
    assert server.busy_models == 7
