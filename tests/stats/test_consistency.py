"""pass@k and pass^k: published values, no bias, and limits that hold."""

from math import comb

import numpy as np
import pytest
from scipy.stats import binomtest

from evalhub.stats.consistency import pass_at_k, pass_hat_k, share_of
from evalhub.stats.errors import StatisticsError


@pytest.mark.parametrize(("k", "value"), [(1, 0.3), (5, 0.9166666667), (10, 1.0)])
def test_pass_at_k_is_that_of_its_paper(k: int, value: float) -> None:
    # Chen et al. 2021: of 10 answers 3 are right; 1 − C(7, 5)/C(10, 5) = 1 − 21/252.
    assert pass_at_k([3], 10, k)[0] == pytest.approx(value)


def test_pass_hat_k_is_no_power_of_the_share() -> None:
    # C(8, 3)/C(10, 3) = 56/120, where 0.8³ is .512.
    assert pass_hat_k([8], 10, 3)[0] == pytest.approx(56 / 120)
    assert pass_hat_k([2], 10, 3)[0] == 0


def test_many_answers_are_counted_as_binomials_have_it() -> None:
    for right in (0, 1, 150, 199, 200):
        exact = comb(right, 40) / comb(200, 40)
        assert pass_hat_k([right], 200, 40)[0] == pytest.approx(exact)


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_both_are_without_bias(k: int) -> None:
    """The mean over all that five answers may be, each by its chance, is the chance itself."""
    p, n = 0.7, 5
    chances = [comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)]
    assert np.dot(chances, pass_hat_k(np.arange(n + 1), n, k)) == pytest.approx(p**k)
    assert np.dot(chances, pass_at_k(np.arange(n + 1), n, k)) == pytest.approx(1 - (1 - p) ** k)


@pytest.mark.parametrize(
    ("right", "answers", "k"), [([1], 3, 4), ([1], 3, 0), ([4], 3, 1), ([0.5], 3, 1)]
)
def test_what_cant_be_told_is_refused(right: list[float], answers: int, k: int) -> None:
    with pytest.raises(StatisticsError):
        pass_hat_k(right, answers, k)


def test_limits_of_a_share_of_yes_and_no_are_wilsons() -> None:
    values = np.array([1.0] * 15 + [0.0] * 35)
    found = share_of(values)
    wilson = binomtest(15, 50).proportion_ci(method="wilson")
    assert (found.lower, found.upper) == pytest.approx((wilson.low, wilson.high), abs=1e-6)


@pytest.mark.parametrize(("items", "spread"), [(30, 1.0), (30, 0.2), (150, 0.5)])
def test_limits_of_pass_hat_k_hold(items: int, spread: float) -> None:
    """Items differ in how likely they are answered rightly (a beta distribution)."""
    random = np.random.default_rng(14)
    a, b, answers, k = 2 * spread, spread, 5, 3
    truth = a * (a + 1) * (a + 2) / ((a + b) * (a + b + 1) * (a + b + 2))
    held = 0
    for _ in range(400):
        right = random.binomial(answers, random.beta(a, b, items))
        found = share_of(pass_hat_k(right, answers, k))
        held += found.lower <= truth <= found.upper
    assert held / 400 >= 0.93
