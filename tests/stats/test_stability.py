"""The stability index: its value, its limits, and its test where users come again."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2, ncx2

from evalhub.stats.errors import StatisticsError
from evalhub.stats.stability import stability, stability_index

Counts = NDArray[np.int64]
Rng = np.random.Generator
SHARES = np.array([0.25, 0.2, 0.15, 0.1, 0.1, 0.08, 0.05, 0.04, 0.02, 0.01])


def users_of(
    rng: Rng,
    users: int,
    requests: int,
    *,
    shares: NDArray[np.float64] = SHARES,
    unequal: bool = False,
) -> Counts:
    """Counts (users, categories): a user's own shares vary as a Dirichlet's of concentration 1."""
    own = rng.dirichlet(shares, users)
    sizes = np.full(users, requests)
    if unequal:
        sizes = np.maximum(rng.lognormal(math.log(requests), 1.2, users).astype(int), 1)
    return rng.multinomial(sizes, own)


def single(counts: tuple[int, ...]) -> Counts:
    """Every request from a user of its own."""
    return np.repeat(np.eye(len(counts), dtype=int), counts, axis=0)


def test_the_index_is_the_published_one():
    """.05·ln 1.5 + .05·ln 1.25 + .05·ln(5/6) + ... of the shares, by hand .0472231."""
    assert stability_index([0.1, 0.2, 0.3, 0.4], [0.15, 0.25, 0.25, 0.35]) == pytest.approx(
        0.0472231, abs=5e-8
    )


def test_with_a_user_a_request_the_limits_are_those_of_the_noncentral_chi_square():
    reference, recent = single((1000, 2000, 3000, 4000)), single((1500, 2500, 2500, 3500))
    result = stability(reference, recent, alpha=0.025)
    scale = 10_000 * 10_000 / 20_000
    assert result.psi == pytest.approx(0.0472231, abs=5e-8)
    assert result.design_effect == pytest.approx(1, abs=1e-3)
    statistic = result.psi * scale
    assert ncx2.sf(statistic, 3, result.lower * scale) == pytest.approx(0.025, rel=0.02)
    assert ncx2.cdf(statistic, 3, result.upper * scale) == pytest.approx(0.025, rel=0.02)
    assert result.lower < result.psi < result.upper


def test_the_lower_limit_is_above_0_just_when_the_test_tells_them_apart():
    rng = np.random.default_rng(1)
    for _ in range(60):
        alpha = float(rng.uniform(0.01, 0.4))
        result = stability(users_of(rng, 150, 3), users_of(rng, 150, 3), alpha=alpha)
        assert (result.lower > 0) == (result.p_value < alpha)


def test_users_who_ask_the_same_again_add_nothing():
    rng = np.random.default_rng(2)
    reference, recent = users_of(rng, 300, 1), users_of(rng, 300, 1)
    once, often = stability(reference, recent), stability(20 * reference, 20 * recent)
    assert often.design_effect == pytest.approx(20, rel=0.05)
    assert often.p_value == pytest.approx(once.p_value, rel=0.05)
    assert often.lower == pytest.approx(once.lower, rel=0.05, abs=1e-3)


def test_an_empty_cell_counts_as_half_a_request_and_is_named():
    result = stability(single((500, 500, 0)), single((480, 460, 60)))
    assert result.empty == (2,)
    assert result.psi == pytest.approx(stability_index([500, 500, 0.5], [480, 460, 60]))


def test_rare_categories_are_compared_together():
    result = stability(single((500, 480, 8, 12, 0)), single((500, 470, 11, 7, 12)))
    assert result.rest == (2, 3, 4)
    assert result.psi == pytest.approx(stability_index([500, 480, 20], [500, 470, 30]))
    assert result.shares.shape == (5, 2)


@pytest.mark.parametrize(
    ("reference", "recent", "message"),
    [
        ([[1, 0]], [[1, 0], [0, 1]], "2 users"),
        ([[1, 0], [0, -1]], [[1, 0], [0, 1]], "0 or more"),
        ([[1, 0], [0, 1]], [[1, 0, 0], [0, 1, 0]], "same categories"),
        ([[1, 0]] * 30, [[1, 0]] * 30, "two or more categories"),
        ([1, 0], [0, 1], "a row a user"),
    ],
)
def test_what_cannot_be_compared_says_so(reference, recent, message):
    with pytest.raises(StatisticsError, match=message):
        stability(reference, recent)


def test_an_index_of_shares_that_are_0_is_refused():
    with pytest.raises(StatisticsError, match="above 0"):
        stability_index([0.5, 0.5, 0], [0.5, 0.25, 0.25])


def rates(rng: Rng, requests: int, draws: int, *, unequal: bool = False) -> tuple[float, float]:
    """Shares of draws without a change in which a test of level .01 raises an alarm: by users, and
    the χ² of requests."""
    by_users = by_requests = 0
    for _ in range(draws):
        samples = [users_of(rng, 300, requests, unequal=unequal) for _ in range(2)]
        result = stability(*samples)
        n, m = result.requests
        categories = len(SHARES) - len(result.rest) + bool(result.rest)
        by_users += result.p_value < 0.01
        by_requests += chi2.sf(result.psi * n * m / (n + m), categories - 1) < 0.01
    return by_users / draws, by_requests / draws


def test_requests_as_units_raise_false_alarms_and_users_don_t():
    by_users, by_requests = rates(np.random.default_rng(3), 5, 150)
    assert by_users < 0.05
    assert by_requests > 0.4


@pytest.mark.heavy
@pytest.mark.parametrize(("requests", "unequal"), [(1, False), (5, False), (20, False), (5, True)])
def test_without_a_change_the_level_is_kept_however_often_users_come(requests, unequal):
    draws = 3000
    by_users, by_requests = rates(np.random.default_rng(4), requests, draws, unequal=unequal)
    error = math.sqrt(0.01 * 0.99 / draws)
    assert by_users == pytest.approx(0.01, abs=3.5 * error)
    assert by_requests == pytest.approx(0.01, abs=4 * error) if requests == 1 else by_requests > 0.4


@pytest.mark.heavy
@pytest.mark.parametrize("requests", [1, 5, 20])
def test_each_limit_misses_a_true_change_about_as_often_as_its_level(requests):
    rng, draws = np.random.default_rng(5), 2000
    moved = SHARES * np.exp(np.linspace(-0.5, 0.5, len(SHARES)))
    moved /= moved.sum()
    truth = stability_index(SHARES, moved)
    too_high = too_low = 0
    for _ in range(draws):
        result = stability(users_of(rng, 600, requests), users_of(rng, 600, requests, shares=moved))
        too_high += result.lower > truth
        too_low += result.upper < truth
    error = math.sqrt(0.025 * 0.975 / draws)
    assert too_high / draws < 0.025 + 4 * error
    assert too_low / draws < 0.025 + 4 * error
