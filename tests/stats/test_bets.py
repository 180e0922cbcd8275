"""Limits of an average that hold at every look, whatever comes next."""

import math

import numpy as np
import pytest

from evalhub.stats.bets import average_limits, average_p_value
from evalhub.stats.errors import StatisticsError


def test_one_bet_by_hand() -> None:
    """With plan 1 every bet is at least half: for two heads of a supposed .5 each of the twelve
    bets k, from .5 to .95 in equal ratios, has (1 + k)² of its stake."""
    bets = [0.5 * (0.95 / 0.5) ** (i / 11) for i in range(12)]
    wealth = sum((1 + k) ** 2 for k in bets) / 12
    found = average_p_value([1, 1], supposed=0.5, plan=1)
    assert found == pytest.approx(1 / wealth)


def test_the_p_value_and_the_limit_are_two_faces_of_one_test() -> None:
    values = [1, 1, 0.5, 1, 0, 1, 1, 1, 0.5, 1] * 6
    limits = average_limits(values, plan=100)
    assert limits.mean == pytest.approx(0.8)
    at = average_p_value(values, supposed=limits.lower, plan=100)
    assert at == pytest.approx(0.025, rel=1e-6)
    turned = average_p_value([1 - x for x in values], supposed=1 - limits.upper, plan=100)
    assert turned == pytest.approx(0.025, rel=1e-6)


def test_order_makes_no_difference() -> None:
    values = [0, 0, 1, 0.5, 1, 1, 1, 0, 0.5]
    assert average_limits(values, plan=20) == average_limits(sorted(values), plan=20)


def test_equal_weights_move_nothing_but_the_boldness() -> None:
    values = [1, 0, 1, 1, 0.5] * 20
    plain = average_limits(values, plan=100)
    weighted = average_limits(values, plan=100, weights=[2.0] * 100)
    assert weighted.mean == pytest.approx(plain.mean)
    assert weighted.lower == pytest.approx(plain.lower, abs=1e-9)


def test_a_weight_of_two_counts_twice_in_the_mean() -> None:
    assert average_limits([1, 0], plan=10, weights=[2, 1]).mean == pytest.approx(2 / 3)


@pytest.mark.heavy
def test_the_truth_is_left_out_at_some_look_no_more_often_than_promised() -> None:
    """400 sequences of 200 fair coins looked at 20 times each: 5% may fail, so more than 30
    failures would have a chance of 1 in 50."""
    rng = np.random.default_rng(5)
    missed = 0
    for _ in range(400):
        coins = rng.integers(0, 2, 200)
        missed += any(
            not limits.lower <= 0.5 <= limits.upper
            for n in range(10, 201, 10)
            if (limits := average_limits(coins[:n], plan=200))
        )
    assert missed <= 30


def test_means_that_move_are_covered_on_average() -> None:
    """Chances of .9 first and .1 later, which a bet on one constant mean would take for news."""
    rng = np.random.default_rng(6)
    chances = np.array([0.9] * 50 + [0.1] * 50)
    missed = sum(
        not limits.lower <= chances.mean() <= limits.upper
        for _ in range(300)
        if (limits := average_limits(rng.random(100) < chances, plan=100))
    )
    assert missed <= 15


def test_unanimity_is_not_certainty() -> None:
    limits = average_limits([1] * 20, plan=100)
    assert limits.upper == 1
    assert 0.5 < limits.lower < 0.95


@pytest.mark.parametrize(
    ("values", "weights"),
    [([1.2], None), ([math.nan], None), ([1], [0]), ([1], [2.1]), ([1, 0], [1])],
)
def test_what_is_out_of_range_is_refused(values: list[float], weights: list[float] | None) -> None:
    with pytest.raises(StatisticsError):
        average_limits(values, plan=10, weights=weights)
    with pytest.raises(StatisticsError):
        average_p_value([1], supposed=1, plan=10)
