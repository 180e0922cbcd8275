"""The adaptive limit beside the best one that stays the same, on servers of all kinds: at most 1.3
times its time. In virtual time, so that nothing depends on the machine."""

import pytest

from tests.benchmarks.latencies import KINDS, latencies
from tests.runners.backends.simulated import (
    Bounded,
    Collapsing,
    Flaky,
    Queueing,
    Server,
    asked,
    best_fixed,
)

WITHIN = 1.3
HOURS = {"timeout_s": 3600.0}


@pytest.mark.parametrize("kind", KINDS)
def test_however_long_answers_take_the_limit_stays(kind: str) -> None:
    its = latencies(kind, 1000, 0.2)
    result = asked(Server, its)
    assert {*result.limits[0]} == {64}
    assert result.seconds <= WITHIN * best_fixed(Server, its)


def test_answers_that_take_two_and_a_half_times_as_long_from_then_on_change_nothing() -> None:
    result = asked(Server, [0.1] * 500 + [0.25] * 1500)
    assert {*result.limits[0]} == {64}
    assert result.seconds == pytest.approx((500 * 0.1 + 1500 * 0.25) / 64, rel=0.1)


def test_a_slow_arm_leaves_its_fast_neighbour_half_of_the_turns() -> None:
    """Both at one address: 64 at a time, of which each arm has every second turn."""
    result = asked(Server, [0.2] * 2000, [0.6] * 2000)
    assert {limit for arm in result.limits for limit in arm} == {64}
    assert result.seconds == pytest.approx((2000 * 0.2 + 2000 * 0.6) / 64, rel=0.05)  # 160 a second
    assert result.seconds <= WITHIN * best_fixed(Server, [0.2] * 2000, [0.6] * 2000)


@pytest.mark.parametrize("kind", ["constant", "lognormal", "sorted"])
@pytest.mark.parametrize(("takes", "mean_s"), [(4, 1.0), (16, 0.1), (16, 10.0), (48, 1.0)])
def test_a_server_that_refuses_what_is_more(kind: str, mean_s: float, takes: int) -> None:
    its = latencies(kind, 1000, mean_s)
    result = asked(Bounded, its, takes=takes, **HOURS)
    assert result.seconds <= WITHIN * best_fixed(Bounded, its, takes=takes, **HOURS)


def test_a_server_that_says_when_to_come_again_is_left_alone_until_then() -> None:
    its = latencies("lognormal", 1000, 1.0)
    result = asked(Bounded, its, retry_after="1", **HOURS)
    assert result.seconds <= WITHIN * best_fixed(Bounded, its, retry_after="1", **HOURS)


@pytest.mark.parametrize("mean_s", [0.1, 1.0, 10.0])
def test_a_server_that_collapses_under_too_much_and_says_so(mean_s: float) -> None:
    its = latencies("lognormal", 1000, mean_s)
    result = asked(Collapsing, its, **HOURS)
    assert result.seconds <= WITHIN * best_fixed(Collapsing, its, **HOURS)


@pytest.mark.parametrize("one_of", [100, 20])
def test_a_server_that_refuses_at_random_however_little_it_is_asked(one_of: int) -> None:
    its = latencies("lognormal", 1000, 1.0)
    result = asked(Flaky, its, one_of=one_of, **HOURS)
    assert result.seconds <= WITHIN * best_fixed(Flaky, its, one_of=one_of, **HOURS)


def test_a_server_in_which_requests_wait() -> None:
    its = latencies("lognormal", 1000, 0.2)
    assert asked(Queueing, its).seconds <= WITHIN * best_fixed(Queueing, its)


def test_a_server_in_which_requests_wait_until_some_time_out() -> None:
    """It works on 16; of 64 those that wait longest aren't answered in time."""
    its = latencies("constant", 1000, 1.0)
    result = asked(Queueing, its, timeout_s=3.0)
    assert min(result.limits[0]) < 64
    assert result.seconds <= WITHIN * best_fixed(Queueing, its, timeout_s=3.0)


@pytest.mark.parametrize("mean_s", [0.2, 2.0])
def test_a_server_that_restarts_meanwhile(mean_s: float) -> None:
    its, down = latencies("lognormal", 1000, mean_s), (2.0, 5.0)
    result = asked(Server, its, down=down)
    assert min(result.limits[0]) < 48 < result.limits[0][-1]
    assert result.seconds <= WITHIN * best_fixed(Server, its, down=down)
