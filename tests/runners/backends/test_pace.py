"""How many requests an endpoint is given, by what comes of them."""

from collections.abc import Iterator

import pytest

from runners.backends.asking import Reply
from runners.backends.pace import ROUND, Pace
from runners.backends.standing import standing
from tests.fakes.openai_server import OpenAIServer, http_error
from tests.runners.backends.test_openai import replies


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


def a_round(pace: Pace, latency_s: float) -> None:
    for _ in range(max(ROUND, pace.now)):
        pace.answered(latency_s)


def test_it_starts_at_what_is_allowed_and_stays_there_while_all_is_well() -> None:
    pace = Pace(64)
    for _ in range(10):
        a_round(pace, 0.05)
    assert pace.now == 64


def test_refusals_of_one_round_lower_it_once_and_answers_raise_it_again() -> None:
    pace = Pace(64)
    for _ in range(20):
        pace.refused()
    assert pace.now == 44
    a_round(pace, 0.05)
    pace.refused()
    assert pace.now == 32
    for _ in range(40):
        a_round(pace, 0.05)
    assert pace.now == 64


def test_it_never_comes_to_nothing() -> None:
    pace = Pace(2)
    for _ in range(50):
        pace.refused()
        a_round(pace, 1.0)
        pace.refused()
    assert pace.now >= 1


def test_a_server_that_answers_no_more_a_second_is_given_less() -> None:
    """It works on 16 at a time: what is more waits there."""
    pace = Pace(64)
    pace.limit = 16
    a_round(pace, 0.1)
    for _ in range(60):
        a_round(pace, 0.1 * max(1.0, pace.now / 16))
    assert 16 <= pace.now <= 36


def test_a_server_that_answers_slower_and_more_is_left_alone() -> None:
    pace = Pace(64)
    pace.limit = 4
    a_round(pace, 0.1)
    pace.limit = 64
    a_round(pace, 0.21)  # twice as long, and eight times as many
    assert pace.now == 64


def test_a_busy_server_is_asked_less_at_a_time_and_answers_all(server: OpenAIServer) -> None:
    server.latency_s = 0.01
    server.misbehave = lambda prompt, attempt: (
        http_error(429, headers={"Retry-After": "0"}) if server._at_once > 5 else None
    )
    backend = server.backend(concurrency=16, retries=20)
    told: list[Reply] = replies(backend, *[f"Prompt {i}" for i in range(100)])
    assert [reply.error for reply in told] == [""] * 100
    assert standing(server.url, 16).pace.now < 16
