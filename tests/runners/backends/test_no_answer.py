"""Responses that are no answers, whose fault that is, and who answered, from a real server."""

import json
from typing import Any

import pytest

from runners.backends.asking import BackendError, Fault
from tests.fakes.openai_server import DROP, HANG, OpenAIServer, body, http_error
from tests.runners.backends.test_openai import replies

SENTINEL = "sk-not-a-real-key-0123456789"
LOGIN = "<!DOCTYPE html><html><title>Sign in</title><p>Session of " + SENTINEL + " expired</html>"


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("{oops", "the response is malformed JSON: '{oops'"),
        ('{"choices": [{"message": {"content": "It', "the response is malformed JSON: '{\"choices"),
        ("[1]", "the response has no choices: '[1]'"),
        ('{"choices": []}', "the response has no choices: '{\"choices\": []}'"),
        ('{"error": {"message": "out of order", "code": 13}}', "is an error: out of order"),
        ('{"error": "overloaded"}', "is an error: overloaded"),
        ('{"error": {"message": "Rate limit: too many tokens per minute"}}', "too many tokens per"),
        (
            '{"choices": [{"error": {"message": "upstream broke"}, "message": null}]}',
            "is an error: upstream broke",
        ),
        (LOGIN, "the response is an HTML page and no JSON: '<!DOCTYPE html><html><title>Sign in<"),
        ('{"error": {"message": "' + "long " * 1000 + '"}}', "long long"),
        ("", "the response is malformed JSON: ''"),
    ],
)
def test_what_comes_with_200_and_is_no_answer_is_tried_again_and_then_the_server_s_fault(
    monkeypatch: pytest.MonkeyPatch, content: str, error: str
) -> None:
    with OpenAIServer(key=SENTINEL) as server:
        monkeypatch.setenv("OUR_KEY", SENTINEL)
        spec = server.backend(key_env="OUR_KEY", retries=1)
        server.misbehave = lambda prompt, attempt: body(content) if attempt == 0 else None
        [reply] = replies(spec, "first")
        assert (reply.text, reply.error) == ("You said: first", "")
        server.misbehave = lambda prompt, attempt: body(content) if prompt == "odd" else None
        [reply] = replies(spec, "odd")
    assert (reply.text, reply.fault) == (None, Fault.SERVER)
    assert error in reply.error
    assert reply.error.endswith("(2 attempts)")
    assert SENTINEL not in reply.error
    assert len(reply.error) < 300
    assert server.asked["odd"] == 2


def test_a_server_that_answers_nothing_but_a_login_page_ends_all_at_once(
    server: OpenAIServer,
) -> None:
    server.misbehave = lambda prompt, attempt: body(LOGIN)
    with pytest.raises(BackendError, match="gives no answers: the response is an HTML page"):
        replies(server.backend(retries=1, concurrency=2), *(f"{i}?" for i in range(50)))
    assert len(server.requests) < 10


TOO_LONG = (
    "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000",
    "the request exceeds the available context size, try increasing it",
    "prompt is too long: 210000 tokens > 200000 maximum",
    "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096: too long",
)
FILTERED = (
    "The response was filtered due to the prompt triggering Azure's content management policy.",
    "Your input was flagged by moderation",
)


@pytest.mark.parametrize("message", [*TOO_LONG, *FILTERED])
@pytest.mark.parametrize("status", [200, 400, 500])
def test_what_the_server_calls_the_item_s_own_fault_is_not_tried_again(
    server: OpenAIServer, status: int, message: str
) -> None:
    server.misbehave = lambda prompt, attempt: http_error(status, message)
    [reply] = replies(server.backend(), "odd")
    assert (reply.text, reply.fault) == (None, Fault.ITEM)
    assert message[:60] in reply.error
    assert server.asked["odd"] == 1


def test_an_answer_that_was_withheld_is_the_item_s_own_fault(server: OpenAIServer) -> None:
    content = '{"choices": [{"message": {"content": null}, "finish_reason": "content_filter"}]}'
    server.misbehave = lambda prompt, attempt: body(content)
    [reply] = replies(server.backend(), "odd")
    assert (reply.fault, reply.finish_reason) == (Fault.ITEM, "content_filter")


@pytest.mark.parametrize("failing", [http_error(500), DROP])
def test_what_the_server_fails_on_is_its_fault_and_a_time_out_is_not(
    server: OpenAIServer, failing: Any
) -> None:
    server.misbehave = lambda prompt, attempt: failing if prompt == "odd" else None
    [reply] = replies(server.backend(retries=0), "odd")
    assert reply.fault is Fault.SERVER
    server.misbehave = lambda prompt, attempt: HANG if prompt == "odd" else None
    [reply] = replies(server.backend(retries=0, timeout_s=0.2), "odd")
    assert reply.fault is Fault.MODEL


def test_which_model_and_system_answered_is_kept_without_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with OpenAIServer(key=SENTINEL) as server:
        monkeypatch.setenv("OUR_KEY", SENTINEL)
        server.misbehave = lambda prompt, attempt: body(
            json.dumps(
                {
                    "model": f"m-{SENTINEL}-2026-08-06" if prompt == "one" else 7,
                    "system_fingerprint": "fp_" + "4" * 200,
                    "choices": [{"message": {"content": "Yes"}}],
                }
            )
        )
        one, two = replies(server.backend(key_env="OUR_KEY"), "one", "two")
    assert (one.served_model, two.served_model) == ("m-…-2026-08-06", "")
    assert one.fingerprint == "fp_" + "4" * 117
