"""Asking a real HTTP server that misbehaves."""

import email.utils
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.keys import Reach
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from runners.backends.asking import BackendError, BackendRequest, Reply
from runners.backends.openai import Client, OpenAIBackend
from runners.backends.replies import retry_after
from tests.fakes.openai_server import DROP, HANG, OpenAIServer, body, http_error

OPERATOR = Reach(operator=True, hosts=("127.0.0.1",))


def client_of(
    backend: dict[str, Any],
    prompt: dict[str, Any] | None = None,
    sampling: dict[str, Any] | None = None,
    reach: Reach = OPERATOR,
) -> Client:
    return Client.of(
        validate(OpenAIBackend, backend),
        validate(Prompt, prompt or {}),
        validate(Sampling, sampling or {}),
        reach,
    )


def replies(
    backend: dict[str, Any],
    *prompts: str,
    prompt: dict[str, Any] | None = None,
    sampling: dict[str, Any] | None = None,
    samples: int = 1,
    reach: Reach = OPERATOR,
) -> list[Reply]:
    """The replies to these inputs, in their order."""
    client = client_of(backend, prompt, sampling, reach)
    questions = [
        BackendRequest(i, k, text, "") for i, text in enumerate(prompts) for k in range(samples)
    ]
    answered = [one for batch in client.answer(questions) for one in batch]
    answered.sort(key=lambda one: (one[0].item_id, one[0].sample))
    return [reply for _, reply in answered]


def test_a_chat_answer_comes_with_what_it_cost(server: OpenAIServer) -> None:
    server.latency_s = 0.05
    [reply] = replies(server.backend(), "How are you?")
    assert (reply.text, reply.error) == ("You said: How are you?", "")
    assert (reply.prompt_tokens, reply.completion_tokens) == (3, 3)
    assert reply.latency_ms is not None
    assert 50 <= reply.latency_ms < 1000


def test_the_request_carries_prompt_sampling_and_extra(server: OpenAIServer) -> None:
    replies(
        server.backend(extra={"lora": [{"id": 0, "scale": 1.0}]}),
        "Hi",
        prompt={"system": "Be brief."},
        sampling={"temperature": 0, "max_tokens": 5, "stop": "\n"},
    )
    assert server.requests == [
        {
            "model": "echo",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Hi"},
            ],
            "temperature": 0,
            "max_tokens": 5,
            "stop": ["\n"],
            "logprobs": True,
            "lora": [{"id": 0, "scale": 1.0}],
        }
    ]


def test_what_openai_does_not_have_is_sent_where_it_is_set(server: OpenAIServer) -> None:
    beyond = {"top_k": 20, "min_p": 0.05, "repetition_penalty": 1.1}
    beyond |= {"chat_template_kwargs": {"enable_thinking": False}}
    replies(server.backend(), "Hi", sampling=beyond)
    assert server.requests[0].items() >= beyond.items()
    replies(server.backend(extra={"top_k": 5}), "Hi")
    assert server.requests[1]["top_k"] == 5, "as a version could say before sampling had it"
    assert not server.requests[1].keys() & beyond.keys() - {"top_k"}


@pytest.mark.parametrize(
    ("backend", "sampling", "field", "says"),
    [
        ({"extra": {"top_k": 5}}, {"top_k": 5}, "sampling.top_k", "by the backend's `extra`, too"),
        (
            {"api": "completion"},
            {"chat_template_kwargs": {"enable_thinking": True}},
            "sampling.chat_template_kwargs",
            "is for the chat api",
        ),
    ],
)
def test_what_is_said_twice_or_can_not_be_sent_is_refused(
    backend: dict[str, Any], sampling: dict[str, Any], field: str, says: str
) -> None:
    spec = {"type": "openai", "url": "http://127.0.0.1:1/v1", "model": "m"} | backend
    with pytest.raises(DeclarationError, match=says) as refused:
        validate(OpenAIBackend, spec).check_sampling(validate(Sampling, sampling))
    assert refused.value.field == field


def test_a_completion_answer_is_asked_for_with_plain_text(server: OpenAIServer) -> None:
    [reply] = replies(
        server.backend(api="completion"),
        "2+2",
        prompt={"template": "Q: {input}\nA:", "examples": [{"input": "1+1", "output": "2"}]},
    )
    assert server.requests[0]["prompt"] == "Q: 1+1\nA: 2\n\nQ: 2+2\nA:"
    assert reply.text == "You said: Q: 1+1\nA: 2\n\nQ: 2+2\nA:"


def test_samples_are_requests_with_seeds_of_their_own(server: OpenAIServer) -> None:
    assert len(replies(server.backend(), "Hi", sampling={"seed": 7, "samples": 3}, samples=3)) == 3
    assert sorted(request["seed"] for request in server.requests) == [7, 8, 9]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_a_passing_error_is_retried(server: OpenAIServer, status: int) -> None:
    server.misbehave = lambda prompt, attempt: http_error(status) if attempt == 0 else None
    [reply] = replies(server.backend(), "Hi")
    assert reply.text == "You said: Hi"
    assert server.asked["Hi"] == 2


