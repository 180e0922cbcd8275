"""How many requests an endpoint is given at a time, by what comes of them."""

import asyncio
import logging

import pytest

from runners.backends.endpoint_state import EndpointState, state_of
from runners.backends.throttle import Throttle
from tests.fakes.openai_server import HANG, OpenAIServer, http_error
from tests.fakes.virtual_time import seconds_of
from tests.runners.backends.test_openai import replies


def a_round(throttle: Throttle) -> None:
    for _ in range(throttle.now):
        throttle.note_answer(sent_in=throttle.lowered)


def refused(throttle: Throttle, at_s: float) -> None:
    throttle.note_refusal(at_s, sent_in=throttle.lowered, reason="HTTP 429")


def test_a_round_of_refusals_counts_once_and_answers_raise_the_limit_again() -> None:
    throttle = Throttle(64)
    for _ in range(64):
        throttle.note_refusal(1.0, sent_in=0, reason="HTTP 429")
    assert (throttle.now, throttle.reason) == (51, "HTTP 429")
    for _ in range(13):
        throttle.note_answer(sent_in=0)  # of before: they tell nothing of this limit
    assert throttle.now == 51
    a_round(throttle)
    assert throttle.now == 53
    for _ in range(4):
        refused(throttle, 1.1)  # three may be chance, after so many answers
    assert throttle.now == 42
    for _ in range(10):
        a_round(throttle)
    assert (throttle.now, throttle.reason) == (64, "")


def test_refusals_without_an_answer_count_again_after_a_quarter_of_a_second() -> None:
    throttle = Throttle(100)
    for tenth in range(10):
        refused(throttle, tenth / 10)
    assert throttle.now == 10  # 80, 40, 20, 10 at 0, .3, .6 and .9 s


def test_after_an_outage_it_is_soon_where_it_was() -> None:
    throttle = Throttle(64)
    for second in range(60):
        refused(throttle, second)
    assert throttle.now == 1
    for _ in range(7):
        a_round(throttle)
    assert throttle.now >= 51


def test_one_refusal_in_ten_answers_may_be_chance_and_more_are_not() -> None:
    throttle = Throttle(64)
    refused(throttle, 0.0)
    assert throttle.now == 51, "before any answer nothing is known"
    for tenth in range(1, 100):
        for _ in range(11):
            throttle.note_answer(sent_in=throttle.lowered)
        refused(throttle, tenth / 10)
    assert throttle.now == 64
    throttle.note_refusal(9.95, sent_in=throttle.lowered, reason="HTTP 429", certain=True)
    assert throttle.now == 51, "it says when to come again: that is none by chance"
    for tenth in range(100, 200):
        for _ in range(3):
            throttle.note_answer(sent_in=throttle.lowered)
        refused(throttle, tenth / 10)
    assert throttle.now <= 8


def test_time_outs_count_by_their_share() -> None:
    throttle = Throttle(64)
    for _ in range(64):
        throttle.note_timeout("no answer within 60 s")
    assert (throttle.now, throttle.reason) == (44, "no answer within 60 s")
    throttle = Throttle(64)
    for _ in range(200):
        throttle.note_timeout("no answer within 60 s")
        for _ in range(9):
            throttle.note_answer(sent_in=0)
    assert throttle.now == 64, "a tenth of long answers is no congestion"


def test_it_never_comes_to_nothing_and_never_to_more_than_is_allowed() -> None:
    throttle = Throttle(2)
    for second in range(50):
        refused(throttle, second)
        throttle.note_timeout("no answer within 60 s")
        assert throttle.now == 1
    for _ in range(50):
        a_round(throttle)
    assert throttle.now == 2


def test_who_waits_with_another_attempt_gives_way_and_goes_on_before_what_has_not_begun() -> None:
    order = list[str]()

    async def ask() -> None:
        state = EndpointState("http://here", 1)

        async def refused_once() -> None:
            async with state:
                order.append("first")
                await state.pause(0.5)
                order.append("first again")

        async def answered(name: str) -> None:
            async with state:
                order.append(name)
                await asyncio.sleep(1)

        async with asyncio.TaskGroup() as group:
            group.create_task(refused_once())
            for name in ("second", "third"):
                group.create_task(answered(name))

    assert seconds_of(ask()) == pytest.approx(2)
    assert order == ["first", "second", "first again", "third"]


@pytest.mark.parametrize("after_s", [0.25, 0.75])
def test_who_is_cancelled_between_two_attempts_takes_nobody_s_turn(after_s: float) -> None:
    """While it pauses, and while it waits for its turn after that."""

    async def ask() -> None:
        state = EndpointState("http://here", 1)

        async def pausing() -> None:
            async with state:
                await state.pause(0.5)

        async def answered() -> None:
            async with state:
                await asyncio.sleep(1)

        first = asyncio.create_task(pausing())
        second = asyncio.create_task(answered())
        await asyncio.sleep(after_s)
        first.cancel()
        await asyncio.wait([first, second])
        await asyncio.gather(answered(), answered())

    assert seconds_of(ask()) == pytest.approx(3)


def test_a_busy_server_is_asked_less_at_a_time_and_answers_all(server: OpenAIServer) -> None:
    server.latency_s = 0.01
    server.misbehave = lambda prompt, attempt: (
        http_error(429, headers={"Retry-After": "0"}) if server._at_once > 5 else None
    )
    backend = server.backend(concurrency=16, retries=20)
    told = replies(backend, *[f"Prompt {i}" for i in range(100)])
    assert [reply.error for reply in told] == [""] * 100
    assert state_of(server.url, 16, "").throttle.now < 16


def test_a_limit_that_falls_is_logged_with_its_reason_and_so_is_one_that_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="runners.backends.endpoint_state")

    async def ask() -> None:
        state = EndpointState("http://here", 64)
        for _ in range(64):
            state.note_refusal(sent_in=0, reason="HTTP 503", certain=False)
        for _ in range(1000):
            state.note_answer(sent_in=1)

    seconds_of(ask())
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "http://here: requests at a time: 51 of 64, after HTTP 503"),
        ("INFO", "http://here: requests at a time: 64 of 64"),
    ]


def test_a_server_that_refuses_is_in_the_log_by_its_address(
    server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.misbehave = lambda prompt, attempt: http_error(503) if attempt == 0 else None
    replies(server.backend(concurrency=8, retries=5), *[f"Prompt {i}" for i in range(8)])
    assert f"{server.url}: requests at a time: 6 of 8, after HTTP 503" in caplog.text


def test_answers_that_do_not_come_in_time_lower_the_limit(
    server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.misbehave = lambda prompt, attempt: HANG if attempt == 0 else None
    backend = server.backend(concurrency=8, retries=2, timeout_s=0.3)
    told = replies(backend, *[f"Prompt {i}" for i in range(8)])
    assert [reply.error for reply in told] == [""] * 8
    assert "requests at a time: 6 of 8, after no answer within 0.3 s" in caplog.text
