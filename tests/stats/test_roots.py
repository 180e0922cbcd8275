"""Zeros of functions against what is known of them, and against SciPy's Brent."""

import math
from collections.abc import Callable

import pytest
from scipy.optimize import brentq

from evalhub.stats.roots import crossing

FUNCTIONS: list[tuple[Callable[[float], float], float, float]] = [
    (lambda x: x**3 - 2 * x - 5, 2.0, 3.0),  # Wallis's, 2.0945514815423265
    (lambda x: math.cos(x) - x, 0.0, 1.0),
    (lambda x: (x - 0.3) ** 9, 0.0, 1.0),
    (lambda x: math.exp(-50 * x) - 1e-9, 0.0, 1.0),
    (lambda x: 1 / (1 - x + 1e-16) - 1e9, 0.0, 1.0 - 1e-15),
    (lambda x: -1.0 if x < 1 / 3 else 1.0, 0.0, 1.0),
]


@pytest.mark.parametrize("number", range(len(FUNCTIONS)))
def test_it_is_where_brent_finds_it_from_either_side(number: int) -> None:
    function, low, high = FUNCTIONS[number]
    known = brentq(function, low, high, xtol=1e-15, maxiter=1000)
    near = 1e-3 if number == 2 else 1e-14  # flat there: (1e-3)**9 is nothing beside rounding
    assert crossing(function, low, high) == pytest.approx(known, abs=near)
    assert crossing(function, high, low) == pytest.approx(known, abs=near)


def test_wallis_s_cubic() -> None:
    assert crossing(FUNCTIONS[0][0], 2.0, 3.0) == pytest.approx(2.0945514815423265, abs=1e-15)


def test_an_end_may_be_the_zero() -> None:
    assert crossing(lambda x: x, 0.0, 1.0) == 0.0
    assert crossing(lambda x: x - 1, 0.0, 1.0) == 1.0


def test_it_takes_few_calls() -> None:
    calls = []

    def counted(x: float) -> float:
        calls.append(x)
        return math.cos(x) - x

    crossing(counted, 0.0, 1.0)
    assert len(calls) <= 12
