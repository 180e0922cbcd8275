"""How many requests an endpoint is given, by what comes of them."""

from collections.abc import Iterator

import pytest

from runners.backends.asking import Reply
from runners.backends.endpoint_state import state_of
from runners.backends.throttle import ROUND, Throttle
from tests.fakes.openai_server import OpenAIServer, http_error
from tests.runners.backends.test_openai import replies


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


def a_round(throttle: Throttle, latency_s: float) -> None:
    for _ in range(max(ROUND, throttle.now)):
        throttle.answered(latency_s)


def test_it_starts_at_what_is_allowed_and_stays_there_while_all_is_well() -> None:
    throttle = Throttle(64)
    for _ in range(10):
        a_round(throttle, 0.05)
    assert throttle.now == 64


def test_refusals_of_one_round_lower_it_once_and_answers_raise_it_again() -> None:
    throttle = Throttle(64)
    for _ in range(20):
        throttle.refused()
    assert throttle.now == 44
    a_round(throttle, 0.05)
    throttle.refused()
    assert throttle.now == 32
    for _ in range(40):
        a_round(throttle, 0.05)
    assert throttle.now == 64


def test_it_never_comes_to_nothing() -> None:
    throttle = Throttle(2)
    for _ in range(50):
        throttle.refused()
        a_round(throttle, 1.0)
        throttle.refused()
    assert throttle.now >= 1


def test_a_server_that_answers_no_more_a_second_is_given_less() -> None:
    """It works on 16 at a time: what is more waits there."""
    throttle = Throttle(64)
    throttle.limit = 16
    a_round(throttle, 0.1)
    for _ in range(60):
        a_round(throttle, 0.1 * max(1.0, throttle.now / 16))
    assert 16 <= throttle.now <= 36


def test_a_server_that_answers_slower_and_more_is_left_alone() -> None:
    throttle = Throttle(64)
    throttle.limit = 4
    a_round(throttle, 0.1)
    throttle.limit = 64
    a_round(throttle, 0.21)  # twice as long, and eight times as many
    assert throttle.now == 64


def test_a_busy_server_is_asked_less_at_a_time_and_answers_all(server: OpenAIServer) -> None:
    server.latency_s = 0.01
    server.misbehave = lambda prompt, attempt: (
        http_error(429, headers={"Retry-After": "0"}) if server._at_once > 5 else None
    )
    backend = server.backend(concurrency=16, retries=20)
    told: list[Reply] = replies(backend, *[f"Prompt {i}" for i in range(100)])
    assert [reply.error for reply in told] == [""] * 100
    assert state_of(server.url, 16).throttle.now < 16