def test_a_dropped_connection_is_retried(server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: DROP if attempt == 0 else None
    [reply] = replies(server.backend(), "Hi")
    assert reply.text == "You said: Hi"


def test_latency_is_that_of_the_attempt_that_succeeded(server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: http_error(500) if attempt == 0 else None
    start = time.perf_counter()
    [reply] = replies(server.backend(), "Hi")
    assert (time.perf_counter() - start) * 1000 > 250
    assert reply.latency_ms is not None
    assert reply.latency_ms < 200


def test_retries_come_to_an_end_and_the_error_says_how_many(server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: http_error(500, "on fire")
    [reply] = replies(server.backend(retries=1), "Hi")
    assert (reply.text, reply.error) == (None, "HTTP 500: on fire (2 attempts)")
    assert server.asked["Hi"] == 2


def test_the_request_s_own_fault_is_not_retried(server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: (
        http_error(400, "too long") if "x" in prompt else None
    )
    long, short = replies(server.backend(), "xxxx", "Hi")
    assert long.error == "HTTP 400: too long"
    assert server.asked["xxxx"] == 1
    assert short.text == "You said: Hi"


def test_a_request_that_hangs_is_given_up(server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: HANG
    start = time.monotonic()
    [reply] = replies(server.backend(timeout_s=0.2, retries=0), "Hi")
    assert reply.error == "no answer within 0.2 s"
    assert time.monotonic() - start < 2


def test_retry_after_in_seconds_holds_for_every_request(server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: (
        http_error(429, "slow down", {"Retry-After": "1"}) if len(server.requests) == 1 else None
    )
    answered = replies(server.backend(concurrency=1), "one", "two")
    assert [reply.error for reply in answered] == ["", ""]
    first, second, *_ = server.arrivals
    assert 1.0 <= second - first < 2.0


def test_retry_after_as_a_date_is_honoured(server: OpenAIServer) -> None:
    def busy(prompt: str, attempt: int) -> Any:
        if attempt:
            return None
        later = datetime.now(UTC) + timedelta(seconds=2)
        return http_error(503, "busy", {"Retry-After": email.utils.format_datetime(later, True)})

    server.misbehave = busy
    [reply] = replies(server.backend(), "Hi")
    assert reply.text == "You said: Hi"
    assert 0.9 <= server.arrivals[1] - server.arrivals[0] < 3.0  # dates hold whole seconds


def test_a_quota_that_is_used_up_stops_all(server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: http_error(
        429, "quota used up", {"Retry-After": "86400"}
    )
    with pytest.raises(BackendError, match="HTTP 429: quota used up; asked to wait 86400 s"):
        replies(server.backend(), "Hi")
    assert server.asked["Hi"] == 1


def limiting(*refused: str) -> Any:
    """Takes no prompt that holds one of these words."""
    return lambda prompt, attempt: (
        http_error(429, "too much") if any(each in prompt for each in refused) else None
    )


def test_a_question_that_alone_is_too_much_is_its_own_error(server: OpenAIServer) -> None:
    server.misbehave = limiting("poison")
    found = replies(server.backend(concurrency=2, retries=1), "one", "poison", "two", "three")
    assert [reply.error for reply in found] == ["", "HTTP 429: too much (2 attempts)", "", ""]
    assert server.asked["poison"] == 2


def test_where_only_such_questions_are_left_a_harmless_one_is_asked(server: OpenAIServer) -> None:
    long = "poison " * 30
    server.misbehave = limiting("poison")
    found = replies(server.backend(concurrency=2, retries=0), long, "poison")
    assert [reply.error for reply in found] == ["HTTP 429: too much"] * 2
    harmless = [asked for asked in server.asked if "poison" not in asked]
    assert len(long) - 3 < max(len(asked) for asked in harmless) <= len(long)


def test_an_endpoint_that_takes_short_questions_alone_is_limited(server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: (
        http_error(429, "tokens a minute") if len(prompt) > 100 else None
    )
    with pytest.raises(BackendError, match="takes no more for now: HTTP 429: tokens a minute"):
        replies(server.backend(retries=0), "question " * 30)


def test_an_endpoint_that_takes_others_at_a_later_attempt_is_limited(server: OpenAIServer) -> None:
    def limited(prompt: str, attempt: int) -> Any:
        return http_error(429, "slow down") if prompt == "unlucky" or not attempt else None

    server.misbehave = limited
    with pytest.raises(BackendError, match="takes no more for now: HTTP 429: slow down"):
        replies(server.backend(concurrency=4, retries=2), "unlucky", "one", "two", "three")
    assert server.asked["unlucky"] == 3


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("12", 12.0),
        ("Tue, 24 Nov 2026 16:00:30 GMT", 30.0),
        ("Tue, 24 Nov 2026 15:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, datetime(2026, 11, 24, 16, 0, 0, tzinfo=UTC)) == seconds


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (
            '{"choices": [{"message": {"content": null}, "finish_reason": "length"}]}',
            "the response has no content (finish_reason: length)",
        ),
        (
            '{"choices": [{"message": {"content": "a\\u0000b"}}]}',
            "the response holds a NUL character or half a surrogate pair",
        ),
        (
            '{"choices": [{"message": {"content": "\\ud83d"}}]}',
            "the response holds a NUL character or half a surrogate pair",
        ),
    ],
)
def test_a_response_that_is_no_answer_is_an_error(
    server: OpenAIServer, content: str, error: str
) -> None:
    server.misbehave = lambda prompt, attempt: body(content)
    [reply] = replies(server.backend(), "Hi")
    assert (reply.text, reply.error) == (None, error)
    assert server.asked["Hi"] == 1


def test_an_empty_answer_is_an_answer(server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: body('{"choices": [{"message": {"content": ""}}]}')
    [reply] = replies(server.backend(), "Hi")
    assert (reply.text, reply.error) == ("", "")
    assert reply.completion_tokens is None


def test_the_key_is_read_from_the_variable_that_is_named(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.key = "secret-1"
    monkeypatch.setenv("MY_KEY", "secret-1")
    [reply] = replies(server.backend(key_env="MY_KEY"), "Hi")
    assert reply.text == "You said: Hi"


def test_a_key_that_is_not_set_is_named(server: OpenAIServer) -> None:
    with pytest.raises(BackendError, match="environment variable NO_SUCH_KEY isn't set"):
        replies(server.backend(key_env="NO_SUCH_KEY"), "Hi")


def test_the_address_may_be_read_from_the_environment(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_URL", f"{server.url}/")
    [reply] = replies(server.backend(url="${MY_URL}"), "Hi")
    assert reply.text == "You said: Hi"
    with pytest.raises(BackendError, match="'url': the environment variable NO_SUCH_URL isn't"):
        replies(server.backend(url="${NO_SUCH_URL}"), "Hi")
    monkeypatch.setenv("MY_URL", "here")
    with pytest.raises(BackendError, match="'url': MY_URL must be an address such as"):
        replies(server.backend(url="${MY_URL}"), "Hi")


def test_a_refused_key_stops_all_and_is_not_repeated(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.key = "secret-1"
    monkeypatch.setenv("MY_KEY", "secret-2")
    with pytest.raises(BackendError, match="HTTP 401: Incorrect API key") as refused:
        replies(server.backend(key_env="MY_KEY", concurrency=1), "one", "two", "three")
    assert "secret-2" not in str(refused.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [302, 403, 404])
def test_a_question_that_alone_is_refused_is_its_own_error(
    server: OpenAIServer, status: int
) -> None:
    server.misbehave = lambda prompt, attempt: (
        http_error(status, "blocked") if prompt == "attack" else None
    )
    told = replies(server.backend(concurrency=1), "attack", "one")
    assert [reply.error for reply in told] == [f"HTTP {status}: blocked", ""]
    assert [each["messages"][-1]["content"] for each in server.requests] == ["attack", "Hi", "one"]


def test_an_address_where_nothing_listens_is_unreachable() -> None:
    with OpenAIServer() as gone:
        backend = gone.backend(retries=1)
    with pytest.raises(BackendError, match=f"nothing answers at {gone.url}"):
        replies(backend, "one", "two")


def test_2000_prompts_are_answered_within_the_bound(server: OpenAIServer) -> None:
    server.latency_s = 0.02
    prompts = [f"Prompt {i}" for i in range(2000)]
    start = time.monotonic()
    answered = replies(server.backend(concurrency=64), *prompts)
    assert [reply.text for reply in answered] == [f"You said: {prompt}" for prompt in prompts]
    assert len(server.requests) == 2000
    assert 32 <= server.most_at_once <= 64
    assert time.monotonic() - start < 20


def test_two_callers_share_the_bound_of_one_endpoint(server: OpenAIServer) -> None:
    server.latency_s = 0.02
    client = client_of(server.backend(concurrency=4))
    callers = [
        client.answer([BackendRequest(i, 0, f"{caller} {i}", "") for i in range(40)])
        for caller in ("one", "two")
    ]
    answered = [
        one for batches in zip(*callers, strict=False) for batch in batches for one in batch
    ]
    assert len({question.input for question, _ in answered}) == len(server.asked) == 80
    assert server.most_at_once == 4


def test_closing_cancels_what_is_under_way(server: OpenAIServer) -> None:
    server.latency_s = 0.2
    client = client_of(server.backend(concurrency=2))
    batches = client.answer([BackendRequest(i, 0, f"Prompt {i}", "") for i in range(1000)])
    next(batches)
    batches.close()
    time.sleep(0.3)
    asked = len(server.requests)
    time.sleep(0.5)
    assert len(server.requests) == asked < 20
