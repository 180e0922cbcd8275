"""Intervals of a bounded mean."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import clopper_pearson, score_interval, score_p_less

Z = 1.959963984540054


def tango_statistic(losses: int, wins: int, n: int, difference: float) -> float:
    """Tango 1998, eq. 5: the constrained share of losses solves a quadratic."""
    a = 2 * n
    b = -losses - wins + (2 * n - wins + losses) * difference
    c = -losses * difference * (1 - difference)
    q = (math.sqrt(b * b - 4 * a * c) - b) / (2 * a)
    variance = n * (2 * q + difference * (1 - difference))
    return (wins - losses - n * difference) / math.sqrt(variance)


@pytest.mark.parametrize(
    ("losses", "wins", "n"), [(7, 1, 21), (1, 9, 50), (0, 3, 40), (14, 11, 200), (40, 10, 1000)]
)
def test_tangos_own_equation_holds_at_both_limits(losses, wins, n):
    counts = np.array([losses, n - losses - wins, wins], dtype=float)
    lower, upper = score_interval(np.array([-1.0, 0.0, 1.0]), counts, reach=1.0)
    assert tango_statistic(losses, wins, n, lower) == pytest.approx(Z, abs=1e-6)
    assert tango_statistic(losses, wins, n, upper) == pytest.approx(-Z, abs=1e-6)


def test_a_proportion_gets_wilsons_interval():
    """Without a middle value the constrained variance is p(1 - p): Wilson's score interval.
    Here 8 of 10 on the scale -1, 1; Wilson's closed form gives the limits."""
    n, p = 10, 0.8
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    lower, upper = score_interval(np.array([-1.0, 1.0]), np.array([2.0, 8.0]), reach=1.0)
    assert (1 + lower) / 2 == pytest.approx(centre - half, abs=1e-9)
    assert (1 + upper) / 2 == pytest.approx(centre + half, abs=1e-9)


def test_values_on_another_scale_give_the_same_interval_stretched():
    values, counts = np.array([-0.5, 0.0, 0.25]), np.array([3.0, 10.0, 4.0])
    lower, upper = score_interval(values, counts, reach=1.0)
    wide = score_interval(values * 4, counts, reach=4.0)
    assert wide == pytest.approx((4 * lower, 4 * upper))


@given(st.floats(-0.9, 0.9), st.integers(1, 200), st.integers(1, 5))
def test_equal_values_are_not_taken_for_certain(value, count, times):
    values, counts = np.full(times, value), np.full(times, float(count))
    lower, upper = score_interval(values, counts, reach=1.0)
    # Of n = count * times items one in n + z^2 may be at either end of the scale
    unseen = Z * Z / (count * times + Z * Z)
    assert upper == pytest.approx(value + unseen * (1 - value), abs=1e-6)
    assert lower == pytest.approx(value - unseen * (1 + value), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1, 1), st.integers(1, 30)), min_size=1, max_size=12),
    st.floats(0.001, 0.2),
)
def test_the_p_value_is_alpha_at_the_upper_limit(rows, alpha):
    values, counts = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    lower, upper = score_interval(values, counts, reach=1.0, alpha=alpha)
    mean = float(values @ counts / counts.sum())
    assert lower <= mean + 1e-9
    assert upper >= mean - 1e-9
    if upper < 0.999:
        p = score_p_less(values, counts, reach=1.0, bound=upper)
        assert p == pytest.approx(alpha, abs=1e-4)


def test_a_bound_beyond_the_scale_is_certain():
    values, counts = np.array([0.0, 1.0]), np.array([5.0, 5.0])
    assert score_p_less(values, counts, reach=1.0, bound=1.5) == 0
    assert score_p_less(values, counts, reach=1.0, bound=-1.5) == 1


def test_exact_limits_of_a_proportion():
    """No event in 100: 1 - .025^(1/100) = .03622; 5 of 10: [.18709, .81291] (tables)."""
    assert clopper_pearson(0, 100) == pytest.approx((0, 1 - 0.025**0.01))
    assert clopper_pearson(5, 10) == pytest.approx((0.18709, 0.81291), abs=5e-6)
    with pytest.raises(StatisticsError, match="11 of 10"):
        clopper_pearson(11, 10)
